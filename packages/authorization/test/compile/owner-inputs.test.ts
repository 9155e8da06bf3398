/** `@owner` on input fields: the rule holds for what stands around them, too. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import type { Guarded } from '../../src/compile/compiled-rules.ts';
import { createPartFinder } from '../../src/compile/inputs.ts';
import { readOwnerRule } from '../../src/compile/owner-rule.ts';
import { authDirectives } from '../../src/index.ts';
import { type Api, admin, denied, everyWay, everywhere, nobody, serve } from '../ways.ts';

const me = as({ id: 'me' });

/** What queries take. Mutations take the same, where what is left out is not set, and a strict one. */
const fields = `
  one(where: Where): String
  many(where: [Where]): String
  matrix(where: [[Where!]]): String
  outer(in: Outer): String
  outers(in: [Outer!]): String
  lists(in: Lists): String
  both(in: Both): String
  tree(where: Tree): String
  mutual(a: A): String
  dflt(where: Where = { userId: "other" }): String
  bare(in: Outer = { page: 1 }): String
  inner(in: WithDefault): String
  optional(in: MayBeLeftOut): String
  strict(in: [Strict!]): String
  roles(in: Roles): String
`;
const typeDefs = `
  type Query { ${fields} }
  type Mutation { ${fields} }
  input Where { userId: ID @owner text: String }
  input Outer { where: Where page: Int }
  input Lists { wheres: [Where] }
  input Both { a: Where b: Where }
  input Tree { userId: ID @owner and: [Tree!] not: Not }
  input Not { tree: Tree }
  input A { g: ID @owner b: B }
  input B { h: ID @owner a: A }
  input WithDefault { where: Where = { userId: "other" } own: Outer }
  input MayBeLeftOut { where: Optional }
  input Optional { userId: ID @owner(optional: true) }
  input Strict { where: StrictWhere }
  input StrictWhere { userId: ID @owner(optional: false) }
  input Roles { where: Admins }
  input Admins { role: String @auth(roles: "ADMIN") }
`;
const names = [...fields.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);

const start = (): Promise<Api> => {
  const root = Object.fromEntries(names.map((name) => [name, () => 'ran']));
  return serve(
    makeExecutableSchema({ typeDefs: [authDirectives, typeDefs], resolvers: { Query: root, Mutation: root } }),
  );
};

const own = 'userId: "me"';

type Vector = readonly [selection: string, byQuery: boolean, byMutation: boolean, variables?: string];

/** Whether a query and a mutation are answered to a caller whose id is `me`. */
const vectors: Record<string, Vector[]> = {
  'holds where the object around it is left out or null': [
    [`one(where: { ${own} })`, true, true],
    ['one(where: { userId: "other" })', false, false],
    ['one(where: { userId: null })', false, false],
    ['one(where: {})', false, true],
    ['one', false, true],
    ['one(where: null)', false, true],
    ['one(where: $where)', false, true, '$where: Where'],
    ['one(where: $where)', false, true, '$where: Where = null'],
    ['one(where: $where)', false, false, '$where: Where = { userId: "other" }'],
    ['one(where: $where)', true, true, `$where: Where = { ${own} }`],
  ],
  'holds for each item of a list, for null among them and where there is none': [
    [`many(where: [{ ${own} }])`, true, true],
    [`many(where: { ${own} })`, true, true],
    [`many(where: [{ ${own} }, { userId: "other" }])`, false, false],
    [`many(where: [{ ${own} }, { text: "x" }])`, false, true],
    [`many(where: [{ ${own} }, null])`, false, true],
    [`many(where: [{ ${own} }, $left])`, false, true, '$left: Where'],
    ['many(where: [])', false, true],
    ['many(where: null)', false, true],
    ['many', false, true],
    ['many(where: $where)', false, true, '$where: [Where] = []'],
    [`matrix(where: [[{ ${own} }]])`, true, true],
    [`matrix(where: [[{ ${own} }], []])`, false, true],
    [`matrix(where: [[{ ${own} }], null])`, false, true],
    ['matrix(where: [[]])', false, true],
    ['matrix(where: [])', false, true],
  ],
  'holds where an object further out is left out': [
    [`outer(in: { where: { ${own} } })`, true, true],
    ['outer(in: { page: 1 })', false, true],
    ['outer(in: { where: null })', false, true],
    ['outer(in: {})', false, true],
    ['outer', false, true],
    [`outers(in: [{ where: { ${own} } }, { where: { ${own} } }])`, true, true],
    [`outers(in: [{ where: { ${own} } }, { page: 1 }])`, false, true],
    ['outers(in: [])', false, true],
    [`lists(in: { wheres: [{ ${own} }] })`, true, true],
    ['lists(in: { wheres: [] })', false, true],
    ['lists(in: { wheres: [null] })', false, true],
    ['lists(in: {})', false, true],
    [`both(in: { a: { ${own} }, b: { ${own} } })`, true, true],
    [`both(in: { a: { ${own} } })`, false, true],
  ],
  'is not required in a further object within one of its own type': [
    [`tree(where: { ${own} })`, true, true],
    [`tree(where: { ${own}, and: [], not: null })`, true, true],
    [`tree(where: { ${own}, and: [{ ${own} }], not: { tree: { ${own} } } })`, true, true],
    [`tree(where: { ${own}, not: {} })`, true, true],
    [`tree(where: { ${own}, and: [{}] })`, false, true],
    [`tree(where: { ${own}, not: { tree: {} } })`, false, true],
    ['tree(where: { and: [], not: {} })', false, true],
    ['tree', false, true],
    ['mutual(a: { g: "me", b: { h: "me" } })', true, true],
    ['mutual(a: { g: "me", b: { h: "me", a: { g: "me" } } })', true, true],
    ['mutual(a: { g: "me" })', false, true],
    ['mutual(a: { g: "me", b: { h: "me", a: {} } })', false, true],
  ],
  'is compared in the defaults of the schema as well': [
    ['dflt', false, false],
    ['dflt(where: $left)', false, false, '$left: Where'],
    ['dflt(where: null)', false, true],
    [`dflt(where: { ${own} })`, true, true],
    ['bare', false, true],
    [`inner(in: { own: { where: { ${own} } } })`, false, false],
    [`inner(in: { where: { ${own} }, own: { where: { ${own} } } })`, true, true],
    [`inner(in: { where: { ${own} } })`, false, true],
  ],
  'may be left out exactly where its rule says so': [
    ['optional', true, true],
    ['optional(in: {})', true, true],
    ['optional(in: { where: null })', true, true],
    ['optional(in: { where: { userId: "other" } })', false, false],
    ['strict', false, false],
    ['strict(in: [])', false, false],
    ['strict(in: [{}])', false, false],
    [`strict(in: [{ where: { ${own} } }, { where: null }])`, false, false],
    [`strict(in: [{ where: { ${own} } }])`, true, true],
  ],
  'is required where nothing is passed in, while a role is not': [
    ['roles', true, true],
    ['roles(in: {})', true, true],
    ['roles(in: { where: {} })', true, true],
    ['roles(in: { where: { role: "x" } })', false, false],
  ],
};

describe('an owner in an input object', () => {
  it.each(Object.entries(vectors))('an owner in an input object %s', async (_, ofTitle) => {
    const api = await start();
    for (const [selection, byQuery, byMutation, variables] of ofTitle) {
      const name = /^\w+/.exec(selection)?.[0] ?? '';
      const declared = variables === undefined ? '' : `(${variables})`;
      const ways = await everyWay(api, `query${declared} { ${selection} }`, me);
      const answer = await send(api.server, `mutation${declared} { ${selection} }`, me);
      const answered = { data: { [name]: 'ran' }, errors: [] };
      const refused = { data: { [name]: null }, errors: [denied(name, 'FORBIDDEN')] };
      expect({ selection, ...ways, mutation: [answer.status, ...codes(answer)] }).toEqual({
        selection,
        ...everywhere(byQuery ? answered : refused),
        mutation: byMutation ? [200] : [403, 'FORBIDDEN'],
      });
    }
  });

  it('an owner that is left out denies anonymous callers in a query, and in a mutation only with optional: false', async () => {
    const api = await serve(
      makeExecutableSchema({
        typeDefs: [authDirectives, typeDefs],
        resolvers: { Query: { one: () => 'ran' }, Mutation: { one: () => 'ran', strict: () => 'ran' } },
      }),
      { defaultRule: 'allow' },
    );
    expect(codes(await send(api.server, '{ one(where: null) }', nobody))).toEqual(['UNAUTHENTICATED']);
    expect((await send(api.server, 'mutation { one(where: null) }', nobody)).body).toEqual({ data: { one: 'ran' } });
    expect(codes(await send(api.server, 'mutation { one strict }', nobody))).toEqual(['UNAUTHENTICATED']);
  });

  it('a role in bypass passes any owner in an input object, and may leave it out', async () => {
    const bypassed = typeDefs.replace('@owner text', '@owner(bypass: "ADMIN") text');
    const api = await serve(
      makeExecutableSchema({ typeDefs: [authDirectives, bypassed], resolvers: { Query: { many: () => 'ran' } } }),
    );
    expect((await send(api.server, '{ many }', admin)).body).toEqual({ data: { many: 'ran' } });
    expect(codes(await send(api.server, '{ many }', me))).toEqual(['FORBIDDEN']);
    expect(api.events.map(({ type }) => type)).toEqual(['access.bypassed', 'access.denied']);
  });
});

it('growth: owners that are left out are visited once, however many fields and items lead to them', () => {
  const typeNames = Array.from({ length: 40 }, (_, i) => `T${i}`);
  const members = typeNames.map((name) => `${name.toLowerCase()}: ${name}`).join(' ');
  const types = typeNames.map((name) => `input ${name} { ownerId: ID ${members} }`).join(' ');
  const schema = buildSchema(`type Query { f(in: [T0]): String } ${types}`);
  const owned = (type: string): Guarded => {
    const owner = readOwnerRule({}, `${type}.ownerId`, 'input');
    return {
      coordinate: `${type}.ownerId`,
      slot: 0,
      rule: owner.text,
      policies: [],
      owners: [owner],
      checks: ['claims', 'owners'],
    };
  };
  const find = createPartFinder(schema, ({ name: type }) => {
    const guarded = typeNames.includes(type) ? owned(type) : undefined;
    return { self: undefined, field: (name) => (name === 'ownerId' ? guarded : undefined), values: new Map() };
  })((schema.getQueryType()?.getFields()['f']?.args ?? []).map((arg) => [arg, undefined]));
  const missed = (args: Readonly<Record<string, unknown>>): number => {
    const found: string[] = [];
    find?.(args, ({ coordinate }) => void found.push(coordinate));
    expect(new Set(found).size).toBe(typeNames.length);
    return found.length;
  };
  expect(missed({})).toBe(typeNames.length);
  for (const items of [1, 1_000]) {
    expect(missed({ in: Array.from({ length: items }, () => null) })).toBe(typeNames.length);
    // Each object that is given is visited, and what is left out in them once for all.
    expect(missed({ in: Array.from({ length: items }, () => ({ t0: {} })) })).toBe(2 * items + typeNames.length - 1);
  }
});
