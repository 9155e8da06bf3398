/**
 * The documents that requests without a principal have run, by the hash of their text. They are valid, so they can be let
 * through where an address has sent too many that are not.
 *
 * Those of principals are not among them: a document that is valid for one caller names fields that are hidden from another.
 */
import type { IncomingRequest, ResolvedOperation } from '@graphql-bulwark/core';
import { sha256 } from '@graphql-bulwark/core/internal';
import type { DocumentNode } from 'graphql';

export interface ValidDocuments {
  readonly remember: (operation: Pick<ResolvedOperation, 'document' | 'source' | 'security'>) => void;
  /** Whether the text of a request is one of them; of a persisted query by the hash that is sent in its place. */
  readonly include: (request: Pick<IncomingRequest, 'source' | 'extensions'>) => boolean;
}

/** @param max how many are kept; above it the one that has not been sent for longest is forgotten. */
export function createValidDocuments(max: number): ValidDocuments {
  const hashes = new WeakMap<DocumentNode, string>();
  const known = new Set<string>();

  return {
    remember({ document, source, security }) {
      if (security.principal || source === undefined) return;
      const hash = hashes.get(document) ?? sha256(source);
      hashes.set(document, hash);
      known.delete(hash);
      known.add(hash);
      const [oldest] = known.size > max ? known : [];
      if (oldest !== undefined) known.delete(oldest);
    },
    include({ source, extensions }) {
      if (source !== undefined) return known.has(sha256(source));
      const { sha256Hash } = (extensions?.['persistedQuery'] ?? {}) as { readonly sha256Hash?: unknown };
      return typeof sha256Hash === 'string' && known.has(Buffer.from(sha256Hash, 'hex').toString('base64url'));
    },
  };
}
