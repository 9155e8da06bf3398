/**
 * The documents that a caller has run: they are valid for it, so they can be let through where it has sent too many that are not.
 *
 * All that have no principal are one caller here. Principals are told apart: a document that is valid for one can name fields that
 * are hidden from another.
 */
import type { IncomingRequest, ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import { sha256 } from '@graphql-bulwark/core/internal';
import type { DocumentNode } from 'graphql';

export interface ValidDocuments {
  readonly remember: (operation: Pick<ResolvedOperation, 'document' | 'source' | 'security'>) => void;
  /** Whether the text of a request is one of them; of a persisted query by the hash that is sent in its place. */
  readonly include: (request: Pick<IncomingRequest, 'source' | 'extensions' | 'security'>) => boolean;
}

/** id of a principal, empty for all that have none -> hashes. Nested, because a key of both would be put together per request. */
type Generation = Map<string, Set<string>>;

/**
 * Two generations, so that nothing has to be put in order: when the young one is full it becomes the old one, and what has not been
 * run since then is forgotten with the one before.
 *
 * @param max how many are kept in each generation.
 */
export function createValidDocuments(max: number): ValidDocuments {
  const hashes = new WeakMap<DocumentNode, string>();
  let young: Generation = new Map();
  let old: Generation = new Map();
  let size = 0;

  return {
    remember({ document, source, security }) {
      if (source === undefined) return;
      const hash = hashes.get(document) ?? sha256(source);
      hashes.set(document, hash);
      const caller = nameCaller(security);
      if (young.get(caller)?.has(hash)) return;
      if (size >= max) {
        old = young;
        young = new Map();
        size = 0;
      }
      young.set(caller, (young.get(caller) ?? new Set()).add(hash));
      size += 1;
    },
    include({ source, extensions, security }) {
      const hash = source === undefined ? readPersistedHash(extensions) : sha256(source);
      const caller = nameCaller(security);
      return hash !== undefined && [young, old].some((generation) => generation.get(caller)?.has(hash));
    },
  };
}

function nameCaller({ principal }: SecurityContext): string {
  return principal?.id ?? '';
}

/** Of a persisted query: Apollo Server takes the SHA-256 of its text as hexadecimal digits. */
function readPersistedHash(extensions: IncomingRequest['extensions']): string | undefined {
  const { sha256Hash } = (extensions?.['persistedQuery'] ?? {}) as { readonly sha256Hash?: unknown };
  return typeof sha256Hash === 'string' ? Buffer.from(sha256Hash, 'hex').toString('base64url') : undefined;
}
