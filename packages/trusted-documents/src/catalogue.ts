/**
 * What is trusted: documents by their ids and by their texts. Ids and texts of clients are keys of a `Map`, of a bounded length.
 *
 * Two texts that differ in nothing but white space, commas and comments are one document, whose text is the one that a manifest
 * lists first: clients and generators print in their own ways.
 */
import { hash } from 'node:crypto';
import { countDocumentFacts } from '@graphql-bulwark/core/internal';
import {
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql';
import { type ManifestEntry, maxIdLength } from './manifest.ts';

/** A document that may run. */
export interface TrustedDocument {
  /** What is executed. */
  readonly text: string;
  /** {@link text} without what GraphQL ignores. The same for texts that mean the same. */
  readonly stripped: string;
  /** The SHA-256 of `text`, in hexadecimal. */
  readonly digest: string;
  /** Names its operations for messages, or the id where they have no names. */
  readonly label: string;
  readonly operations: number;
  readonly tokens: number;
  /** Where it stands, for messages. */
  readonly where: () => string;
}

/** All that is trusted at one time. It never changes; another takes its place. */
export interface Catalogue {
  readonly documents: readonly TrustedDocument[];
  /** Finds a document by an id of a manifest, or by the SHA-256 of its text, with `sha256:` or without. */
  readonly findById: (id: string) => TrustedDocument | undefined;
  /** Finds a document by its text, whatever the white space. */
  readonly findByText: (text: string) => TrustedDocument | undefined;
  /** Finds a document by the exact text that is executed. */
  readonly findExact: (text: string) => TrustedDocument | undefined;
  /** Whether a document has this SHA-256, in hexadecimal. */
  readonly hasDigest: (digest: string) => boolean;
  /** Tokens of the longest document. */
  readonly maxTokens: number;
}

/**
 * Builds a catalogue.
 *
 * @param before the catalogue that it replaces: what did not change is not parsed again.
 * @throws {TypeError} for a text that is no executable document, and for an id that stands for two documents.
 */
export function buildCatalogue(entries: readonly ManifestEntry[], before?: Catalogue): Catalogue {
  const byId = new Map<string, TrustedDocument>();
  const exact = new Map<string, TrustedDocument>();
  const byStripped = new Map<string, TrustedDocument>();

  function bind(id: string, document: TrustedDocument, where: () => string): void {
    const other = byId.get(id);
    if (other && other !== document) {
      throw new TypeError(
        `${where()}: the id '${id}' stands for another document in ${other.where()} as well. Give each document an id of its own.`,
      );
    }
    byId.set(id, document);
  }

  const derived: (() => void)[] = [];
  for (const { id, text, operation, where } of entries) {
    const known = before?.findExact(text);
    const parsed = known ? undefined : parseText(text, where);
    if (operation) requireOperation(parsed ?? parse(text), operation, where);
    const read = known ? { ...known, where } : describe(text, parsed as DocumentNode, id, where);
    const document = byStripped.get(read.stripped) ?? read;
    byStripped.set(read.stripped, document);
    exact.set(document.text, document);
    bind(id, document, where);
    derived.push(() => {
      // Clients that hash for themselves hash what they print.
      for (const form of new Set([text, document.stripped, print(parse(text))])) {
        const digest = hash('sha256', form);
        for (const alias of [digest, `sha256:${digest}`]) bind(alias, document, where);
      }
    });
  }
  // The ids of all manifests come first, so that a message blames the entry whose id is the digest of another text.
  for (const bindDigests of derived) bindDigests();

  const documents = [...exact.values()];
  const digests = new Set(documents.map(({ digest }) => digest));
  // White space can make a text longer, but a text that is much longer than every trusted one is none of them.
  const maxLength = 1_000 + 4 * Math.max(0, ...documents.map(({ text }) => text.length));

  return {
    documents,
    findById: (id) => (id.length > maxIdLength ? undefined : byId.get(id)),
    findExact: (text) => exact.get(text),
    findByText(text) {
      const found = exact.get(text);
      if (found || text.length > maxLength) return found;
      try {
        return byStripped.get(stripIgnoredCharacters(text));
      } catch {
        return undefined; // no GraphQL
      }
    },
    hasDigest: (digest) => digests.has(digest),
    maxTokens: Math.max(0, ...documents.map(({ tokens }) => tokens)),
  };
}

/** Counts the operations of all documents. */
export function countOperations({ documents }: Catalogue): number {
  return documents.reduce((sum, { operations }) => sum + operations, 0);
}

/** @throws {TypeError} for what does not parse, has no operation, or defines types. */
function parseText(text: string, where: () => string): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (cause) {
    const reason = cause instanceof GraphQLError ? cause.message : 'it is nested too deeply';
    throw new TypeError(`${where()}: the text is no GraphQL document: ${reason}. Generate the manifest again.`, {
      cause,
    });
  }
  const fragments = new Set<string>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.add(definition.name.value);
    else if (definition.kind !== Kind.OPERATION_DEFINITION) {
      throw new TypeError(
        `${where()}: a document may hold operations and fragments only. Remove the type definitions.`,
      );
    }
  }
  if (listOperations(document).length === 0) {
    throw new TypeError(`${where()}: the document holds no operation. Remove the entry.`);
  }
  visit(document, {
    FragmentSpread({ name }) {
      if (fragments.has(name.value)) return;
      throw new TypeError(`${where()}: the fragment '${name.value}' is not defined. Put it into the same document.`);
    },
  });
  return document;
}

function listOperations({ definitions }: DocumentNode): readonly OperationDefinitionNode[] {
  return definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

/** What was reviewed is the operation that the manifest names, and no other one. @throws {TypeError} */
function requireOperation(
  document: DocumentNode,
  { name, type }: { readonly name: string; readonly type: string },
  where: () => string,
): void {
  const [operation, second] = listOperations(document);
  const actual: string | undefined = operation?.operation;
  if (!second && actual === type && operation?.name?.value === name) return;
  throw new TypeError(
    `${where()}: the body must be the ${type} '${name}' and nothing else. Generate the manifest again.`,
  );
}

function describe(text: string, document: DocumentNode, id: string, where: () => string): TrustedDocument {
  const operations = listOperations(document);
  const names = operations.flatMap(({ name }) => name?.value ?? []);
  return {
    text,
    stripped: stripIgnoredCharacters(text),
    digest: hash('sha256', text),
    label: names.length > 0 ? names.join(', ') : id,
    operations: operations.length,
    tokens: countDocumentFacts(document).tokens,
    where,
  };
}
