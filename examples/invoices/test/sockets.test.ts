// The protected server over real WebSockets: whose payments a subscriber hears of, and that queries and mutations are judged there
// as over HTTP.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, at, send } from '../src/client.ts';
import type { RunningServer } from '../src/http.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { payer } from '../src/payments.ts';
import { startProtectedServer } from '../src/protected-server.ts';
import { listen, overSocket } from '../src/socket-client.ts';
import { aim, type Target } from '../src/target.ts';

let identity: Identity;
let server: RunningServer;
let target: Target;

beforeAll(async () => {
  identity = await startIdentity();
  server = await startProtectedServer({ identity, trustedHops: 1 });
  target = await aim(server.url, identity);
});

afterAll(async () => {
  await server.stop();
  await identity.stop();
});

type Caller = keyof Target['tokens'];

/** The first thing that a subscriber hears while both companies are paid. */
async function hear(query: string, caller: Caller | undefined, variables = {}): Promise<Answer> {
  const [ours, theirs] = [await payer(target, target.tokens.accountant), await payer(target, target.tokens.neighbour)];
  const both = async (): Promise<void> => {
    await theirs();
    await ours();
  };
  return overSocket(server.url, { query, variables, ...(caller && { token: target.tokens[caller] }) }, both);
}

const heard = 'organisation { id }';
const named = `subscription ($org: ID) { invoicePaid(organisationId: $org) { ${heard} } }`;

// Twice: the second time with counters and caches that have seen it.
describe.each(['first', 'second'])('the %s time', () => {
  test.each<[string, string, object, Caller, string]>([
    ['left out', `subscription { invoicePaid { ${heard} } }`, {}, 'member', 'org_1'],
    ['a variable that is left out', named, {}, 'member', 'org_1'],
    ['named', named, { org: 'org_1' }, 'member', 'org_1'],
    [
      'under an alias, in a fragment',
      `subscription { ...F } fragment F on Subscription { x: invoicePaid { ${heard} } }`,
      {},
      'neighbour',
      'org_2',
    ],
  ])('a subscriber hears of the own company, and of no other: %s', async (_, query, variables, caller, org) => {
    const answer = await hear(query, caller, variables);
    expect(answer.errors).toBeUndefined();
    expect(at(answer, 'invoicePaid', 'organisation', 'id') ?? at(answer, 'x', 'organisation', 'id')).toBe(org);
  });

  test.each<[string, string, object, Caller | undefined, string]>([
    ['nobody', `subscription { invoicePaid { ${heard} } }`, {}, undefined, 'UNAUTHENTICATED'],
    ['nobody, who names one', named, { org: 'org_1' }, undefined, 'UNAUTHENTICATED'],
    ['a foreign company', named, { org: 'org_2' }, 'member', 'FORBIDDEN'],
    [
      'a foreign company in the text',
      `subscription { invoicePaid(organisationId: "org_2") { ${heard} } }`,
      {},
      'member',
      'FORBIDDEN',
    ],
    ['a foreign company as the default', named.replace('$org: ID', '$org: ID = "org_2"'), {}, 'member', 'FORBIDDEN'],
    ['null, which could mean all', named, { org: null }, 'member', 'FORBIDDEN'],
    ['support staff', named, { org: 'org_2' }, 'support', 'FORBIDDEN'],
  ])('refuses %s', async (_, query, variables, caller, code) => {
    const answer = await hear(query, caller, variables);
    expect([answer.status, answer.code, answer.data ?? undefined]).toEqual([101, code, undefined]);
  });

  test('two subscribers of two companies hear of their own payments, in their order', async () => {
    const query = `subscription { invoicePaid { id ${heard} } }`;
    const [ours, theirs] = [
      await payer(target, target.tokens.accountant),
      await payer(target, target.tokens.neighbour),
    ];
    const streams = [
      listen(server.url, { query, token: target.tokens.member }),
      listen(server.url, { query, token: target.tokens.neighbour }),
    ] as const;
    try {
      const paid: string[][] = [[], []];
      const payBoth = async (): Promise<void> => {
        paid[0]?.push(await ours());
        paid[1]?.push(await theirs());
      };
      for (const [n, stream] of streams.entries()) {
        const ids: unknown[] = [];
        for (let event = 0; event < 3; event += 1) ids.push(at(await stream.next(payBoth), 'invoicePaid', 'id'));
        const from = paid[n]?.indexOf(String(ids[0])) ?? -1;
        expect(from).toBeGreaterThanOrEqual(0);
        expect(ids).toEqual(paid[n]?.slice(from, from + 3));
      }
    } finally {
      for (const stream of streams) stream.close();
    }
  });

  test('a mutation of two invoices of which one is foreign changes neither', async () => {
    const mark = `mark-${Math.random()}`;
    const query = `mutation { own: updateInvoice(id: "inv_1", input: { note: "${mark}" }) { note }
      foreign: updateInvoice(id: "inv_1253", input: { note: "${mark}" }) { note } }`;
    const token = target.tokens.member;
    expect(await overSocket(server.url, { query, token })).toMatchObject({ code: 'NOT_FOUND' });
    const own = { query: '{ invoice(id: "inv_1") { note } }', token };
    expect(at(await send(server.url, own), 'invoice', 'note')).not.toBe(mark);
    const alone = query.slice(0, query.indexOf('foreign')).concat('}');
    expect(at(await overSocket(server.url, { query: alone, token }), 'own', 'note')).toBe(mark);
    expect(at(await overSocket(server.url, own), 'invoice', 'note')).toBe(mark);
  });

  test('a question over the limits of depth or cost, or about the schema, is refused', async () => {
    const token = target.tokens.member;
    const page =
      '{ invoices(first: 100) { edges { node { lines { id } customer { invoices(first: 100) { id } } } } } }';
    for (const [query, code] of [
      [page, 'COST_LIMIT_EXCEEDED'],
      ['{ __type(name: "User") { name } }', 'INTROSPECTION_DISABLED'],
      [`{ me { ${'organisation { members { '.repeat(10)} id ${'} }'.repeat(10)} } }`, 'DEPTH_LIMIT_EXCEEDED'],
      ['{ users { email } }', 'FORBIDDEN'],
    ] as const) {
      expect(await overSocket(server.url, { query, token })).toMatchObject({ status: 101, code });
    }
  });
});
