// Texts in the keys of rate limits: how long they may be, and which of them are one.
import { beforeEach, expect, it, vi } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import type { RateLimitOptions } from '../../src/index.ts';
import { serve, type Watched, watched } from '../server.ts';

const typeDefs = `
  type Query {
    login(email: String, names: [String]): String @rateLimit(max: 3, by: [GLOBAL], args: ["email", "names"])
    items: [Item]
  }
  type Item { mail(to: String): String @rateLimit(max: 3, by: [GLOBAL], args: ["to"], perResolve: true) }
`;
const query = 'query ($email: String, $names: [String]) { login(email: $email, names: $names) }';
const mails = 'query ($to: String) { items { mail(to: $to) } }';
const caller = as({ id: 'bob' });

/** Eighteen characters in compatibility form. */
const wide = '\ufdfa';

let store: Watched;
beforeEach(() => {
  store = watched();
});

const started = async (options: RateLimitOptions = {}) =>
  (
    await serve(typeDefs, { store, refusals: false, ...options }, (name) =>
      name === 'items' ? Array.from({ length: 20 }, () => ({})) : name,
    )
  ).server;

it('attack: a text too long to be compared is refused before it is normalised, each time', async () => {
  const server = await started();
  const normalize = vi.spyOn(String.prototype, 'normalize');
  for (let time = 0; time < 5; time += 1) {
    const got = await send(server, query, caller, { variables: { email: wide.repeat(99_999) } });
    expect([got.status, codes(got)]).toEqual([400, ['BAD_USER_INPUT']]);
    expect(JSON.stringify(got.body).length).toBeLessThan(500);
  }
  expect(normalize).not.toHaveBeenCalled();
  normalize.mockRestore();
  expect(store.asked).toEqual([]);
});

it('attack: many texts of one operation together may be no longer than one', async () => {
  const server = await started();
  const normalize = vi.spyOn(String.prototype, 'normalize');
  const names = Array.from({ length: 300 }, (_, i) => `${i}${wide.repeat(900)}`);
  const aliases = names.map((_, i) => `l${i}: login(email: $e${i})`).slice(0, 40);
  const declared = aliases.map((_, i) => `$e${i}: String`).join(' ');
  const inAliases = Object.fromEntries(aliases.map((_, i) => [`e${i}`, names[i]]));
  for (const got of [
    await send(server, query, caller, { variables: { names } }),
    await send(server, `query (${declared}) { ${aliases.join(' ')} }`, caller, { variables: inAliases }),
  ]) {
    expect([got.status, codes(got)]).toEqual([400, ['BAD_USER_INPUT']]);
  }
  const made = normalize.mock.results.reduce((sum, { value }) => sum + String(value).length, 0);
  expect(made).toBeLessThan(2 * 40_000);
  normalize.mockRestore();
});

it('variants of one e-mail share a bucket, and padding that is too long gives no new one', async () => {
  const server = await started();
  const variants = [
    'ann@x.org',
    ' Ann@X.org',
    `ann@x.org${'\u200b'.repeat(30_000)}`,
    '\uff41nn@x.org',
    'a\u0301nn@x.org',
  ];
  const statuses = [];
  for (const email of variants) statuses.push((await send(server, query, caller, { variables: { email } })).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const padded = `ann@x.org${'\u200b'.repeat(99_999)}`;
  expect((await send(server, query, caller, { variables: { email: padded } })).status).toBe(400);
});

it('long texts that are not the same are counted apart, up to pages in any script, and any length of ASCII', async () => {
  const server = await started();
  const pages = ['\u0416\u0438\u0437\u043d\u044c '.repeat(4_000), 'line\n'.repeat(100_000)];
  for (const text of pages) {
    for (const email of [text, `${text}x`]) {
      for (const status of [200, 200, 200, 429]) {
        expect((await send(server, query, caller, { variables: { email } })).status).toBe(status);
      }
    }
  }
});

it('calls of resolvers read a long text once, and deny one that is too long as the error of the field', async () => {
  const server = await started();
  const normalize = vi.spyOn(String.prototype, 'normalize');
  const to = '\u00e9'.repeat(15_000);
  const limited = await send(server, mails, caller, { variables: { to } });
  expect([limited.status, codes(limited)]).toEqual([200, Array(17).fill('RATE_LIMITED')]);
  const read = normalize.mock.contexts.reduce((letters: number, piece) => letters + String(piece).length, 0);
  expect(read).toBe(to.length);
  normalize.mockRestore();
  const denied = await send(server, mails, caller, { variables: { to: wide.repeat(99_999) } });
  expect([denied.status, new Set(codes(denied))]).toEqual([200, new Set(['BAD_USER_INPUT'])]);
});

it('in report mode a text that is too long keeps no call from running', async () => {
  const server = await started({ mode: 'report' });
  const variables = { email: wide.repeat(99_999), to: wide.repeat(99_999) };
  for (const text of [query, mails]) {
    const got = await send(server, text, caller, { variables });
    expect([got.status, codes(got)]).toEqual([200, []]);
  }
});
