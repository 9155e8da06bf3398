// Two subgraphs, each behind a Bulwark of its own, and a gateway that composes them: over HTTP from end to end. Whoever can reach
// a subgraph can also send what the gateway sends, and more.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { IResolvers } from '@graphql-tools/utils';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { type BulwarkOptions, createBulwark } from 'graphql-bulwark';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Signer, signer } from '../packages/authentication/test/tokens.ts';
import { type Subgraph, startSubgraph } from './subgraph.ts';

const issuer = 'https://id.example.com';
const secret = 'a secret of the gateway, 32 characters';

interface Invoice {
  readonly id: string;
  readonly organisationId: string;
  readonly authorId: string;
  readonly total: number;
  readonly margin: number;
}

const invoices: readonly Invoice[] = [
  { id: '1', organisationId: 'ours', authorId: 'ann', total: 100, margin: 7 },
  { id: '2', organisationId: 'theirs', authorId: 'eve', total: 200, margin: 8 },
  { id: '3', organisationId: 'ours', authorId: 'ann', total: 300, margin: 9 },
];
const people: Readonly<Record<string, object>> = {
  ann: { id: 'ann', name: 'Ann', email: 'ann@example.com' },
  eve: { id: 'eve', name: 'Eve', email: 'eve@example.com' },
};
const invoiceById = (id: unknown): Invoice | undefined => invoices.find((one) => one.id === id);

let keys: Signer;
let accounts: Subgraph;
let billing: Subgraph;
let gateway: { readonly url: string; readonly stop: () => Promise<void> };

beforeAll(async () => {
  keys = await signer();
  const bulwark: BulwarkOptions = {
    authenticate: { issuer, audience: 'api', algorithms: ['ES256'], jwks: { keys: [keys.jwk] } },
    introspection: { allow: false, header: { name: 'x-gateway', secret } },
    rateLimit: { refusals: false }, // all of these refusals come from one address
  };
  accounts = await startSubgraph({
    name: 'accounts',
    bulwark,
    typeDefs: `
      type Query { me: User }
      type User @key(fields: "id") { id: ID! name: String email: String @auth(scopes: "directory:read") }
      type Invoice @key(fields: "id") @owner(field: "organisationId", claim: "org") { id: ID! comments: [String] }
    `,
    resolvers: {
      Query: {
        me: (_: unknown, __: unknown, context: { security: { principal: { id: string } } }) =>
          people[context.security.principal.id],
      },
      Invoice: { comments: ({ id }: Invoice) => [`comment on ${id}`] },
    },
    entities: { User: ({ id }) => people[String(id)], Invoice: ({ id }) => invoiceById(id) },
  });
  billing = await startSubgraph({
    name: 'billing',
    bulwark,
    typeDefs: `
      type Query { invoice(id: ID!): Invoice open: [Invoice] version: String @public }
      type Mutation { pay(id: ID!): Invoice @auth(roles: "ACCOUNTANT") }
      type Invoice @key(fields: "id") @owner(field: "organisationId", claim: "org") {
        id: ID! total: Int margin: Int @auth(roles: "ACCOUNTANT") author: User
      }
      type User @key(fields: "id") { id: ID! invoices: [Invoice] turnover: Int @auth(roles: "ACCOUNTANT") }
    `,
    resolvers: {
      Query: {
        invoice: (_: unknown, { id }: { id: string }) => invoiceById(id),
        open: () => invoices,
        version: () => '1',
      },
      Mutation: { pay: (_: unknown, { id }: { id: string }) => invoiceById(id) },
      Invoice: { author: ({ authorId }: Invoice) => ({ id: authorId }) },
      User: { invoices: () => invoices, turnover: () => 400 },
    },
    entities: { User: ({ id }) => ({ id }), Invoice: ({ id }) => invoiceById(id) },
  });
  gateway = await startGateway([accounts, billing]);
});

afterAll(async () => {
  await Promise.all([gateway, accounts, billing].map((server) => server.stop()));
});

async function startGateway(subgraphs: readonly Subgraph[]) {
  const composed = composeServices(subgraphs.map(({ name, url, typeDefs }) => ({ name, url, typeDefs })));
  if (!composed.supergraphSdl) throw new Error(JSON.stringify(composed.errors));
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl: composed.supergraphSdl,
    httpExecutorOpts: {
      // As every gateway is told to: the caller's credential goes on to the subgraphs.
      headers: (request) => {
        const { authorization } = (request?.context ?? {}) as { authorization?: string };
        return { ...(authorization !== undefined && { authorization }) };
      },
    },
  });
  const server = new ApolloServer<{ authorization?: string | undefined }>({ schema, stopOnTerminationSignals: false });
  const { url } = await startStandaloneServer(server, {
    context: async ({ req }) => ({ authorization: req.headers.authorization }),
    listen: { host: '127.0.0.1', port: 0 },
  });
  return { url, stop: () => server.stop() };
}

const token = (more: Record<string, unknown> = {}): Promise<string> =>
  keys.sign({ iss: issuer, aud: 'api', sub: 'ann', org: 'ours', ...more });
const accountant = (): Promise<string> => token({ roles: ['ACCOUNTANT'], scope: 'directory:read' });

async function ask(url: string, body: object, bearer?: string, headers: Record<string, string> = {}) {
  const authorization: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const all = { 'content-type': 'application/json', ...authorization, ...headers };
  const response = await fetch(url, { method: 'POST', headers: all, body: JSON.stringify(body) });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  const answer: any = await response.json();
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const errors = (answer.errors ?? []).map(({ path, extensions }: any) => [path?.join('.'), extensions?.code]);
  return { status: response.status, body: answer, data: answer.data, errors };
}

// Twice: the second time every document comes out of a cache.
describe.each(['first', 'second'])('through the gateway, the %s time', () => {
  const query = '{ me { name email turnover invoices { id total margin comments author { name } } } }';

  it('one answer is made of both subgraphs, for who may have it, and foreign objects are not in it', async () => {
    const { data, errors } = await ask(gateway.url, { query }, await accountant());
    const author = { name: 'Ann' };
    const own = (id: string, total: number, margin: number) => {
      return { id, total, margin, comments: [`comment on ${id}`], author };
    };
    expect(data).toEqual({
      me: {
        name: 'Ann',
        email: 'ann@example.com',
        turnover: 400,
        invoices: [own('1', 100, 7), null, own('3', 300, 9)],
      },
    });
    expect(errors).toEqual([['me.invoices.1', 'FORBIDDEN']]);
  });

  it('fields of either subgraph are denied by their own rules', async () => {
    const { data, errors } = await ask(
      gateway.url,
      { query: '{ me { name email turnover invoices { id margin } } }' },
      await token(),
    );
    expect(data).toEqual({
      me: {
        name: 'Ann',
        email: null,
        turnover: null,
        invoices: [{ id: '1', margin: null }, null, { id: '3', margin: null }],
      },
    });
    expect(errors.map(([path]: string[]) => path).toSorted()).toEqual([
      'me.email',
      'me.invoices.0.margin',
      'me.invoices.1',
      'me.invoices.2.margin',
      'me.turnover',
    ]);
    expect(new Set(errors.map(([, code]: string[]) => code))).toEqual(new Set(['FORBIDDEN']));
  });

  it('nothing of a foreign invoice comes from either subgraph', async () => {
    const { body, data } = await ask(
      gateway.url,
      { query: '{ a: invoice(id: "2") { total } b: invoice(id: "2") { comments author { email } } }' },
      await token(),
    );
    expect(data).toEqual({ a: null, b: null });
    expect(JSON.stringify(body)).not.toMatch(/200|comment on|eve@/);
  });

  it('who is nobody, or sends a bad token, gets what is public', async () => {
    const anonymous = await ask(gateway.url, { query: '{ version me { name } }' });
    expect([anonymous.data, anonymous.errors]).toEqual([{ version: '1', me: null }, [['me', 'UNAUTHENTICATED']]]);
    const bad = await ask(gateway.url, { query: '{ version me { name } }' }, `${await token()}x`);
    expect(bad.data).toEqual({ version: null, me: null });
  });

  it('a mutation is judged by the subgraph that runs it', async () => {
    const pay = 'mutation { pay(id: "1") { total } }';
    expect(await ask(gateway.url, { query: pay }, await token())).toMatchObject({ data: { pay: null } });
    expect(await ask(gateway.url, { query: pay }, await accountant())).toMatchObject({ data: { pay: { total: 100 } } });
  });
});

describe.each(['first', 'second'])('at a subgraph, the %s time', () => {
  const forged = { organisationId: 'ours', ownerId: 'ann', total: 1, margin: 1, comments: [] };
  const representations = ['1', '2', '3', '9'].map((id) => ({ __typename: 'Invoice', id, ...forged }));
  const entities = `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Invoice { id total } } }`;

  it('a forged representation is what its id names, and nothing else', async () => {
    const { data, errors } = await ask(
      billing.url,
      { query: entities, variables: { r: representations } },
      await token(),
    );
    const own = (id: string, total: number) => ({ __typename: 'Invoice', id, total });
    expect(data).toEqual({ _entities: [own('1', 100), null, own('3', 300), null] });
    expect(errors).toEqual([['_entities.1', 'FORBIDDEN']]);
  });

  it.each([
    ['an alias', 'query ($r: [_Any!]!) { x: _entities(representations: $r) { ...F } } fragment F on Invoice { total }'],
    [
      'the literal',
      '{ x: _entities(representations: [{ __typename: "Invoice", id: "2", organisationId: "ours" }]) { ... on Invoice { total } } }',
    ],
    ['the type name alone', 'query ($r: [_Any!]!) { x: _entities(representations: $r) { __typename } }'],
    [
      'a default',
      'query ($r: [_Any!]! = [{ __typename: "Invoice", id: "2", organisationId: "ours" }]) { x: _entities(representations: $r) { __typename } }',
    ],
  ])('a foreign object is not told through %s', async (_, query) => {
    const variables = query.includes('$r: [_Any!]!)') ? { r: [representations[1]] } : {};
    for (const body of [{ query, variables }, [{ query, variables }]]) {
      const { body: answer } = await ask(billing.url, body, await token());
      expect([answer].flat()[0]).toMatchObject({
        data: { x: [null] },
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    }
  });

  it('guarded fields of an entity without an owner are denied', async () => {
    const query =
      '{ _entities(representations: [{ __typename: "User", id: "eve", turnover: 1 }]) { ... on User { id turnover } } }';
    const denied = await ask(billing.url, { query }, await token());
    expect([denied.data, denied.errors]).toEqual([
      { _entities: [{ id: 'eve', turnover: null }] },
      [['_entities.0.turnover', 'FORBIDDEN']],
    ]);
    expect((await ask(billing.url, { query }, await accountant())).data).toEqual({
      _entities: [{ id: 'eve', turnover: 400 }],
    });
  });

  it('nobody gets an entity without a token', async () => {
    const { data, errors } = await ask(billing.url, { query: entities, variables: { r: representations } });
    expect([data ?? null, errors]).toEqual([null, [['_entities', 'UNAUTHENTICATED']]]);
  });

  it('the schema is for the gateway, which shows its secret', async () => {
    for (const query of ['{ _service { sdl } }', '{ v: version ...F } fragment F on Query { s: _service { sdl } }']) {
      const blocked = await ask(billing.url, { query }, await accountant());
      expect([blocked.status, blocked.data, blocked.errors[0][1]]).toEqual([403, undefined, 'INTROSPECTION_DISABLED']);
      const { data } = await ask(billing.url, { query }, await accountant(), { 'x-gateway': secret });
      expect(JSON.stringify(data)).toContain('type Invoice');
    }
  });

  it('a gateway that composes by introspection reads the schemas with the secret and without a token', async () => {
    const read = (url: string, headers?: Record<string, string>) =>
      ask(url, { query: '{ _service { sdl } }' }, undefined, headers);
    const introspected = await Promise.all(
      [accounts, billing].map(async (subgraph): Promise<Subgraph> => {
        const { data, errors } = await read(subgraph.url, { 'x-gateway': secret });
        expect(errors).toEqual([]);
        return { ...subgraph, typeDefs: parse(data._service.sdl) };
      }),
    );
    const composed = await startGateway(introspected);
    try {
      const query = '{ me { name invoices { id comments } } }';
      const { data } = await ask(composed.url, { query }, await token());
      expect(data.me.invoices[0]).toEqual({ id: '1', comments: ['comment on 1'] });
    } finally {
      await composed.stop();
    }
    for (const headers of [{}, { 'x-gateway': 'another secret, 32 characters too' }]) {
      const refused = await read(billing.url, headers);
      expect([refused.status, refused.errors]).toEqual([403, [[undefined, 'INTROSPECTION_DISABLED']]]);
    }
    // The secret opens the schema, and nothing that is in it.
    const closed = await ask(billing.url, { query: '{ open { id } }' }, undefined, { 'x-gateway': secret });
    expect(closed.errors).toEqual([['open', 'UNAUTHENTICATED']]);
  });

  it('a list of representations costs as much as what it asks for', async () => {
    const r = Array.from({ length: 900 }, () => ({ __typename: 'Invoice', id: '1' }));
    const authors = [1, 2, 3, 4, 5, 6].map((n) => `a${n}: author { id }`).join(' ');
    const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Invoice { ${authors} } } }`;
    expect((await ask(billing.url, { query, variables: { r } }, await token())).errors[0][1]).toBe(
      'COST_LIMIT_EXCEEDED',
    );
    const fewer = await ask(billing.url, { query, variables: { r: r.slice(0, 100) } }, await token());
    expect(fewer.data._entities).toHaveLength(100);
  });
});

it('a subgraph does not start where an owner would be read from inside of what is sent, whatever stands around its fields', () => {
  const typeDefs = `
    directive @key(fields: String!) on OBJECT
    type Order @key(fields: "id customers { id }") { id: ID! customers: [Customer] @rateLimit(max: 5, perResolve: true) }
    type Customer @owner(field: "organisationId", claim: "org") { id: ID! taxId: String }
    type Query { order: Order }
  `;
  for (const options of [{}, { execution: false } as const]) {
    const bulwark = createBulwark({ authenticate: () => null, exposure: false, ...options });
    const secured = (resolvers: IResolvers) => () =>
      bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
    expect(secured({})).toThrow('Order.customers needs a resolver');
    expect(secured({ Order: { customers: () => [] } })).not.toThrow();
  }
});
