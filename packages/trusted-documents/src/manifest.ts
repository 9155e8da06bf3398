/**
 * Manifests as the tools of clients write them: Apollo's generator a list of operations, Relay's compiler and the client preset
 * of GraphQL Code Generator an object of id -> text.
 */
import { hash } from 'node:crypto';
import { isRecord, show } from '@graphql-bulwark/core/internal';

/** What `@apollo/generate-persisted-query-manifest` writes. */
export interface ApolloManifest {
  readonly format: 'apollo-persisted-query-manifest';
  readonly version: 1;
  readonly operations: readonly {
    readonly id: string;
    /** The name of the operation in `body`. */
    readonly name: string;
    /** `query`, `mutation` or `subscription`. */
    readonly type: string;
    /** The text, with all of its fragments. */
    readonly body: string;
  }[];
}

/** A manifest: that of Apollo, or an object of id -> text. */
export type Manifest = ApolloManifest | Readonly<Record<string, string>>;

/** One document of a manifest, as it stands there. */
export interface ManifestEntry {
  readonly id: string;
  readonly text: string;
  /** The one operation that the text must hold; left out: it may hold any. */
  readonly operation?: { readonly name: string; readonly type: string } | undefined;
  /** Tells where the entry stands, for messages: file and line. */
  readonly where: () => string;
}

/** Where the entry of an id stands; without an id, the manifest itself. */
export type Locate = (id?: string) => string;

/** A longer id is no key that a tool makes. */
export const maxIdLength = 512;

/**
 * Reads the entries of a manifest.
 *
 * @param areHashes whether ids that look like a digest must be the digest of their text.
 * @throws {TypeError} for another format, and for an entry without id or text, or whose id is the digest of another text.
 */
export function readManifest(manifest: unknown, locate: Locate, areHashes: boolean): readonly ManifestEntry[] {
  if (!isRecord(manifest)) {
    throw new TypeError(
      `${locate()}: a manifest is an object of id -> text, or what Apollo's generator writes, but this is ${show(manifest)}. Run the tool of your clients again.`,
    );
  }
  const entries = 'format' in manifest ? readApollo(manifest, locate) : readTexts(manifest, locate);
  if (areHashes) for (const entry of entries) verifyHash(entry);
  return entries;
}

function readTexts(texts: Readonly<Record<string, unknown>>, locate: Locate): readonly ManifestEntry[] {
  return Object.entries(texts).map(([id, text]) => readEntry({ id, text }, locate));
}

function readApollo(manifest: Readonly<Record<string, unknown>>, locate: Locate): readonly ManifestEntry[] {
  const { format, version, operations } = manifest;
  if (format !== 'apollo-persisted-query-manifest' || version !== 1 || !Array.isArray(operations)) {
    throw new TypeError(
      `${locate()}: the format is ${show(format)}, version ${show(version)}, but must be 'apollo-persisted-query-manifest', version 1, ` +
        'with a list of operations. Write it with @apollo/generate-persisted-query-manifest.',
    );
  }
  return (operations as unknown[]).map((operation, i) => {
    if (!isRecord(operation))
      throw new TypeError(`${locate()}: operations[${i}] must be an object, but is ${show(operation)}.`);
    const { id, body: text, name, type } = operation;
    const entry = readEntry({ id, text }, locate);
    if (typeof name === 'string' && typeof type === 'string') return { ...entry, operation: { name, type } };
    throw new TypeError(`${entry.where()}: the operation must have a name and a type. Generate the manifest again.`);
  });
}

function readEntry({ id, text }: { readonly id: unknown; readonly text: unknown }, locate: Locate): ManifestEntry {
  if (typeof id !== 'string' || id === '' || id.length > maxIdLength) {
    const actual = typeof id === 'string' ? `has ${id.length}` : `is ${show(id)}`;
    throw new TypeError(`${locate()}: an id must be a string of 1 to ${maxIdLength} characters, but ${actual}.`);
  }
  const where = (): string => locate(id);
  if (typeof text === 'string' && text !== '') return { id, text, where };
  throw new TypeError(`${where()}: the text of a document must be a string that is not empty, but is ${show(text)}.`);
}

/** Hexadecimal digits of a digest -> its algorithm. */
const algorithms: ReadonlyMap<number, string> = new Map([
  [32, 'md5'],
  [40, 'sha1'],
  [64, 'sha256'],
]);

/**
 * A text that was changed in the manifest would run under the id of the one that was reviewed.
 *
 * @throws {TypeError} for an id that is a digest, and not of this text.
 */
function verifyHash({ id, text, where }: ManifestEntry): void {
  const [, prefix, digits = ''] = /^(?:(md5|sha1|sha256):)?([0-9a-f]+)$/i.exec(id) ?? [];
  const algorithm = prefix?.toLowerCase() ?? algorithms.get(digits.length);
  if (algorithm === undefined || hash(algorithm, text) === digits.toLowerCase()) return;
  throw new TypeError(
    `${where()}: the id '${id}' is not the ${algorithm} digest of its text, so one of them was changed. Generate the manifest again; ` +
      'where your ids only look like digests, give { path, idsAreHashes: false }.',
  );
}
