/** `@owner` on fields, arguments and input fields, its loaders, and what strangers get in each mode. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema, type Loaders, loaded, notFound } from '../../src/index.ts';
import { admin, denied, everyWay, everywhere, nobody, plain, serve } from '../ways.ts';

const me = as({ id: 'me' });

interface Doc {
  readonly id: string;
  readonly ownerId: string;
}

const rows: readonly Doc[] = [
  { id: 'own', ownerId: 'me' },
  { id: 'other', ownerId: 'them' },
];

const row = (id: unknown): Doc | undefined => rows.find((one) => one.id === id);

function schemaOf(types: string, resolvers: Record<string, object> = {}): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: [authDirectives, types],
    resolvers: resolvers as NonNullable<Parameters<typeof makeExecutableSchema>[0]['resolvers']>,
    resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
  });
}

const listed = {
  docs: () => rows,
  docsNN: () => rows,
  node: () => rows[1],
  nodes: () => [rows[1], rows[0], { open: 1 }],
};

describe('W5: a denied item of a list of non-null items', () => {
  const types = 'type Query { docsNN: [Doc!]! } type Doc @owner { id: ID }';

  it('W5: a denied item nulls a list of non-null items', async () => {
    const api = await serve(schemaOf(types, { Query: listed }));
    const expected = { data: null, errors: [denied('docsNN.1', 'FORBIDDEN')] };
    expect(await everyWay(api, '{docsNN{id}}', me)).toEqual(everywhere(expected));
  });

  it('W5: with FILTER a denied item is left out of its list without an error', async () => {
    const api = await serve(schemaOf(types.replace('@owner', '@owner(mode: FILTER)'), { Query: listed }));
    const expected = { data: { docsNN: [{ id: 'own' }] }, errors: [] };
    expect(await everyWay(api, '{docsNN{id}}', me)).toEqual(everywhere(expected));
    expect(api.events.map(({ type }) => type)).toEqual(Array.from({ length: 6 }, () => 'access.denied'));
    expect(codes(await send(api.server, '{docsNN{id}}', nobody))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('FILTER', () => {
  const types = `
    type Query { nodes: [Node] matrix: [[Doc!]!]! node: Node later: [Doc] later2: [Doc] count: [Doc] one: Doc }
    union Node = Doc | Open
    type Doc @owner(mode: FILTER) { id: ID }
    type Open { open: Int }
  `;
  const resolvers = {
    Query: {
      ...listed,
      one: () => rows[1],
      matrix: () => [rows, [rows[1]], new Set(rows)],
      later: async () => rows,
      later2: () => [Promise.resolve(rows[1]), Promise.reject(new Error('gone')), Promise.resolve(rows[0]), null],
    },
    Node: { __resolveType: (value: object) => ('open' in value ? 'Open' : 'Doc') },
  };
  const api = (): ReturnType<typeof serve> => serve(schemaOf(types, resolvers));

  it('FILTER leaves items out of lists of unions, nested lists, promises and iterables', async () => {
    const answer = await send((await api()).server, '{nodes{__typename} matrix{id} later{id}}', me);
    expect(answer.body).toEqual({
      data: {
        nodes: [{ __typename: 'Doc' }, { __typename: 'Open' }],
        matrix: [[{ id: 'own' }], [], [{ id: 'own' }]],
        later: [{ id: 'own' }],
      },
    });
  });

  it('FILTER keeps the errors and nulls of a list in their places', async () => {
    const answer = await send((await api()).server, '{later2{id}}', me);
    expect(answer.body.data).toEqual({ later2: [null, { id: 'own' }, null] });
    expect(answer.body.errors.map(({ path }: { path: unknown }) => path)).toEqual([['later2', 0]]);
  });

  it('FILTER answers null for a hidden object as for a missing one, and reports the denial', async () => {
    const served = await api();
    const expected = { data: { one: null, node: null }, errors: [] };
    expect(await everyWay(served, '{one{id} node{__typename}}', me)).toEqual(everywhere(expected));
    expect(served.events[0]).toMatchObject({ type: 'access.denied', coordinate: 'Doc', code: 'FORBIDDEN', count: 2 });
  });

  it.each(['sure', 'sureNode', 'list { doc'])(
    'FILTER answers a hidden object as a missing one in %s',
    async (field) => {
      const sdl = `
      type Query { sure: Doc! sureNode: Node! list: [Holder] }
      type Holder { doc: Doc! }
      union Node = Doc | Open
      type Doc @owner(mode: FILTER) { id: ID }
      type Open { open: Int }
    `;
      const query = `{ ${field} { __typename } ${field.includes('{') ? '}' : ''} }`;
      const answers = [rows[1], null].map(async (found) => {
        const holders = [{ doc: rows[0] }, { doc: found }];
        const Query = { sure: () => found, sureNode: () => found, list: () => holders };
        return everyWay(await serve(schemaOf(sdl, { Query, Node: resolvers.Node })), query, me);
      });
      const [hidden, missing] = await Promise.all(answers);
      expect(hidden).toEqual(missing);
      expect(hidden?.['http']).toMatchObject({
        errors: [[expect.any(String), 'INTERNAL_SERVER_ERROR', expect.any(String)]],
      });
    },
  );
});

describe('NULL', () => {
  const types =
    'type Query { doc(id: ID): Doc docs: [Doc] node: N } interface N { id: ID } type Doc implements N @owner(mode: NULL) { id: ID }';
  const resolvers = {
    Query: { doc: (_: unknown, { id }: Doc) => row(id), ...listed },
    N: { __resolveType: () => 'Doc' },
  };

  it('NULL replaces an object of another owner without an error', async () => {
    const api = await serve(schemaOf(types, resolvers));
    const expected = { data: { a: { id: 'own' }, b: null, docs: [{ id: 'own' }, null], node: null }, errors: [] };
    expect(await everyWay(api, '{a:doc(id:"own"){id} b:doc(id:"other"){id} docs{id} node{id}}', me)).toEqual(
      everywhere(expected),
    );
  });

  it.each(['doc: Doc!', 'doc: [Doc!]', 'doc: [[Doc!]]', 'doc: N!'])(
    'NULL keeps the server from starting where there can be no null: %s',
    (field) => {
      expect(() => guardSchema(schemaOf(`${types} extend type Query { x${field} }`))).toThrow(
        'needs a place that can be null',
      );
    },
  );
});

describe('W11: NOT_FOUND', () => {
  it('W11: the answer for a hidden object equals that for a missing one, byte by byte', async () => {
    const resolvers = {
      Query: {
        doc: (_: unknown, { id }: Doc) => {
          const found = row(id);
          if (!found) throw notFound();
          return found;
        },
      },
    };
    const api = await serve(
      schemaOf('type Query { doc(id: ID): Doc } type Doc @owner(mode: NOT_FOUND) { id: ID }', resolvers),
    );
    const query = 'query($id:ID){doc(id:$id){id}}';
    const foreign = await send(api.server, query, me, { variables: { id: 'other' } });
    const missing = await send(api.server, query, me, { variables: { id: 'nowhere' } });
    expect(JSON.stringify(foreign)).toBe(JSON.stringify(missing));
    expect([foreign.status, codes(foreign)]).toEqual([200, ['NOT_FOUND']]);
    expect((await send(api.server, query, me, { variables: { id: 'own' } })).body).toEqual({
      data: { doc: { id: 'own' } },
    });
  });

  it('W11: a policy beside NOT_FOUND on a field does not reveal a hidden object', async () => {
    const field = 'archive(id: ID): String @auth(policies: "closed") @owner(loader: "doc", mode: NOT_FOUND)';
    const api = await serve(schemaOf(`type Query { ${field} }`, { Query: { archive: () => 'done' } }), {
      policies: { closed: (_, { args }) => args['id'] !== 'other' },
      loaders: { doc: ({ args }) => row(args['id']) ?? null },
    });
    const query = 'query($id:ID){archive(id:$id)}';
    const foreign = await send(api.server, query, me, { variables: { id: 'other' } });
    const missing = await send(api.server, query, me, { variables: { id: 'nowhere' } });
    expect(JSON.stringify(foreign)).toBe(JSON.stringify(missing));
    expect(codes(foreign)).toEqual(['NOT_FOUND']);
    expect((await send(api.server, query, me, { variables: { id: 'own' } })).body.data).toEqual({ archive: 'done' });
  });
});

describe('NOT_FOUND', () => {
  const types = `
    type Query { docs: [Doc] docsNN: [Doc!]! matrix: [[Doc!]!]! later: [Doc] any: [Any] set: [Doc] one: Doc sure: Doc! node: Any missing: Doc }
    union Any = Doc | Open
    type Doc @auth(policies: "open") @owner(mode: NOT_FOUND) { id: ID }
    type Open { open: Int }
  `;
  const resolvers = {
    Query: {
      ...listed,
      matrix: () => [rows, [rows[1]]],
      later: async () => rows.map(async (one) => one),
      any: () => [rows[1], { open: 1 }, rows[0]],
      set: () => new Set([notFound(), ...rows]),
      one: () => rows[1],
      sure: () => rows[1],
      missing: () => notFound(),
    },
    Any: { __resolveType: (value: object) => ('open' in value ? 'Open' : 'Doc') },
  };
  const asked: unknown[] = [];
  const open = (_: unknown, { source }: { source: unknown }): boolean => {
    asked.push(source);
    return (source as Doc).ownerId === 'me';
  };
  const start = (): ReturnType<typeof serve> => serve(schemaOf(types, resolvers), { policies: { open } });

  it('NOT_FOUND leaves a hidden item out of its list, as a missing row would be', async () => {
    const api = await start();
    const own = { id: 'own' };
    const data = { docs: [own], docsNN: [own], matrix: [[own], []], later: [own], any: [{ open: 1 }, own] };
    const query = '{docs{id} docsNN{id} matrix{id} later{id} any{... on Doc{id} ... on Open{open}}}';
    expect(await everyWay(api, query, me)).toEqual(everywhere({ data, errors: [] }));
    expect(api.events[0]).toMatchObject({ type: 'access.denied', code: 'NOT_FOUND', coordinate: 'Doc', count: 6 });
  });

  it('NOT_FOUND leaves errors of notFound() in a list in their places', async () => {
    const answer = await send((await start()).server, '{set{id}}', me);
    expect(answer.body.data).toEqual({ set: [null, { id: 'own' }] });
    expect(codes(answer)).toEqual(['NOT_FOUND']);
  });

  it('no policy is asked about an object that NOT_FOUND hides', async () => {
    asked.length = 0;
    const api = await start();
    const hidden = (path: string) => [path, 'NOT_FOUND', 'Not found'] as const;
    expect(await everyWay(api, '{missing{id} one{id} node{__typename}}', me)).toEqual(
      everywhere({ data: { missing: null, one: null, node: null }, errors: ['missing', 'one', 'node'].map(hidden) }),
    );
    expect(await everyWay(api, '{sure{id}}', me)).toEqual(everywhere({ data: null, errors: [hidden('sure')] }));
    expect(asked).toEqual([]);
  });
});

describe('W12: an argument that names the owner', () => {
  const orders = (_: unknown, args: unknown): string => JSON.stringify(args);
  const types = `
    type Query {
      orders(userId: ID @owner): String
      many(userIds: [ID] @owner): String
      field(input: In): String @owner(arg: "input.userId")
      optional(userId: ID @owner(optional: true)): String
      preset(userId: ID @owner(preset: true)): String
      presets(userIds: [ID!] @owner(preset: true)): String
      filtered(where: Where): String
    }
    input In { userId: ID }
    input Where { userId: ID @owner }
  `;
  const fields = ['orders', 'many', 'field', 'optional', 'preset', 'presets', 'filtered'];
  const api = (): ReturnType<typeof serve> =>
    serve(schemaOf(types, { Query: Object.fromEntries(fields.map((name) => [name, orders])) }));

  it.each([
    ['orders(userId:"me")', true],
    ['orders(userId:"other")', false],
    ['orders', false],
    ['orders(userId:null)', false],
    ['orders(userId:$other)', false],
    ['orders(userId:$left)', false],
    ['many(userIds:["me"])', true],
    ['many(userIds:"me")', true],
    ['many(userIds:["me","other"])', false],
    ['many(userIds:["me",null])', false],
    ['many(userIds:[])', false],
    ['many', false],
    ['field(input:{userId:"me"})', true],
    ['field(input:{userId:"other"})', false],
    ['field(input:{userId:null})', false],
    ['field(input:{})', false],
    ['field(input:null)', false],
    ['field', false],
    ['optional', true],
    ['optional(userId:null)', false],
    ['optional(userId:"other")', false],
    ['preset(userId:"other")', false],
    ['preset(userId:null)', false],
    ['filtered(where:{userId:"me"})', true],
    ['filtered(where:{userId:"other"})', false],
    ['filtered(where:{})', false],
  ])('W12: an argument that names the owner: %s', async (selection, allowed) => {
    const name = /^\w+/.exec(selection)?.[0] ?? '';
    const query = `query($other:ID="other",$left:ID){${selection} __typename @skip(if:false) unused:optional(userId:$left) @skip(if:true) u2:optional(userId:$other) @skip(if:true)}`;
    const ways = await everyWay(await api(), query, me);
    for (const way of Object.values(ways)) {
      const data = way.data as Record<string, unknown>;
      expect([way.errors, data[name] === null]).toEqual(allowed ? [[], false] : [[denied(name, 'FORBIDDEN')], true]);
    }
  });

  it('W12: with preset an argument that is left out is filled in', async () => {
    const answer = await send((await api()).server, '{preset presets}', me);
    expect(answer.body).toEqual({ data: { preset: '{"userId":"me"}', presets: '{"userIds":["me"]}' } });
  });

  it('W12: policies and loaders are given the argument that preset filled in', async () => {
    const argument = '(userId: ID @owner(preset: true)): String';
    const filled = await serve(
      schemaOf(
        `type Query { p${argument} @auth(policies: "own") l${argument} @owner(loader: "user") a${argument} @owner(arg: "userId") }`,
        { Query: { p: orders, l: orders, a: orders } },
      ),
      {
        policies: { own: (_, { args }) => args['userId'] === 'me' },
        loaders: { user: ({ args }) => args['userId'] ?? null },
      },
    );
    const data = { p: '{"userId":"me"}', l: '{"userId":"me"}', a: '{"userId":"me"}' };
    expect(await everyWay(filled, '{p l a}', me)).toEqual(everywhere({ data, errors: [] }));
    expect(codes(await send(filled.server, '{p l a}', nobody))).toEqual(
      Array.from({ length: 3 }, () => 'UNAUTHENTICATED'),
    );
  });
});

describe('W13, W14: mutations on what there is', () => {
  const types = `
    type Query { a: Int }
    type Mutation {
      first: String
      give(id: ID): String
      deleteDoc(id: ID): String @owner(loader: "doc")
      deleteDocs(ids: [ID!]): String @owner(loader: "docs")
      updateDoc(id: ID, input: In): String @owner(loader: "doc", bypass: "ADMIN")
      hidden(id: ID): String @owner(loader: "doc", mode: NULL)
    }
    input In { title: String ownerId: ID @owner }
  `;
  const state = { ran: [] as string[], loads: [] as unknown[], owner: 'me' };
  const note =
    (name: string) =>
    (_: unknown, __: unknown, ___: unknown, info: Parameters<typeof loaded>[0]): string => {
      state.ran.push(name);
      if (name === 'give') state.owner = 'them';
      return `${name} ${(loaded(info, 'doc') as Doc | undefined)?.id ?? '-'}`;
    };
  const names = ['first', 'give', 'deleteDoc', 'deleteDocs', 'updateDoc', 'hidden'];
  const find = (id: unknown): Doc | null => {
    state.loads.push(id);
    if (id === 'own') return { id: 'own', ownerId: state.owner };
    return row(id) ?? null;
  };
  const loaders: Loaders<unknown> = {
    doc: async ({ args }) => {
      if (args['id'] === 'broken') throw new Error('connection to 10.0.0.5 lost');
      if (args['id'] === 'slow') return new Promise(() => {});
      return find(args['id']);
    },
    docs: ({ args }) => (args['ids'] as unknown[]).map(find),
  };
  const start = (): ReturnType<typeof serve> => {
    state.ran = [];
    state.loads = [];
    state.owner = 'me';
    return serve(schemaOf(types, { Mutation: Object.fromEntries(names.map((name) => [name, note(name)])) }), {
      loaders,
      timeoutMilliseconds: 50,
    });
  };

  it.each([
    ['W13', 'mutation{first deleteDoc(id:"other")}', 403, 'FORBIDDEN'],
    [
      'W13 under an alias, in a fragment',
      'mutation{first ...F} fragment F on Mutation{x:deleteDoc(id:"other")}',
      403,
      'FORBIDDEN',
    ],
    ['W13 with one of several', 'mutation{first deleteDocs(ids:["own","other"])}', 403, 'FORBIDDEN'],
    ['W13 with one of several missing', 'mutation{first deleteDocs(ids:["own","nowhere"])}', 404, 'NOT_FOUND'],
    ['W13 with none', 'mutation{first deleteDocs(ids:[])}', 404, 'NOT_FOUND'],
    ['W13 with a missing row', 'mutation{first deleteDoc(id:"nowhere")}', 404, 'NOT_FOUND'],
    ['W13 with a loader that fails', 'mutation{first deleteDoc(id:"broken")}', 403, 'FORBIDDEN'],
    ['W13 with a loader that hangs', 'mutation{first deleteDoc(id:"slow")}', 403, 'FORBIDDEN'],
    ['W14', 'mutation{first updateDoc(id:"own",input:{ownerId:"other"})}', 403, 'FORBIDDEN'],
    ['W14 with null', 'mutation{first updateDoc(id:"own",input:{ownerId:null})}', 403, 'FORBIDDEN'],
  ])('W13, W14: %s is refused and nothing runs', async (_, query, status, code) => {
    const api = await start();
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(api.server, query, me);
      expect([answer.status, answer.body.data, codes(answer)]).toEqual([status, undefined, [code]]);
      expect(JSON.stringify(answer.body)).not.toContain('10.0.0.5');
    }
    expect(state.ran).toEqual([]);
    // Under graphql-js itself the guarded field is denied all the same.
    const direct = await graphql({ schema: api.schema, source: query.replace('first ', ''), contextValue: { ...me } });
    expect(direct.errors).toHaveLength(1);
    expect(state.ran).toEqual([]);
  });

  it('W13: a row of the caller is loaded once, for the check and for the resolver', async () => {
    const api = await start();
    const answer = await send(api.server, 'mutation{deleteDoc(id:"own")}', me);
    expect(answer.body).toEqual({ data: { deleteDoc: 'deleteDoc own' } });
    expect([state.ran, state.loads]).toEqual([['deleteDoc'], ['own']]);
    const updated = await send(
      api.server,
      'mutation{updateDoc(id:"own",input:{title:"x"}) b:updateDoc(id:"own",input:{ownerId:"me"})}',
      me,
    );
    expect(updated.body.errors).toBeUndefined();
  });

  it('W13: an owner that an earlier field changed is noticed', async () => {
    const api = await start();
    const answer = await send(api.server, 'mutation{give(id:"own") deleteDoc(id:"own")}', me);
    expect(answer.body.data).toEqual({ give: 'give -', deleteDoc: null });
    expect(codes(answer)).toEqual(['FORBIDDEN']);
    expect(state.ran).toEqual(['give']);
  });

  it('W13: with mode NULL a denied mutation field is null, and the others run', async () => {
    const api = await start();
    const answer = await send(api.server, 'mutation{hidden(id:"other") first}', me);
    expect(answer.body).toEqual({ data: { hidden: null, first: 'first -' } });
    expect(state.ran).toEqual(['first']);
  });

  it('W17: a role in bypass passes, and the bypass is reported', async () => {
    const api = await start();
    const answer = await send(api.server, 'mutation{updateDoc(id:"other",input:{title:"x"})}', admin);
    expect(answer.body).toEqual({ data: { updateDoc: 'updateDoc -' } });
    expect(api.events.filter(({ type }) => type === 'access.bypassed')).toMatchObject([
      { coordinate: 'Mutation.updateDoc', principalId: 'boss' },
    ]);
    // The input field has no bypass.
    expect((await send(api.server, 'mutation{updateDoc(id:"other",input:{ownerId:"x"})}', admin)).status).toBe(403);
  });
});

describe('what an earlier root field of a mutation may have changed', () => {
  const types = `
    type Query { a: Int }
    type Mutation { docs: Docs! give(to: ID!): String @public guarded: Doc @auth(roles: "ADMIN") doc: Doc }
    type Docs {
      rename: String @owner(loader: "doc")
      give(to: ID!): String @owner(loader: "doc")
      read: String @auth(policies: "owns")
      doc: Doc
    }
    type Doc @owner(loader: "doc") { id: ID }
  `;
  const start = (): ReturnType<typeof serve> => {
    const docs = {};
    const doc = { id: 'd' };
    let ownerId = 'me';
    const give = (_: unknown, { to }: { to: string }): string => (ownerId = to);
    return serve(
      schemaOf(types, {
        Mutation: { docs: () => docs, give, guarded: () => void (ownerId = 'them'), doc: () => doc },
        Docs: { rename: () => 'renamed', read: () => 'read', give, doc: () => doc },
      }),
      {
        loaders: { doc: async () => ({ ownerId }) },
        policies: { owns: { key: () => 'doc', check: async () => ownerId === 'me' } },
      },
    );
  };

  it.each([
    ['below another field', 'mutation{x:docs{rename read} y:docs{give(to:"them")} z:docs{rename read}}'],
    ['by a field without a rule', 'mutation{x:docs{rename read} give(to:"them") z:docs{rename read}}'],
    ['by a field with a rule for claims', 'mutation{x:docs{rename read} guarded{id} z:docs{rename read}}'],
  ])('what a mutation changed %s is asked again', async (_, query) => {
    const { body } = await send((await start()).server, query, as({ id: 'me', roles: ['ADMIN'] }));
    expect(body.data).toMatchObject({ x: { rename: 'renamed', read: 'read' }, z: { rename: null, read: null } });
  });

  it('policies are asked again about objects after the root field that may have changed them', async () => {
    const query = 'mutation{x:docs{doc{id}} doc{id} give(to:"them") z:docs{doc{id}} again:doc{id}}';
    const { body } = await send((await start()).server, query, me);
    expect(body.data).toEqual({
      x: { doc: { id: 'd' } },
      doc: { id: 'd' },
      give: 'them',
      z: { doc: null },
      again: null,
    });
  });
});

describe('what a resolver is offered of the loaders', () => {
  const types = `
    scalar Any
    type Query {
      a(any: Any): String @owner(loader: "doc")
      either: String @owner(loader: "doc") @owner(loader: "broken")
      late: String @owner(loader: "later") @owner(loader: "broken")
      spared: String @owner(loader: "broken") @owner(loader: "doc", bypass: "ADMIN")
      again: String @public
      soon: String @owner(loader: "later")
    }
  `;
  let loads = 0;
  const load = (): object => ({ id: (loads += 1), ownerId: 'me' });
  const found = (...[, , , info]: [unknown, unknown, unknown, Parameters<typeof loaded>[0]]): string =>
    JSON.stringify(['doc', 'later', 'broken'].map((name) => (loaded(info, name) as { id: number } | undefined)?.id));
  const again = (_: unknown, __: unknown, context: { security: unknown }): void => {
    context.security = as({ id: 'me' }).security;
  };
  const schema = guardSchema(
    schemaOf(types, { Query: { a: found, either: found, late: found, spared: found, again, soon: found } }),
    {
      loaders: {
        doc: load,
        later: async () => load(),
        broken: () => {
          throw new Error('connection to 10.0.0.5 lost');
        },
      },
    },
  );
  const ask = async (source: string, contextValue: object, variableValues = {}): Promise<unknown> => {
    loads = 0;
    return plain(await graphql({ schema, source, contextValue: { ...contextValue }, variableValues }));
  };

  it('a resolver is offered what the decision loaded, and nothing else can fail its field', async () => {
    expect(await ask('{either late}', me)).toEqual({ data: { either: '[1,null,null]', late: '[null,2,null]' } });
    expect(await ask('{spared}', admin)).toEqual({ data: { spared: '[null,null,null]' } });
  });

  it.each([
    ['a date', new Date(0)],
    ['a bigint', 1n],
    ['an object of a class', new URL('https://example.com')],
  ])('a resolver is offered the row that was checked, for %s too', async (_, any) => {
    expect(await ask('query($any: Any){a(any: $any)}', me, { any })).toEqual({ data: { a: '[1,null,null]' } });
  });

  it('a resolver is offered the row that was checked when the caller is put into the context again meanwhile', async () => {
    expect(await ask('{soon again b:soon}', me)).toEqual({
      data: { soon: '[null,1,null]', again: null, b: '[null,2,null]' },
    });
  });
});

describe('@owner on a field', () => {
  const types = `
    type Query { users: [User] }
    type User { id: ID email: String @owner(field: "id") phone: String @owner(field: "id", mode: NULL) note: String @owner(loader: "boss") }
  `;
  const resolvers = {
    Query: {
      users: () => [
        { id: 'me', email: 'm', phone: '1', note: 'n' },
        { id: 'them', email: 't', phone: '2', note: 'n' },
      ],
    },
  };

  it('@owner on a field compares the object that has the field', async () => {
    const loaders = { boss: ({ source }: { source: unknown }) => [(source as Doc).id === 'them' ? 'me' : 'x', 'y'] };
    const api = await serve(schemaOf(types, resolvers), { loaders });
    const expected = {
      data: {
        users: [
          { email: 'm', phone: '1', note: null },
          { email: null, phone: null, note: 'n' },
        ],
      },
      errors: [denied('users.0.note', 'FORBIDDEN'), denied('users.1.email', 'FORBIDDEN')],
    };
    expect(await everyWay(api, '{users{email phone note}}', me)).toEqual(everywhere(expected));
  });
});

describe('owners in other forms', () => {
  it('owners and claims are compared after normalizeOwner', async () => {
    const normalizeOwner = (value: unknown): string | null =>
      typeof value === 'string' ? value.toLowerCase() : ((value as { hex?: string }).hex ?? null);
    const schema = guardSchema(
      schemaOf('type Query { docs: [Doc] } type Doc @owner { n: Int }', {
        Query: {
          docs: () => [
            { n: 1, ownerId: { hex: 'me' } },
            { n: 2, ownerId: {} },
            { n: 3, ownerId: 'Me' },
            { n: 4, ownerId: null },
          ],
        },
      }),
      { normalizeOwner },
    );
    const result = await graphql({ schema, source: '{docs{n}}', contextValue: as({ id: 'ME' }) });
    expect(plain(result.data)).toEqual({ docs: [{ n: 1 }, null, { n: 3 }, null] });
  });

  it('a loader finds the owners of an object', async () => {
    const loaders = {
      owners: async ({ source }: { source: unknown }) => ((source as { n: number }).n === 1 ? ['x', 'me'] : []),
    };
    const api = await serve(
      schemaOf('type Query { docs: [Doc] } type Doc @owner(loader: "owners") { n: Int }', {
        Query: { docs: () => [{ n: 1 }, { n: 2 }] },
      }),
      { loaders },
    );
    const answer = await send(api.server, '{docs{n}}', me);
    expect(answer.body.data).toEqual({ docs: [{ n: 1 }, null] });
  });

  it.each<[string, unknown, boolean]>([
    ['ids, of which one is the caller', ['them', 'me'], true],
    ['objects that are all of the caller', [{ ownerId: 'me' }, { ownerId: 'me' }], true],
    ['objects of which one is not', [{ ownerId: 'me' }, { ownerId: 'them' }], false],
    ['an id of the caller beside an object of somebody else', ['me', { ownerId: 'them' }], false],
    ['an id of somebody else beside an object of the caller', ['them', { ownerId: 'me' }], false],
    ['an id of the caller beside nothing', ['me', null], false],
    ['an id and an object of the caller', ['me', { ownerId: 'me' }], true],
  ])('a loader may return a list of %s', async (_, found, isOwned) => {
    const sdl = 'type Query { doc: Doc } type Doc @owner(loader: "owners") { n: Int }';
    const api = await serve(schemaOf(sdl, { Query: { doc: () => ({ n: 1 }) } }), { loaders: { owners: () => found } });
    expect((await send(api.server, '{doc{n}}', me)).body.data).toEqual({ doc: isOwned ? { n: 1 } : null });
  });

  it("a loader is given the field's info, its arguments and the context", async () => {
    const told: unknown[] = [];
    const loaders = {
      owners: ({ info, ...asked }: { info?: { fieldName: string; path: { key: unknown } } | undefined }) => {
        told.push({ ...asked, field: info?.fieldName, at: info?.path.key });
        return 'me';
      },
    };
    const sdl = 'type Query { doc(id: ID): String @owner(loader: "owners") }';
    const api = await serve(schemaOf(sdl, { Query: { doc: () => 'text' } }), { loaders });
    expect((await send(api.server, '{one:doc(id:"1")}', me)).body.data).toEqual({ one: 'text' });
    const context = expect.objectContaining({ security: me.security });
    expect(told).toEqual([{ args: { id: '1' }, source: undefined, context, field: 'doc', at: 'one' }]);
  });

  it('a loader decides although the object has an ownerId of its own', async () => {
    const owners = new Map([
      [1, 'them'],
      [2, 'me'],
    ]);
    const loaders = { owners: ({ source }: { source: unknown }) => owners.get((source as { n: number }).n) };
    const sdl = 'type Query { docs: [Doc] doc: Doc } type Doc @owner(loader: "owners") { n: Int }';
    // Anybody can write their name into this column; the loader reads another one.
    const docs = [1, 2].map((n) => ({ n, ownerId: 'me' }));
    const api = await serve(schemaOf(sdl, { Query: { docs: () => docs, doc: () => docs[0] } }), { loaders });
    const ofList = { data: { docs: [null, { n: 2 }] }, errors: [denied('docs.0', 'FORBIDDEN')] };
    expect(await everyWay(api, '{docs{n}}', me)).toEqual(everywhere(ofList));
    const ofOne = { data: { doc: null }, errors: [denied('doc', 'FORBIDDEN')] };
    expect(await everyWay(api, '{doc{n}}', me)).toEqual(everywhere(ofOne));
  });
});

describe('@owner refuses to start', () => {
  it.each([
    ['type Query { a: Int @owner }', 'a root field has no object'],
    ['type Query { a(x: ID): Int @owner(arg: "y") }', 'leads to no argument'],
    ['type Query { a(x: In): Int @owner(arg: "x.z") } input In { y: ID }', 'leads to no argument'],
    ['type Query { a: Int @owner(loader: "nope") }', "there is no loader 'nope'"],
    ['type Query { a(x: ID): Int! @owner(arg: "x", mode: NULL) }', 'can be null'],
    ['type Query { a(x: ID @owner(mode: NULL)): [Int!]! }', 'Query.a(x:): mode NULL of @owner'],
    ['type Query { a(i: [In!]): Int! } input In { i: In x: ID @owner(mode: NULL) }', 'In.x: mode NULL of @owner'],
    [
      'interface N { a(x: ID): Int } type Query implements N { a(x: ID @owner(mode: NULL)): Int! }',
      'but Query.a cannot',
    ],
    ['type Subscription { a(x: ID): Int @owner(arg: "x", mode: NULL) } type Query { a: Int }', 'refused as a whole'],
    ['type Subscription { a(x: ID @owner(mode: NULL)): Int } type Query { a: Int }', 'Subscription.a(x:): mode NULL'],
    [
      'type Subscription { a(i: In): Int } input In { x: ID @owner(mode: NULL) } type Query { a: Int }',
      'In.x: mode NULL',
    ],
    ['type Query { a(x: ID): [Int] @owner(arg: "x", mode: FILTER) }', 'belongs on a type'],
    ['type Query { a(x: ID @owner(arg: "x")): Int }', 'belongs on a field'],
    ['type Query { a(x: ID @owner(loader: "l")): Int }', 'belongs on a type or a field'],
    ['type Query { a(x: Int @owner(preset: true)): Int }', 'ID or String'],
    ['type Query { t: T } type T @owner(preset: true) { a: Int }', 'preset of @owner belongs'],
    ['type Query { t: T } type T @owner(optional: true) { a: Int }', 'optional of @owner belongs'],
    ['type Query { t: T } type T @owner(bypass: []) { a: Int }', 'bypass of @owner must be'],
    ['type Query { t: T } type T @owner(bypass: [[]]) { a: Int }', 'bypass of @owner must be'],
    ['type Query { t: T } type T @owner(mode: null) { a: Int }', 'mode of @owner must be'],
    ['type Query { t: T } type T @owner(mode: FILTER) @owner(field: "x") { a: Int }', 'the same mode'],
    ['type Query { a(x: ID @owner(preset: true) @owner(claim: "org", preset: true)): Int }', 'one @owner only'],
    [
      'type Query { a(x: ID, y: ID): Int @owner(arg: "x", optional: true) @owner(arg: "y") }',
      'callers who leave the argument out pass every other @owner',
    ],
    [
      'type Query { t: T } type T { id: ID a(x: ID): Int @owner(field: "id") @owner(arg: "x", optional: true) }',
      'callers who leave the argument out pass every other @owner',
    ],
    [
      'type Query { t: T } type T @key(fields: "id") @owner { id: ID } directive @key(fields: String) on OBJECT',
      'needs a __resolveReference',
    ],
    [
      'type Query { t: T } type T @key(fields: "id") { id: ID box: Box } type Box { n: [N] } interface N { a: Int } type D implements N @owner { a: Int } directive @key(fields: String) on OBJECT',
      'Box.n needs a resolver, or T a __resolveReference: a router could name the owner of a D',
    ],
    [
      'type Query { t: T } type T @key(fields: "id") { id: ID d: D } type D { a: Int @owner } directive @key(fields: String) on OBJECT',
      'T.d needs a resolver',
    ],
  ])('an invalid @owner keeps the server from starting: %s', (types, message) => {
    expect(() => guardSchema(schemaOf(types), { loaders: { l: () => null } })).toThrow(message);
  });

  it('a server starts if objects within representations have a resolver, or a loader finds their owners', () => {
    const types = `
      directive @key(fields: String) on OBJECT
      type Query { t: T }
      type T @key(fields: "id") { id: ID d: D e: E }
      type D @owner { a: Int t: T }
      type E @owner(loader: "l") { a: Int }
    `;
    const loaders = { l: () => null };
    expect(() => guardSchema(schemaOf(types, { T: { d: () => null } }), { loaders })).not.toThrow();
  });

  it('a server starts with two claims for one argument that may be left out', () => {
    const field = 'a(x: ID): Int @owner(arg: "x", optional: true) @owner(arg: "x", claim: "org", optional: true)';
    const argument = 'b(x: ID @owner(optional: true) @owner(claim: "org", optional: true)): Int';
    expect(() => guardSchema(schemaOf(`type Query { ${field} ${argument} }`))).not.toThrow();
  });

  it('a server starts with mode NULL of an input field if every field that takes it can be null', () => {
    const types =
      'type Query { a(x: ID @owner(mode: NULL), i: In): [Int!] b(o: Other): Int! } input In { x: ID @owner(mode: NULL) } input Other { x: ID @owner }';
    expect(() => guardSchema(schemaOf(types))).not.toThrow();
  });
});
