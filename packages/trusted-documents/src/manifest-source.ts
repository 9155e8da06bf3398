/** Where manifests come from: a file, a folder of `.graphql` files, or a function of the application. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aFlag, awaitWithin, isPromise, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { type DocumentNode, type FragmentDefinitionNode, GraphQLError, Kind, parse, visit } from 'graphql';
import { type Manifest, type ManifestEntry, readManifest } from './manifest.ts';

/** A file or folder, with what is to be known of it. */
export interface ManifestFile {
  /** A file that a tool wrote, or a folder of `.graphql` and `.gql` files, whose ids are their paths without the extension. */
  readonly path: string | URL;
  /** Whether an id of 32, 40 or 64 hexadecimal digits must be the MD5, SHA-1 or SHA-256 of its text. @default true */
  readonly idsAreHashes?: boolean | undefined;
}

/** A path, a path with options, or a function that returns a manifest: a store of the application. */
export type ManifestSource = string | URL | ManifestFile | (() => Manifest | Promise<Manifest>);

/** One source, ready to be read as often as it changes. */
export interface Source {
  /** The folder in which it changes, and whether all folders below it count; `undefined` for a function. */
  readonly folder: { readonly path: string; readonly recursive: boolean } | undefined;
  /** The name in messages. */
  readonly name: string;
  /**
   * Reads the source; at once, unless it is a function that returns a promise.
   *
   * @throws {TypeError} for what is no manifest, naming file, line and remedy.
   */
  readonly read: () => readonly ManifestEntry[] | Promise<readonly ManifestEntry[]>;
}

const fileTable = {
  path: { required: true, check: must('be the path of a file or folder', isPath) },
  idsAreHashes: { default: true, check: aFlag },
} satisfies OptionTable<ManifestFile>;

/** A store that hangs must not keep the server from starting for ever, nor from reading again. */
const functionMilliseconds = 30_000;

function isPath(value: unknown): boolean {
  return value instanceof URL || (typeof value === 'string' && value !== '');
}

/** @throws {TypeError} for an invalid option of a source. */
export function createSource(source: ManifestSource, index: number): Source {
  const option = `trustedDocuments: manifests[${index}]`;
  if (typeof source === 'function') return createFunctionSource(source, option);
  const given = typeof source === 'string' || source instanceof URL ? { path: source } : source;
  const { path, idsAreHashes } = readOptions(option, given, fileTable);
  const name = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const read = (): readonly ManifestEntry[] =>
    isFolder(name, option) ? readFolder(name) : readFile(name, option, idsAreHashes);
  const recursive = isFolder(name, option);
  return { name, folder: { path: recursive ? name : dirname(name), recursive }, read };
}

function createFunctionSource(load: () => Manifest | Promise<Manifest>, name: string): Source {
  const locate = (id?: string): string => (id === undefined ? name : `${name}, entry '${id}'`);
  return {
    name,
    folder: undefined,
    read() {
      const given = load();
      if (!isPromise(given)) return readManifest(given, locate, true);
      return awaitWithin(functionMilliseconds, given).then((manifest) => readManifest(manifest, locate, true));
    },
  };
}

/** @throws {TypeError} where nothing is there, or it may not be read. */
function isFolder(path: string, option: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new TypeError(`${option}: ${path} cannot be read. Give the path of a manifest or of a folder.`, { cause });
  }
}

function readFile(path: string, option: string, idsAreHashes: boolean): readonly ManifestEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TypeError(`${option}: ${path} cannot be read.`, { cause });
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    const [, position] = /position (\d+)/.exec(String(cause)) ?? [];
    const line = position === undefined ? '' : `:${countLine(text, Number(position))}`;
    throw new TypeError(`${path}${line}: this is no JSON. Generate the manifest again.`, { cause });
  }
  // An id in the text of another entry is escaped there, so the first one in quotation marks is the entry.
  const locate = (id?: string): string => {
    const offset = id === undefined ? -1 : text.indexOf(JSON.stringify(id));
    return offset === -1 ? path : `${path}:${countLine(text, offset)}`;
  };
  return readManifest(manifest, locate, idsAreHashes);
}

function countLine(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** A document of a folder, or fragments for the documents beside it. */
interface FolderFile {
  readonly path: string;
  readonly id: string;
  readonly text: string;
  readonly document: DocumentNode;
}

/** Each file with an operation is a document; fragments that it spreads may stand in other files of the folder. */
function readFolder(folder: string): readonly ManifestEntry[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    // Hidden folders hold the versions between which mounted configuration is switched.
    .filter((name) => /\.(graphql|gql)$/.test(name) && !/(^|\/)\./.test(name))
    .toSorted()
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name): FolderFile => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      return { path, text, id: name.replace(/\.\w+$/, ''), document: parseFile(path, text) };
    });
  const fragments = indexFragments(files);
  return files
    .filter(({ document }) => document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION))
    .map((file) => ({ id: file.id, text: addFragments(file, fragments), where: () => file.path }));
}

/** @throws {TypeError} naming the line. */
function parseFile(path: string, text: string): DocumentNode {
  try {
    return parse(text);
  } catch (cause) {
    const line = cause instanceof GraphQLError ? (cause.locations?.[0]?.line ?? 1) : 1;
    const message = cause instanceof GraphQLError ? cause.message : 'it is nested too deeply';
    throw new TypeError(`${path}:${line}: this is no GraphQL document: ${message}.`, { cause });
  }
}

interface FolderFragment {
  readonly path: string;
  readonly node: FragmentDefinitionNode;
  readonly text: string;
}

/** @throws {TypeError} for a name that two files define. */
function indexFragments(files: readonly FolderFile[]): ReadonlyMap<string, FolderFragment> {
  const fragments = new Map<string, FolderFragment>();
  for (const { path, text, document } of files) {
    for (const node of document.definitions) {
      if (node.kind !== Kind.FRAGMENT_DEFINITION) continue;
      const name = node.name.value;
      const other = fragments.get(name);
      if (other) {
        throw new TypeError(`${path}: the fragment '${name}' stands in ${other.path} as well. Rename one of them.`);
      }
      fragments.set(name, { path, node, text: text.slice(node.loc?.start, node.loc?.end) });
    }
  }
  return fragments;
}

/** Appends the fragments of other files, in the order in which they are first spread. */
function addFragments({ path, text, document }: FolderFile, fragments: ReadonlyMap<string, FolderFragment>): string {
  const added = new Map<string, string>();
  const pending: (DocumentNode | FragmentDefinitionNode)[] = [document];
  for (const node of pending) {
    visit(node, {
      FragmentSpread({ name: { value: name } }) {
        const fragment = fragments.get(name);
        if (!fragment || fragment.path === path || added.has(name)) return;
        added.set(name, fragment.text);
        pending.push(fragment.node);
      },
    });
  }
  return [text, ...added.values()].join('\n\n');
}
