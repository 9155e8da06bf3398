import { createHash } from 'node:crypto';
import { limits } from '@graphql-bulwark/limits';
import { type DocumentNode, parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { codes, send, sendBody } from '../../../test/kit.ts';
import type { Manifest } from '../src/index.ts';
import { trustedDocuments } from '../src/index.ts';
import { anonymous, listed, serve } from './kit.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const me = listed('Me');

describe('trusted documents are parsed and validated once', () => {
  it('however many others are sent', async () => {
    const parsed: string[] = [];
    const watching = {
      async requestDidStart() {
        return {
          async parsingDidStart({ source }: { source: string }) {
            parsed.push(source);
          },
        };
      },
    };
    const { server } = await serve({ mode: 'prefer' }, [], { plugins: [watching] });
    const filler = (n: number): string => `{ me { id } } # ${n}${'x'.repeat(40_000)}`;
    for (let n = 0; n < 40; n += 1) {
      await send(server, filler(n), anonymous);
      expect((await sendBody(server, { documentId: me.id }, anonymous)).status).toBe(200);
    }
    await send(server, filler(0), anonymous);
    expect(parsed.filter((text) => text === me.body)).toHaveLength(1);
    expect(parsed.filter((text) => text === filler(0))).toHaveLength(2);
    expect(parsed.filter((text) => text === filler(39))).toHaveLength(1);
  });
});

describe('a change of trust', () => {
  const deep = 'query Deep { me { id } }';

  it('runs a text that was refused for its size before, and measures it again when the trust ends', async () => {
    let manifest: Manifest = { other: me.body };
    const served = await serve({ manifests: [() => manifest], mode: 'prefer', exempt: ['limits'] }, [
      limits({ maxDepth: 1 }),
    ]);
    const ask = async () => codes(await send(served.server, deep, anonymous));
    expect(await ask()).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect(await ask()).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    manifest = { other: me.body, deep };
    await served.trusted.reload();
    expect(await ask()).toEqual([]);
    expect(await ask()).toEqual([]);
    manifest = { other: me.body };
    await served.trusted.reload();
    expect(await ask()).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect(await ask()).toEqual(['DEPTH_LIMIT_EXCEEDED']);
  });
});

describe('the store', () => {
  const trusted = trustedDocuments({ manifests: [() => ({ me: me.body })], mode: 'require' });
  beforeAll(() => trusted.reload());
  const key = `schema:${sha256(me.body)}`;

  it('never looks for a trusted document in a cache that others share', async () => {
    const shared = new Map<string, DocumentNode>([[key, parse('{ invoices { id } }')]]);
    const store = trusted.documentStore({
      get: async (name) => shared.get(name),
      set: async (name, document) => void shared.set(name, document),
      delete: async (name) => shared.delete(name),
    });
    await expect(store.get(key)).resolves.toBeUndefined();
    const document = parse(me.body);
    await store.set(key, document);
    await expect(store.get(key)).resolves.toBe(document);
    expect(shared.size).toBe(1);
    await store.set('schema:other', document);
    expect(shared.size).toBe(2);
    await expect(store.get('schema:other')).resolves.toBe(document);
    await store.delete(key);
    await expect(store.get(key)).resolves.toBeUndefined();
  });

  it('keeps no other document where it shall not', async () => {
    const store = trusted.documentStore(null);
    await store.set('schema:other', parse('{ me { id } }'));
    await expect(store.get('schema:other')).resolves.toBeUndefined();
    await store.set(key, parse(me.body));
    await expect(store.get(key)).resolves.toBeDefined();
  });
});
