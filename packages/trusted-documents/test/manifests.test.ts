import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codes, sendBody } from '../../../test/kit.ts';
import { type Manifest, type TrustedDocumentsOptions, trustedDocuments } from '../src/index.ts';
import { anonymous, apolloManifest, codegenManifest, fixture, listed, relayManifest, serve } from './kit.ts';

/** A folder with these files, which is gone after the test. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'manifests-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

const make = (options: Partial<TrustedDocumentsOptions>) =>
  trustedDocuments({ manifests: [apolloManifest], mode: 'require', ...options });
const ofText = (text: string): string => join(folder({ 'manifest.json': text }), 'manifest.json');
const apollo = (operations: readonly object[]): string =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }, null, 2);

describe('a manifest is read', () => {
  it.each([
    ['of Apollo', apolloManifest],
    ['of Relay with MD5', relayManifest],
    ['of Relay with SHA-256', fixture('relay-compiler-21.0.1-sha256.json')],
    ['of GraphQL Code Generator with SHA-256', codegenManifest],
    ['of GraphQL Code Generator with SHA-1', fixture('codegen-cli-7.4.3-client-preset-6.2.0-sha1.json')],
    ['from a folder', fixture('folder')],
  ])('%s, and its ids are the digests of its texts', (_what, manifest) => {
    expect(() => make({ manifests: [manifest] })).not.toThrow();
    expect(() => make({ manifests: [pathToFileURL(manifest)] })).not.toThrow();
    expect(() => make({ manifests: [{ path: manifest }] })).not.toThrow();
  });

  it('from a folder, with the fragments of its other files and the paths as ids', async () => {
    const { server } = await serve({ manifests: [fixture('folder')] });
    const page = await sendBody(server, { documentId: 'invoice-page', variables: { id: '7' } }, anonymous);
    expect(page.body.data.invoice).toEqual({ number: 'INV-7', total: 100, author: { name: 'Ada' } });
    const name = await sendBody(server, { documentId: 'me', operationName: 'MyName' }, anonymous);
    expect(name.body.data).toEqual({ me: { name: 'Ada' } });
    expect(codes(await sendBody(server, { documentId: 'parts/invoice-parts' }, anonymous))).toEqual([
      'DOCUMENT_NOT_TRUSTED',
    ]);
  });

  it.each<[string, () => Manifest | Promise<Manifest>]>([
    ['at once', () => ({ one: 'query One { me { id } }' })],
    ['later', async () => ({ one: 'query One { me { id } }' })],
  ])('from a function that returns %s', async (_when, load) => {
    const { server } = await serve({ manifests: [load, apolloManifest] });
    expect((await sendBody(server, { documentId: 'one' }, anonymous)).body.data).toEqual({ me: { id: 'u1' } });
    expect((await sendBody(server, { documentId: listed('Me').id }, anonymous)).status).toBe(200);
  });

  it('several times, with one document in each of them', async () => {
    const text = `${listed('Me').body}\n`;
    const { server } = await serve({ manifests: [apolloManifest, () => ({ again: text, more: text })] });
    for (const documentId of ['again', 'more', listed('Me').id]) {
      for (const query of [undefined, text, listed('Me').body]) {
        expect((await sendBody(server, { documentId, query }, anonymous)).status).toBe(200);
      }
    }
  });

  it('whose ids only look like digests, where the option says so', () => {
    const path = ofText(JSON.stringify({ ['a'.repeat(64)]: '{ me { id } }' }));
    expect(() => make({ manifests: [path] })).toThrow('idsAreHashes: false');
    expect(() => make({ manifests: [{ path, idsAreHashes: false }] })).not.toThrow();
  });
});

describe('a manifest keeps the server from being built, by file, line and remedy', () => {
  const digest = listed('Me').id;
  it.each<[string, string, RegExp]>([
    ['is no JSON', '{\n  "one": "query { me { id } }",\n', /manifest\.json(:\d+)?: this is no JSON\. Generate/],
    ['is a list', '[]', /manifest\.json: a manifest is an object of id -> text.*Run the tool/],
    [
      'has another format',
      '{"format":"other","version":1}',
      /manifest\.json: the format is 'other', version 1, but must be/,
    ],
    ['has another version', '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}', /version 2/],
    ['holds no document', '{}', /the manifests hold no document\. Run the tool/],
    [
      'has an entry that is no text',
      '{\n  "a": "{ me { id } }",\n  "b": 7\n}',
      /manifest\.json:3: the text of a document must be a string/,
    ],
    ['has an entry without a text', '{\n  "a": ""\n}', /manifest\.json:2: the text .* is ''/],
    ['has an empty id', '{ "": "{ me { id } }" }', /an id must be a string of 1 to 512 characters, but has 0/],
    ['has an id that is too long', JSON.stringify({ ['x'.repeat(513)]: '{ me { id } }' }), /but has 513/],
    [
      'has a text that does not parse',
      '{\n\n  "a": "{ me { "\n}',
      /manifest\.json:3: the text is no GraphQL document: Syntax Error.*Generate/,
    ],
    [
      'has a text that overflows the parser',
      JSON.stringify({ a: '{a'.repeat(200_000) }),
      /nested too deeply|no GraphQL document/,
    ],
    ['has a document of types', '{ "a": "type Query { a: Int }" }', /operations and fragments only/],
    ['has a document without an operation', '{ "a": "fragment F on User { id }" }', /holds no operation/],
    [
      'spreads a fragment that is not there',
      '{\n  "a": "{ me { ...F } }"\n}',
      /manifest\.json:2: the fragment 'F' is not defined/,
    ],
    [
      'has an id of another text',
      `{\n  "${digest}": "{ me { name } }"\n}`,
      /manifest\.json:2: the id '.*' is not the sha256 digest of its text/,
    ],
    [
      'has an id with the digest of another text',
      `{\n  "sha256:${digest}": "{ me { name } }"\n}`,
      /manifest\.json:2: .* not the sha256 digest/,
    ],
    ['has an id that is the MD5 of another text', `{ "${'0'.repeat(32)}": "{ me { name } }" }`, /not the md5 digest/],
    [
      'has an operation without a name',
      apollo([{ id: 'a', body: '{ me { id } }', type: 'query' }]),
      /:\d+: the operation must have a name and a type/,
    ],
    ['has an operation that is no object', apollo([['a'] as never]), /operations\[0\] must be an object/],
    [
      'names another operation than its body holds',
      apollo([{ id: 'a', name: 'Me', type: 'query', body: 'query You { me { id } }' }]),
      /:6: the body must be the query 'Me' and nothing else/,
    ],
    [
      'says another type than its body has',
      apollo([{ id: 'a', name: 'Me', type: 'query', body: 'mutation Me { payInvoice(id: 1) { id } }' }]),
      /the body must be the query 'Me'/,
    ],
    [
      'has a body with a second operation',
      apollo([{ id: 'a', name: 'Me', type: 'query', body: 'query Me { me { id } } query You { me { name } }' }]),
      /and nothing else/,
    ],
    [
      'has one id for two documents',
      apollo([
        { id: 'a', name: 'A', type: 'query', body: 'query A { me { id } }' },
        { id: 'a', name: 'B', type: 'query', body: 'query B { me { id } }' },
      ]),
      /the id 'a' stands for another document/,
    ],
  ])('one that %s', (_what, text, message) => {
    expect(() => make({ manifests: [ofText(text)] })).toThrow(message);
    expect(() => make({ manifests: [ofText(text)] })).toThrow(TypeError);
  });

  it('one whose custom id is the digest of another document', () => {
    const path = ofText(JSON.stringify({ [listed('Me').id]: '{ me { name } }' }));
    expect(() => make({ manifests: [apolloManifest, { path, idsAreHashes: false }] })).toThrow(
      'stands for another document',
    );
  });

  it('one that is not there', () => {
    expect(() => make({ manifests: ['no/such/manifest.json'] })).toThrow(
      /manifests\[0\]: .*no\/such\/manifest\.json cannot be read/,
    );
  });

  it('a folder without a document', () => {
    expect(() =>
      make({ manifests: [folder({ 'a.txt': '{ me { id } }', '.hidden/a.graphql': '{ me { id } }' })] }),
    ).toThrow('hold no document');
  });

  it('a folder with a file that does not parse', () => {
    expect(() => make({ manifests: [folder({ 'a.graphql': 'query A {\n  me {' })] })).toThrow(
      /a\.graphql:2: this is no GraphQL document/,
    );
  });

  it('a folder in which two files define one fragment', () => {
    const fragment = 'fragment F on User { id }';
    const path = folder({ 'a.graphql': `{ me { ...F } } ${fragment}`, 'b.graphql': fragment });
    expect(() => make({ manifests: [path] })).toThrow(/the fragment 'F' stands in .*a\.graphql as well\. Rename/);
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('the store is down');
      },
      'the store is down',
    ],
    [
      'rejects',
      async () => {
        throw new Error('the store is down');
      },
      'the store is down',
    ],
    ['returns nothing', async () => undefined, 'manifests[0]: a manifest is an object of id -> text'],
    ['returns a text that is no document', async () => ({ a: '{' }), "manifests[0], entry 'a': the text is no GraphQL"],
  ])('a function that %s, when the server starts', async (_what, load, message) => {
    await expect(serve({ manifests: [load as never] })).rejects.toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ['no mode', { mode: undefined }, /mode must be 'report', 'prefer' or 'require'/],
    ['another mode', { mode: 'enforce' }, /mode must be/],
    ['no manifest', { manifests: [] }, /give at least one/],
    ['a manifest that is a number', { manifests: [7] }, /paths, \{ path \} or functions/],
    [
      'a manifest with an unknown option',
      { manifests: [{ path: apolloManifest, hashes: true }] },
      /no option 'hashes'/,
    ],
    ['an exemption from authorization', { exempt: ['authorization'] }, /'limits' or 'cost'/],
    ['a poll without a pause', { reloadSeconds: 0 }, /reloadSeconds/],
    ['a misspelt option', { exempts: [] }, /did you mean 'exempt'/],
  ])('options with %s', (_what, options, message) => {
    expect(() => make(options as never)).toThrow(message);
  });
});
