/**
 * Stops: memory filled by many small documents that differ in a comment or an alias.
 * Room: between measure and validation, where Apollo Server remembers parsed and validated documents by their text.
 * Answers: nothing; a forgotten document is parsed and validated again.
 *
 * Apollo Server's own store counts a document by its length as JSON. A text of ten characters is then a few hundred bytes, while
 * the process keeps several kilobytes for it: the tokens it was read from, and what controls remember of it.
 */
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** What a process keeps of a document, in bytes, as measured: in any case, and for each character of its text. */
const bytesPerDocument = 6_000;
const bytesPerCharacter = 120;

/** What one generation may keep, in bytes. There are two. */
const maxBytes = 48_000_000;

/**
 * Makes a store that keeps the documents that were used last, and about 100 MB at most.
 *
 * Two generations, so that nothing has to be put in order: when the young one is full it becomes the old one, and what was not
 * used since then is forgotten with the one before.
 */
export function createDocumentStore(): DocumentStore {
  let young = new Map<string, DocumentNode>();
  let old = new Map<string, DocumentNode>();
  let bytes = 0;

  function keep(key: string, document: DocumentNode): void {
    const size = bytesPerDocument + bytesPerCharacter * (document.loc?.end ?? 0);
    if (bytes + size > maxBytes) {
      old = young;
      young = new Map();
      bytes = 0;
    }
    young.set(key, document);
    bytes += size;
  }

  return {
    async get(key) {
      const known = young.get(key);
      if (known) return known;
      const older = old.get(key);
      if (older) keep(key, older);
      return older;
    },
    async set(key, document) {
      keep(key, document);
    },
    async delete(key) {
      const wasYoung = young.delete(key);
      return old.delete(key) || wasYoung;
    },
  };
}
