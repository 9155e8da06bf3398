import { ApolloServer } from '@apollo/server';
import { guard, type SecurityEvent } from '@graphql-bulwark/core';
import { type IntrospectionOptions, introspection } from '@graphql-bulwark/introspection';
import {
  type FragmentDefinitionNode,
  getIntrospectionQuery,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../test/kit.ts';
import { compileIntrospectionLimits } from '../src/introspection-limits.ts';

const servers: ApolloServer<object>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(options: IntrospectionOptions, events: SecurityEvent[] = []): Promise<ApolloServer<object>> {
  const server = new ApolloServer<object>({
    typeDefs: 'type Query { greeting: String _service: Sdl } type Sdl { sdl: String }',
    resolvers: { Query: { _service: () => ({ sdl: 'the SDL' }) } },
    introspection: true,
    stopOnTerminationSignals: false,
    plugins: [guard({ controls: [introspection(options)], onEvent: (event) => events.push(event) })],
  });
  await server.start();
  servers.push(server);
  return server;
}

const everything = getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
  experimentalDirectiveDeprecation: true,
});
const typename = { kind: Kind.NAME, value: '__typename' } as const;
/** As caching clients send it. */
const everythingWithTypenames = print(
  visit(parse(everything), {
    SelectionSet: {
      leave: (node) => ({ ...node, selections: [...node.selections, { kind: Kind.FIELD, name: typename }] }),
    },
  }),
);
const chain = (length: number): string =>
  `{ __type(name: "Query") { fields { type { ${'ofType { '.repeat(length)}name${' }'.repeat(length)} } } } }`;

describe('how large an introspection may be', () => {
  it('lets the largest standard query pass, with and without __typename in every selection set', async () => {
    const server = await serve({ allow: true });
    for (const query of [
      everything,
      everythingWithTypenames,
      getIntrospectionQuery(),
      getIntrospectionQuery({ descriptions: false }),
    ]) {
      for (const _time of [1, 2]) expect((await send(server, query, as(null))).status).toBe(200);
    }
  });

  it.each([
    ['one field more', everythingWithTypenames.replace('queryType {', 'queryType { kind'), 'introspection.maxFields'],
    [
      'the whole query twice',
      everything
        .replace('__schema', 'again: __schema { ...S } __schema')
        .concat(' fragment S on __Schema { types { ...FullType } }'),
      'introspection.maxFields',
    ],
    ['one ofType more', chain(10), 'introspection.maxWrappers'],
    [
      'ofType through fragments',
      `{ __type(name: "Query") { fields { type { ...A } } } } fragment A on __Type { ofType { ofType { ofType { ofType { ...B } } } } }
       fragment B on __Type { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } }`,
      'introspection.maxWrappers',
    ],
  ])('refuses %s, twice', async (_name, query, limit) => {
    const events: SecurityEvent[] = [];
    const server = await serve({ allow: true }, events);
    for (const _time of [1, 2]) {
      const answer = await send(server, query, as(null));
      expect([answer.status, codes(answer)]).toEqual([400, ['INTROSPECTION_LIMIT_EXCEEDED']]);
    }
    expect(events).toMatchObject([{ limit }, { limit }]);
  });

  it('can be set, and switched off', async () => {
    expect((await send(await serve({ allow: true }), chain(9), as(null))).status).toBe(200);
    expect((await send(await serve({ allow: true, maxWrappers: 2 }), chain(3), as(null))).status).toBe(400);
    expect(
      (await send(await serve({ allow: true, maxWrappers: false, maxDepth: false }), chain(60), as(null))).status,
    ).toBe(200);
    expect(() => introspection({ maxDepth: -1 })).toThrow(/maxDepth/);
  });
});

describe('an introspection made to be expensive to measure', () => {
  it('is refused where ofType nests a thousand times, whatever the limit is', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ allow: true, maxWrappers: 5_000, maxDepth: false, maxFields: false }, events);
    for (const _time of [1, 2]) {
      const answer = await send(server, chain(1_001), as(null));
      expect([answer.status, codes(answer)]).toEqual([400, ['INTROSPECTION_LIMIT_EXCEEDED']]);
    }
    expect(events).toMatchObject([1, 2].map(() => ({ limit: 'introspection.maxWrappers', actual: Infinity })));
    expect(codes(await send(server, chain(1_000), as(null)))).toEqual([]);
  });

  /** Measures fragments of which each spreads the next one twice. @returns how often their selections were read. */
  function readsOf(fragments: number): number {
    const spreads = Array.from(
      { length: fragments },
      (_, i) => `fragment F${i} on __Type { ...F${i + 1} ... { ...F${i + 1} } }`,
    );
    const document = parse(
      `{ __type(name: "Query") { ...F0 } } ${spreads.join(' ')} fragment F${fragments} on __Type { ofType { name } }`,
    );
    const [operation, ...others] = document.definitions as [OperationDefinitionNode, ...FragmentDefinitionNode[]];
    let reads = 0;
    for (const { selectionSet } of others) {
      const { selections } = selectionSet;
      Object.defineProperty(selectionSet, 'selections', { get: () => ((reads += 1), selections) });
    }
    compileIntrospectionLimits({ maxFields: false })({ document, operation });
    return reads;
  }

  it('growth: fragments that spread the next one twice are read about as often as there are fragments', () => {
    expect(readsOf(16)).toBeLessThan(3 * readsOf(8));
  });
});

describe('a secret header', () => {
  const header = { name: 'X-Schema-Key', secret: '0123456789abcdef' };

  it('lets the callers who send it introspect and read the SDL, and no others, in any order', async () => {
    const server = await serve({ allow: false, header });
    for (const query of ['{ __schema { queryType { name } } }', '{ _service { sdl } }']) {
      const withKey = (key: string) => send(server, query, as(null), { headers: { 'x-schema-key': key } });
      expect((await withKey(header.secret)).status).toBe(200);
      expect((await send(server, query, as(null))).status).toBe(403);
      expect((await withKey('0123456789abcdeg')).status).toBe(403);
      expect((await withKey('')).status).toBe(403);
      expect((await withKey(header.secret)).status).toBe(200);
    }
  });

  it('must have a name, and a secret too long to guess', () => {
    for (const bad of [
      { name: '', secret: header.secret },
      { name: 'x', secret: 'short' },
      { name: 'x' },
      { ...header, value: 1 },
    ]) {
      expect(() => introspection({ header: bad as never })).toThrow(TypeError);
    }
  });
});
