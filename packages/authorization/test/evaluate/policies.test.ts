/** Policies: named functions that decide, fail closed, and are asked once. */

import type { SecuredContext } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema, type Policies, type PolicyQuestion } from '../../src/index.ts';
import { admin, denied, everyWay, everywhere, nobody, outcome, plain, serve } from '../ways.ts';

const user = as({ id: 'u1' });

interface Doc {
  readonly id: number;
}

const docs = (count: number): Doc[] => Array.from({ length: count }, (_, id) => ({ id }));

function schemaOf(types: string, ran: string[] = [], count = 3): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: [authDirectives, types],
    resolvers: {
      Query: {
        a: () => {
          ran.push('a');
          return 'A';
        },
        docs: () => docs(count),
      },
      ...(types.includes('Mutation') && {
        Mutation: { first: () => void ran.push('first'), second: () => void ran.push('second') },
      }),
    },
    resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
  });
}

const yes = (): boolean => true;
const oneField = 'type Query { a: String @auth(policies: "p") }';

describe('a policy lets pass', () => {
  it.each([
    ['true', () => true],
    ['a promise of true', async () => true],
  ])('a policy lets pass with %s only', async (_, p) => {
    const api = await serve(schemaOf(oneField), { policies: { p } });
    const expected = { data: { a: 'A' }, errors: [] };
    expect(await everyWay(api, '{a}', user)).toEqual(everywhere(expected));
  });

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['undefined', () => undefined],
    ['1', () => 1],
    ['"true"', () => 'true'],
    ['an object', () => ({})],
    ['a promise of 1', async () => 1],
    [
      'a throw',
      () => {
        throw new Error('db down');
      },
    ],
    [
      'a rejection',
      async () => {
        throw new Error('db down');
      },
    ],
  ])('a policy denies with %s', async (_, p) => {
    const ran: string[] = [];
    const policies = { p } as Policies<unknown>;
    const api = await serve(schemaOf(oneField, ran), { policies });
    const expected = { data: { a: null }, errors: [denied('a', 'FORBIDDEN')] };
    expect(await everyWay(api, '{a}', user)).toEqual(everywhere(expected));
    expect(ran).toEqual([]);
  });

  it('a policy denies when it takes too long', async () => {
    const api = await serve(schemaOf(oneField), {
      policies: { p: () => new Promise(() => {}) },
      timeoutMilliseconds: 1,
    });
    expect(outcome((await send(api.server, '{a}', user)).body)).toEqual({
      data: { a: null },
      errors: [denied('a', 'FORBIDDEN')],
    });
  });

  it('policies are an OR of ANDs, beside roles', async () => {
    const types =
      'type Query { a: String @auth(policies: [["yes", "no"], ["yes"]]) b: String @auth(policies: [["yes", "no"]]) c: String @auth(policies: "yes", roles: "ADMIN") d: String @auth(policies: "yes") @auth(policies: "no") }';
    const schema = guardSchema(schemaOf(types), { policies: { yes: async () => true, no: () => false } });
    const rootValue = { b: 'B', c: 'C', d: 'D' };
    const data = async (contextValue: unknown): Promise<unknown> =>
      plain((await graphql({ schema, source: '{a b c d}', rootValue, contextValue })).data);
    expect(await data(user)).toEqual({ a: 'A', b: null, c: null, d: null });
    expect(await data(admin)).toEqual({ a: 'A', b: null, c: 'C', d: null });
  });

  it('a policy denies anonymous callers unless it has allowAnonymous', async () => {
    const asked: unknown[] = [];
    const check = (_: unknown, { principal }: { principal: unknown }): boolean => {
      asked.push(principal);
      return true;
    };
    const closed = await serve(schemaOf(oneField), { policies: { p: check } });
    const answer = await send(closed.server, '{a}', nobody);
    expect([answer.body.data, codes(answer), asked]).toEqual([{ a: null }, ['UNAUTHENTICATED'], []]);
    const open = await serve(schemaOf(oneField), { policies: { p: { check, allowAnonymous: true } } });
    expect((await send(open.server, '{a}', nobody)).body).toEqual({ data: { a: 'A' } });
    const both = await serve(schemaOf('type Query { a: String @auth(policies: "p", roles: "X") }'), {
      policies: { p: { check, allowAnonymous: true } },
    });
    expect(codes(await send(both.server, '{a}', nobody))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('a policy is asked', () => {
  const list = 'type Query { docs: [Doc] } type Doc @auth(policies: "p") { id: Int }';

  it('a policy with many is called once for a list of 1,000 objects', async () => {
    const calls: number[] = [];
    const policies: Policies<unknown> = {
      p: {
        key: ({ source }) => String((source as Doc).id),
        many: async (_context: unknown, keys: readonly string[]) => {
          calls.push(keys.length);
          return keys.map((id) => Number(id) % 2 === 0);
        },
      },
    };
    const schema = guardSchema(schemaOf(list, [], 1_000), { policies });
    const result = await graphql({ schema, source: '{x:docs{id} }', contextValue: { ...user } });
    expect(calls).toEqual([1_000]);
    const items = (result.data as { x: (Doc | null)[] }).x;
    expect(items.filter((item) => item !== null).map(({ id }) => id)).toEqual(
      docs(1_000).flatMap(({ id }) => (id % 2 === 0 ? [id] : [])),
    );
  });

  it.each<[string, unknown]>([
    ['too few answers', [true]],
    ['no list', true],
    ['answers that are not true', [1, 'true', {}]],
  ])('a policy with many denies with %s', async (_, answers) => {
    const p = { key: ({ source }: { source: unknown }) => String((source as Doc).id), many: () => answers };
    const schema = guardSchema(schemaOf(list), { policies: { p } as Policies<unknown> });
    const result = await graphql({ schema, source: '{docs{id}}', contextValue: { ...user } });
    expect(plain(result.data)).toEqual({ docs: [null, null, null] });
  });

  it('a policy denies when its key is not text', async () => {
    const p = { key: () => ({}), check: () => true } as never;
    const schema = guardSchema(schemaOf(list), { policies: { p } });
    const result = await graphql({ schema, source: '{docs{id}}', contextValue: { ...user } });
    expect(plain(result.data)).toEqual({ docs: [null, null, null] });
  });

  it('a policy is asked equal questions once per operation, and others again', async () => {
    const asked: string[] = [];
    const types = 'type Query { docs: [Doc] } type Doc { id(x: Int, y: [Int]): Int @auth(policies: "p") }';
    const schema = guardSchema(schemaOf(types, [], 2), {
      policies: {
        p: (_, { source, args }) => {
          asked.push(`${(source as Doc).id} ${JSON.stringify(args)}`);
          return true;
        },
      },
    });
    const source = '{docs{a:id(x:1,y:[2]) b:id(y:[2],x:1) c:id(x:2)}}';
    await graphql({ schema, source, contextValue: user });
    expect(asked.toSorted()).toEqual(['0 {"x":1,"y":[2]}', '0 {"x":2}', '1 {"x":1,"y":[2]}', '1 {"x":2}']);
    await graphql({ schema, source, contextValue: user });
    expect(asked).toHaveLength(8);
  });

  it('a policy is asked again when a resolver puts another caller into the context', async () => {
    const asked: unknown[] = [];
    const docOf = { id: 1, secret: 's' };
    const bare = makeExecutableSchema({
      typeDefs: [
        authDirectives,
        'type Query { first: Doc later: Doc } type Doc { id: ID secret: String @auth(policies: "boss") }',
      ],
      resolvers: {
        Query: {
          first: () => docOf,
          async later(_: unknown, __: unknown, context: { security: unknown }) {
            await new Promise((resolve) => setImmediate(resolve));
            context.security = user.security;
            return docOf;
          },
        },
      },
    });
    const boss = ({ security }: SecuredContext): boolean => {
      asked.push(security.principal?.id);
      return security.principal?.id === 'boss';
    };
    const schema = guardSchema(bare, { policies: { boss } });
    const source = '{first{secret again:secret} later{secret}}';
    const answer = outcome(await graphql({ schema, source, contextValue: { ...admin } }).then(plain));
    expect(answer).toEqual({
      data: { first: { secret: 's', again: 's' }, later: { secret: null } },
      errors: [denied('later.secret', 'FORBIDDEN')],
    });
    expect(asked).toEqual(['boss', 'u1']);
  });

  it('a policy is asked before the first mutation runs, and its answer is not asked again', async () => {
    const ran: string[] = [];
    let calls = 0;
    let answer = false;
    const types = 'type Query { a: String } type Mutation { first: Int second(id: Int): Int @auth(policies: "p") }';
    const api = await serve(schemaOf(types, ran), {
      policies: {
        p: async () => {
          calls += 1;
          return answer;
        },
      },
    });
    const refused = await send(api.server, 'mutation{first second(id:1)}', user);
    expect([refused.status, refused.body.data, codes(refused), ran]).toEqual([403, undefined, ['FORBIDDEN'], []]);
    answer = true;
    calls = 0;
    expect((await send(api.server, 'mutation{second(id:1)}', user)).body.errors).toBeUndefined();
    expect([calls, ran]).toEqual([1, ['second']]);
    await send(api.server, 'mutation{first second(id:1)}', user);
    // Once before, and once more because `first` may have changed what it depends on.
    expect(calls).toBe(3);
  });
});

it('a policy is asked again about what a mutation returns, which may have changed its answer', async () => {
  const typeDefs = `
    ${authDirectives}
    type Query { a: Int }
    type Team @auth(policies: "member") { id: ID plans(id: ID): String @auth(policies: "member") }
    type Left { team: Team plans(id: ID): String @auth(policies: "member") }
    type Mutation { leave(id: ID): Team @auth(policies: "member") left(id: ID): Left @auth(policies: "member") }
  `;
  const members = new Set<string>();
  const left = (_: unknown, { id }: { id: string }) => {
    members.clear();
    return { id, team: { id }, plans: 'secret' };
  };
  const bare = makeExecutableSchema({ typeDefs, resolvers: { Mutation: { leave: left, left } } });
  const member = {
    key: ({ args, source }: PolicyQuestion) => (args as { id?: string }).id ?? (source as { id: string }).id,
    check: (_: unknown, { principal }: PolicyQuestion) => members.has(String(principal?.id)),
  };
  const { server } = await serve(bare, { policies: { member } });
  for (const query of ['mutation { leave(id: 1) { id } }', 'mutation { left(id: 1) { team { id } plans(id: 1) } }']) {
    members.add('u1');
    const answer = await send(server, query, user);
    expect(new Set(codes(answer))).toEqual(new Set(['FORBIDDEN']));
    expect(JSON.stringify(answer.body.data)).not.toMatch(/secret|"1"/);
  }
});

describe('policies refuse to start', () => {
  it.each([
    ['a name that is not registered', {}, "Query.a: there is no policy 'p'."],
    ['what is no function', { p: true }, 'policies.p must be'],
    ['neither check nor many', { p: {} }, 'either check or many'],
    ['many without a key', { p: { many: () => [] } }, 'needs a key'],
    ['an unknown option', { p: { check: yes, alowAnonymous: true } }, "did you mean 'allowAnonymous'"],
    ['an option of another kind', { p: { check: yes, allowAnonymous: 'yes' } }, 'allowAnonymous must be'],
  ])('an invalid policy keeps the server from starting: %s', (_, policies, message) => {
    expect(() => guardSchema(schemaOf(oneField), { policies: policies as never })).toThrow(message);
  });

  it.each(['policies: []', 'policies: [[]]', 'policies: null', 'mode: null', 'roles: "A", mode: null'])(
    'invalid arguments keep the server from starting: @auth(%s)',
    (args) => {
      const types = oneField.replace('policies: "p"', args);
      expect(() => guardSchema(schemaOf(types), { policies: { p: () => true } })).toThrow(/^Query\.a: /);
    },
  );
});
