import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { codes, sendBody } from '../../../test/kit.ts';
import type { Manifest } from '../src/index.ts';
import { anonymous, serve } from './kit.ts';

const texts = { a: 'query A { me { id } }', b: 'query B { me { name } }', c: 'query C { me { id name } }' };

function manifestFile(manifest: object): { path: string; write: (text: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'reloading-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'manifest.json');
  writeFileSync(path, JSON.stringify(manifest));
  return {
    path,
    write(text) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    },
  };
}

/** What each id answers now. */
async function answersOf({ server }: Awaited<ReturnType<typeof serve>>): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const documentId of ['a', 'b', 'c']) {
    const answer = await sendBody(server, { documentId }, anonymous);
    answers[documentId] = codes(answer)[0] ?? 'runs';
  }
  return answers;
}

const no = 'DOCUMENT_NOT_TRUSTED';

describe('manifests are read again', () => {
  it('by a call: what is new runs, what is gone does not, whatever is cached', async () => {
    const { path, write } = manifestFile({ a: texts.a, b: texts.b });
    const served = await serve({ manifests: [path] });
    expect(await answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: no });
    write(JSON.stringify({ b: texts.b, c: texts.c }));
    await expect(served.trusted.reload()).resolves.toEqual({ documents: 2, operations: 2, isChanged: true });
    expect(await answersOf(served)).toEqual({ a: no, b: 'runs', c: 'runs' });
    expect(codes(await sendBody(served.server, { query: texts.a }, anonymous))).toEqual([no]);
    await expect(served.trusted.reload()).resolves.toMatchObject({ isChanged: false });
  });

  it('when the file is replaced, where it is watched', async () => {
    const { path, write } = manifestFile({ a: texts.a });
    const served = await serve({ manifests: [path], watch: true });
    write(JSON.stringify(texts));
    await expect.poll(() => answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: 'runs' });
  });

  it('after a while, where it is polled', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    let manifest: Manifest = { a: texts.a };
    const served = await serve({ manifests: [() => manifest], reloadSeconds: 60 });
    manifest = texts;
    vi.advanceTimersByTime(59_000);
    expect(await answersOf(served)).toEqual({ a: 'runs', b: no, c: no });
    vi.advanceTimersByTime(1_000);
    await expect.poll(() => answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: 'runs' });
    await served.server.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('one after the other: a slow store does not bring an older manifest back', async () => {
    const answers: ((manifest: Manifest) => void)[] = [];
    let slow = false;
    const load = () => (slow ? new Promise<Manifest>((resolve) => void answers.push(resolve)) : { a: texts.a });
    const served = await serve({ manifests: [load] });
    slow = true;
    const [first, second] = [served.trusted.reload(), served.trusted.reload()];
    await expect.poll(() => answers.length).toBe(1);
    answers[0]?.({ a: texts.a, b: texts.b });
    await first;
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.(texts);
    await second;
    expect(await answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: 'runs' });
  });
});

describe('a manifest that is refused leaves what was trusted, and nothing more', () => {
  it.each<[string, string | undefined, string]>([
    ['is half written', JSON.stringify(texts).slice(0, 60), 'this is no JSON'],
    ['is empty', '', 'this is no JSON'],
    ['holds no document', '{}', 'may be incomplete'],
    ['lost most of its documents', JSON.stringify({ a: texts.a }), 'may be incomplete'],
    ['has a text that does not parse', JSON.stringify({ ...texts, c: '{' }), 'is no GraphQL document'],
    [
      'has a digest of another text',
      JSON.stringify({ ...texts, ['0'.repeat(64)]: '{ __typename }' }),
      'is not the sha256 digest',
    ],
    ['is gone', undefined, 'cannot be read'],
  ])('one that %s', async (_what, text, message) => {
    const { path, write } = manifestFile({ ...texts, a: texts.a });
    const served = await serve({ manifests: [path] });
    if (text === undefined) rmSync(path);
    else write(text);
    await expect(served.trusted.reload()).rejects.toThrow(message);
    expect(await answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: 'runs' });
    expect(codes(await sendBody(served.server, { query: '{ __typename }' }, anonymous))).toEqual([no]);
    write(JSON.stringify({ a: texts.a, b: texts.b }));
    await served.trusted.reload();
    expect(await answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: no });
  });

  it('unless fewer documents are accepted', async () => {
    const { path, write } = manifestFile(texts);
    const served = await serve({ manifests: [path] });
    write(JSON.stringify({ a: texts.a }));
    await expect(served.trusted.reload()).rejects.toThrow(
      /has 1 documents and had 3, so it may be incomplete.*acceptFewer/,
    );
    await served.trusted.reload({ acceptFewer: true });
    expect(await answersOf(served)).toEqual({ a: 'runs', b: no, c: no });
  });

  it('and says so once, where a store is down for many polls', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    let calls = 0;
    const load = async (): Promise<Manifest> => {
      calls += 1;
      if (calls > 1) throw new Error('the store is down');
      return texts;
    };
    const served = await serve({ manifests: [load], reloadSeconds: 1 });
    vi.advanceTimersByTime(5_000);
    await expect.poll(() => calls).toBe(6);
    await expect(served.trusted.reload()).rejects.toThrow('the store is down');
    const warnings = served.events.filter((event) => event.type === 'config.warning');
    expect(warnings).toMatchObject([
      { message: expect.stringContaining('what was trusted still is: Error: the store is down') },
    ]);
    expect(await answersOf(served)).toEqual({ a: 'runs', b: 'runs', c: 'runs' });
  });
});

describe('the start', () => {
  it('says how many operations are known', async () => {
    const { events } = await serve({
      manifests: [() => ({ two: 'query A { me { id } } query B { me { id } }', c: texts.c })],
    });
    expect(events).toMatchObject([{ type: 'documents.loaded', outcome: 'noted', documents: 2, operations: 3 }]);
  });

  it('lists the documents that do not fit the schema, and those of a later manifest', async () => {
    let manifest: Manifest = { ...texts, gone: 'query Gone { me { salary } }' };
    const served = await serve({ manifests: [() => manifest] });
    const warnings = () => served.events.flatMap((event) => (event.type === 'config.warning' ? event.message : []));
    await expect
      .poll(warnings)
      .toEqual([
        expect.stringMatching(/1 of 4 documents do not fit the schema: Gone \(.*'gone': Cannot query field "salary"/),
      ]);
    manifest = { ...manifest, later: 'query Later { me { wage } }' };
    await served.trusted.reload();
    await expect.poll(warnings).toEqual([expect.anything(), expect.stringContaining('2 of 5 documents')]);
  });

  it('trusts nothing before a function has answered', async () => {
    const { trustedDocuments } = await import('../src/index.ts');
    const trusted = trustedDocuments({ manifests: [async () => texts], mode: 'require' });
    const schema = makeExecutableSchema({ typeDefs: 'type Query { me: Int }' });
    const operation = { source: texts.a, document: undefined, security: {}, header: () => undefined, schema };
    expect(() => trusted.check?.(operation as never)).toThrow('Only trusted documents may be sent');
    await trusted.reload();
    expect(() => trusted.check?.(operation as never)).not.toThrow();
  });
});
