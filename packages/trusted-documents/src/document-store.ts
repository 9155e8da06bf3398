/**
 * Keeps the parsed form of trusted documents as long as they are trusted: untrusted ones cannot push them out of the cache, so
 * that each is parsed and validated once.
 *
 * Apollo Server's cache can hold the refusal of a text that became trusted later, or a text that has not been measured since it
 * is no longer trusted. So trusted documents are never looked for in that cache, and are forgotten with the trust.
 */
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import type { Catalogue } from './catalogue.ts';

/** The cache of parsed documents, as the option `documentStore` of Apollo Server takes it. */
export type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** Schemas that are served at a time; each has its own keys. */
const maxSchemas = 4;

/**
 * Makes a store that pins trusted documents.
 *
 * @param readCatalogue returns what is trusted now.
 * @param others keeps all other documents. `null`: they are not kept. Left out: the last ones.
 */
export function createDocumentStore(
  readCatalogue: () => Catalogue,
  others: DocumentStore | null = createRecentDocuments(),
): DocumentStore {
  let catalogue = readCatalogue();
  const pinned = new Map<string, DocumentNode>();

  /** Apollo Server's keys end in the SHA-256 of the text, after the digest of the schema. */
  function isTrusted(key: string): boolean {
    const now = readCatalogue();
    if (now !== catalogue) {
      catalogue = now;
      for (const kept of pinned.keys()) if (!now.hasDigest(readDigest(kept))) pinned.delete(kept);
    }
    return now.hasDigest(readDigest(key));
  }

  return {
    get: async (key) => (isTrusted(key) ? pinned.get(key) : others?.get(key)),
    async set(key, document, options) {
      if (!isTrusted(key)) return others?.set(key, document, options);
      pinned.set(key, document);
      const [oldest] = pinned.keys();
      if (pinned.size > maxSchemas * catalogue.documents.length && oldest !== undefined) pinned.delete(oldest);
    },
    async delete(key) {
      pinned.delete(key);
      return others?.delete(key);
    },
  };
}

function readDigest(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1);
}

/** Characters of the texts whose documents are kept: as syntax trees about as much as Apollo Server keeps by default. */
const maxCharacters = 600_000;
/** The length of a text that was parsed without locations. */
const assumedLength = 600;

/** Keeps the documents that were used last. */
function createRecentDocuments(): DocumentStore {
  const kept = new Map<string, DocumentNode>();
  let characters = 0;
  const lengthOf = ({ loc }: DocumentNode): number => loc?.end ?? assumedLength;

  function drop(key: string): DocumentNode | undefined {
    const document = kept.get(key);
    if (document && kept.delete(key)) characters -= lengthOf(document);
    return document;
  }

  function keep(key: string, document: DocumentNode): void {
    drop(key);
    kept.set(key, document);
    characters += lengthOf(document);
    for (const oldest of kept.keys()) {
      if (characters <= maxCharacters) return;
      drop(oldest);
    }
  }

  return {
    async get(key) {
      const document = drop(key);
      if (document) keep(key, document);
      return document;
    },
    async set(key, document) {
      keep(key, document);
    },
    async delete(key) {
      return drop(key) !== undefined;
    },
  };
}
