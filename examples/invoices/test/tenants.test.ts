// The protected server over HTTP, as people of another organisation, of none, or without a right would walk through it: no answer
// may depend on what they may not see.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startBareServer } from '../src/bare-server.ts';
import { type Answer, at, comeFrom, send } from '../src/client.ts';
import { demoUsers } from '../src/demo-users.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { startProtectedServer } from '../src/protected-server.ts';
import { aim, type Target } from '../src/target.ts';

let identity: Identity;
let server: RunningServer;
let bare: RunningServer;
let tokens: Target['tokens'];
let tested = 0;

beforeAll(async () => {
  identity = await startIdentity();
  server = await startProtectedServer({ identity, trustedHops: 1 });
  bare = await startBareServer({ identity });
  ({ tokens } = await aim(server.url, identity));
});

afterAll(async () => {
  await Promise.all([server.stop(), bare.stop()]);
  await identity.stop();
});

// Who is refused 60 times in a minute hears nothing more, so each test has an address and colleagues of its own.
beforeEach(async () => {
  tested += 1;
  comeFrom(`192.0.2.${tested}`);
  const member = await identity.issueAccessToken({ ...demoUsers.member, id: `usr_${12 + tested}` });
  const accountant = await identity.issueAccessToken({ ...demoUsers.accountant, id: `usr_${3 + (tested % 8)}` });
  tokens = { ...tokens, member, accountant };
});

const ask = (query: string, token: string, variables = {}): Promise<Answer> =>
  send(server.url, { query, token, variables });

describe.each(['member', 'accountant', 'admin'] as const)(
  'node(id), asked by the %s of another organisation',
  (who) => {
    test.each([
      ['an organisation', () => Promise.resolve('org_2')],
      ['a user', () => Promise.resolve('usr_52')],
      ['a customer', () => Promise.resolve('cus_150')],
      ['an invoice', () => Promise.resolve('inv_1251')],
      ['a line', () => Promise.resolve('lin_1251_1')],
      [
        'a payment',
        () => ofHarbour('{ invoices(first: 1, status: PAID) { edges { node { payments { id } } } } }', 'pay'),
      ],
      ['an API key', () => Promise.resolve('key_seed2')],
      ['an entry of the audit log', () => ofHarbour('{ me { organisation { auditLog(first: 1) { id } } } }', 'aud')],
    ])('is answered for %s as for one that does not exist', async (_, find) => {
      const id = await find();
      const query = 'query ($id: ID!) { node(id: $id) { __typename id } }';
      expect(at(await ask(query, tokens.neighbour, { id }), 'node', 'id')).toBe(id);
      const [foreign, again] = [await ask(query, tokens[who], { id }), await ask(query, tokens[who], { id })];
      const missing = await ask(query, tokens[who], { id: id.replace(/_.*/, '_missing') });
      expect(foreign.code).toBe('NOT_FOUND');
      expect([foreign, again].map(({ status, text }) => [status, text])).toEqual(
        Array.from({ length: 2 }, () => [missing.status, missing.text]),
      );
    });
  },
);

test('how often one may ask for foreign ids is as often as for missing ones', async () => {
  const query = 'query ($id: ID!) { node(id: $id) { id } }';
  const ids = { foreign: 'cus_150', missing: 'cus_missing' };
  const codes: Record<string, unknown[]> = { foreign: [], missing: [] };
  for (const [kind, id] of Object.entries(ids)) {
    const token = await identity.issueAccessToken({ ...demoUsers.member, id: `counted-${kind}` });
    for (let n = 0; n < 70; n += 1) codes[kind]?.push((await ask(query, token, { id })).code);
  }
  expect(codes['foreign']).toEqual(codes['missing']);
});

describe('search', () => {
  const query = 'query ($text: String!, $first: Int! = 10) { search(text: $text, first: $first) { __typename } }';

  test.each([
    ['a number of an invoice', 'HA-0000'],
    ['a name', 'of Harbour'],
    ['an e-mail address', 'admin1@harbour.tes'],
  ])('does not tell whether another organisation has %s', async (_, text) => {
    const [there, nowhere] = [await ask(query, tokens.admin, { text }), await ask(query, tokens.admin, { text: '#' })];
    expect(there.text).toBe(nowhere.text);
    expect(at(there, 'search')).toEqual([]);
  });

  test('fills its page with what the caller may see, however much others have of it', async () => {
    const shown = 'query ($text: String!) { search(text: $text, first: 100) { ... on Invoice { number reference } } }';
    const [ours, theirs] = [
      await ask(shown, tokens.member, { text: 'PO-7' }),
      await ask(shown, tokens.neighbour, { text: 'PO-7' }),
    ];
    for (const [answer, prefix] of [
      [ours, 'NO-'],
      [theirs, 'HA-'],
    ] as const) {
      expect(at(answer, 'search', 'length')).toBe(100);
      expect([...answer.text.matchAll(/"number":"(..-)/g)].every(([, start]) => start === prefix)).toBe(true);
    }
  });

  test('spells no e-mail address of a colleague for a caller who may not read it', async () => {
    const token = await identity.issueAccessToken(demoUsers.attacker, { scope: '' });
    const answers = await Promise.all(['admin2@northgate.tes', '#'].map((text) => ask(query, token, { text })));
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(at(await ask(query, token, { text: 'Admin 2 of North' }), 'search', 'length')).toBe(1);
  });

  test('is answered 30 times in a minute, also under aliases', async () => {
    const eight = `{ ${Array.from({ length: 8 }, (_, n) => `s${n}: search(text: "x") { __typename }`).join(' ')} }`;
    const codes: unknown[] = [];
    for (let n = 0; n < 5; n += 1) codes.push((await ask(eight, tokens.member)).code);
    expect(codes).toEqual([undefined, undefined, undefined, 'RATE_LIMITED', 'RATE_LIMITED']);
  });
});

test('a page of invoices with the same reference is filled with the own ones, however many others have it', async () => {
  const query = `{ invoices(first: 15) { edges { node {
    one: sameReference(first: 1) { id } all: sameReference(first: 100) { id } } } } }`;
  const answer = await ask(query, tokens.member);
  const edges = at(answer, 'invoices', 'edges') as { node: Record<'one' | 'all', { id: string }[]> }[];
  expect(edges.map(({ node }) => node.one[0]?.id)).toEqual(edges.map(({ node }) => node.all[0]?.id));
  expect(edges.filter(({ node }) => node.all.length > 0).length).toBeGreaterThan(5);
});

test('a caller without an organisation gets none of them, where nothing stands in front either', async () => {
  const admin = await identity.issueAccessToken(demoUsers.admin, { withoutOrganisation: true });
  for (const url of [server.url, bare.url]) {
    for (const [field, selection] of [
      ['reports(from: "2024-01-01", to: "2024-03-31")', '{ month }'],
      ['users', '{ id }'],
      ['invoices', '{ edges { cursor } }'],
      ['search(text: "o")', '{ __typename }'],
    ]) {
      const answer = await send(url, { query: `{ answer: ${field} ${selection} }`, token: admin });
      expect([field, answer.data, answer.code]).toEqual([field, { answer: null }, 'FORBIDDEN']);
    }
    const email = `nowhere${tested}@northgate.test`;
    for (const [field, selection] of [
      [`inviteUser(input: { name: "New", email: "${email}" })`, '{ id }'],
      ['createApiKey(name: "New")', '{ secret }'],
      ['revokeApiKey(id: "key_seed1")', ''],
      ['createInvoice(input: { customerId: "cus_1", dueOn: "2027-01-31", lines: [] })', '{ id }'],
      ['updateInvoice(id: "inv_7", input: { note: "x" })', '{ id }'],
      ['payInvoice(id: "inv_7", cardLast4: "4242")', '{ id }'],
      ['deleteInvoice(id: "inv_7")', ''],
    ]) {
      const answer = await send(url, { query: `mutation { answer: ${field} ${selection} }`, token: admin });
      expect([field, at(answer, 'answer')]).toEqual([field, undefined]);
      expect([field, answer.code]).toEqual([field, expect.stringMatching(/^(FORBIDDEN|NOT_FOUND)$/)]);
    }
  }
});

test('support staff look an organisation up, and are not told how much it owns', async () => {
  const counted = `query ($id: ID!) { organisation(id: $id) { name members { id } customers { id } apiKeys { id }
    auditLog { id } invoices { edges { cursor } pageInfo { hasNextPage endCursor } } } }`;
  const { data } = await ask(counted, tokens.support, { id: 'org_2' });
  const hidden = { members: null, customers: null, apiKeys: null, auditLog: null, invoices: null };
  expect(data).toEqual({ organisation: { name: 'Harbour Supplies', ...hidden } });
  expect(at(await ask(counted, tokens.neighbour, { id: 'org_2' }), 'organisation', 'members', 'length')).toBe(20);
});

describe('an invitation', () => {
  const query = 'mutation ($email: String!) { inviteUser(input: { name: "New", email: $email }) { email } }';

  test('for an address that is taken is refused alike, wherever it signs in', async () => {
    const texts = [demoUsers.member.email, demoUsers.neighbour.email, ' Admin1@Harbour.test '].map(async (email) => {
      const { status, code, text } = await ask(query, tokens.admin, { email });
      return `${status} ${code} ${text}`;
    });
    const [own, ...foreign] = await Promise.all(texts);
    expect(own).toMatch(/^200 BAD_USER_INPUT .*This address cannot be invited/);
    expect(new Set([own, ...foreign]).size).toBe(1);
    const email = `free${tested}@northgate.test`;
    expect(at(await ask(query, tokens.admin, { email }), 'inviteUser', 'email')).toBe(email);
  });

  test('for one address at the same time succeeds once', async () => {
    const email = `race${tested}@northgate.test`;
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(query, tokens.accountant, { email })));
    expect(answers.filter((answer) => at(answer, 'inviteUser', 'email') === email)).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 'BAD_USER_INPUT')).toHaveLength(7);
  });
});

async function ofHarbour(query: string, prefix: string): Promise<string> {
  const answer = await ask(query, tokens.neighbour);
  const id = new RegExp(`"(${prefix}_\\w+)"`).exec(answer.text)?.[1];
  if (id === undefined) throw new Error(`Harbour cannot read its own: ${answer.text}`);
  return id;
}
