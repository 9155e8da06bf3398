/**
 * Keeps the parsed form of trusted documents apart from all others: untrusted ones cannot push them out of the cache, so that each
 * is parsed and validated once.
 *
 * Apollo Server's cache can hold the refusal of a text that became trusted later, or a text that has not been measured since it
 * is no longer trusted. So trusted documents are never looked for in that cache, nor others in this one.
 */
import { createDocumentStore, type DocumentStore } from '@graphql-bulwark/core/internal';
import type { Catalogue } from './catalogue.ts';

export type { DocumentStore };

/**
 * Makes a store that keeps trusted documents apart.
 *
 * @param readCatalogue returns what is trusted now.
 * @param others keeps all other documents. `null`: they are not kept.
 */
export function pinDocuments(readCatalogue: () => Catalogue, others: DocumentStore | null): DocumentStore {
  const pinned = createDocumentStore();

  /** Apollo Server's keys end in the SHA-256 of the text, after the digest of the schema. */
  function chooseStore(key: string): DocumentStore | null {
    return readCatalogue().hasDigest(key.slice(key.lastIndexOf(':') + 1)) ? pinned : others;
  }

  return {
    get: async (key) => chooseStore(key)?.get(key),
    set: async (key, document, options) => chooseStore(key)?.set(key, document, options),
    delete: async (key) => chooseStore(key)?.delete(key),
  };
}
