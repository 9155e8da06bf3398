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

/** @param max how many are kept; above it the one that has not been sent for longest is forgotten. */
export function createValidDocuments(max: number): ValidDocuments {
  const hashes = new WeakMap<DocumentNode, string>();
  const known = new Set<string>();

  return {
    remember({ document, source, security }) {
      if (source === undefined) return;
      const hash = hashes.get(document) ?? sha256(source);
      hashes.set(document, hash);
      const key = writeKey(hash, security);
      known.delete(key);
      known.add(key);
      const [oldest] = known.size > max ? known : [];
      if (oldest !== undefined) known.delete(oldest);
    },
    include({ source, extensions, security }) {
      if (source !== undefined) return known.has(writeKey(sha256(source), security));
      const { sha256Hash } = (extensions?.['persistedQuery'] ?? {}) as { readonly sha256Hash?: unknown };
      if (typeof sha256Hash !== 'string') return false;
      return known.has(writeKey(Buffer.from(sha256Hash, 'hex').toString('base64url'), security));
    },
  };
}

function writeKey(hash: string, { principal }: SecurityContext): string {
  if (!principal) return hash;
  return `${hash} ${principal.id.length > hash.length ? sha256(principal.id) : principal.id}`;
}
