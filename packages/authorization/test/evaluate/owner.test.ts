import { createEvents, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, graphqlSync } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { as, send } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import {
  type Api,
  denied,
  everyWay,
  everywhere,
  nobody,
  outcome,
  plain,
  serve,
  silent,
  unhandledDuring,
} from '../ways.ts';

const me = as({ id: 'me' });
const own = { __typename: 'Doc', id: '1', title: 'mine', ownerId: 'me' };
const other = { __typename: 'Doc', id: '2', title: 'theirs', ownerId: 'other' };
const page = { __typename: 'Page', id: '3' };

/** Everything that a field may return, by the name of the field. */
const typeDefs = `
  ${authDirectives}
  type Query {
    doc: Doc
    docs: [Doc]
    docsNN: [Doc!]!
    nested: [[Doc!]!]
    node: Node
    nodes: [Node]
    u: U
    us: [U]
  }
  interface Node { id: ID }
  type Doc implements Node @owner(field: "ownerId") { id: ID title: String sibling: Doc }
  type Page implements Node { id: ID }
  union U = Doc | Page
`;

const start = (rootValue: object): Promise<Api> => {
  const resolvers = {
    Query: Object.fromEntries(Object.entries(rootValue).map(([name, value]) => [name, () => value])),
  };
  return serve(makeExecutableSchema({ typeDefs, resolvers }));
};

describe('@owner on an object type', () => {
  it('W1, W2: an object is answered to its owner only', async () => {
    const mine = await start({ doc: own });
    expect(await everyWay(mine, '{doc{title}}', me)).toEqual(
      everywhere({ data: { doc: { title: 'mine' } }, errors: [] }),
    );
    const theirs = await start({ doc: other });
    expect(await everyWay(theirs, '{doc{title}}', me)).toEqual(
      everywhere({ data: { doc: null }, errors: [denied('doc', 'FORBIDDEN')] }),
    );
  });

  it('W3, W4: items of other owners are denied, and not even their type is revealed', async () => {
    const api = await start({ docs: [own, other, own] });
    const errors = [denied('docs.1', 'FORBIDDEN')];

    expect(await everyWay(api, '{docs{title}}', me)).toEqual(
      everywhere({ data: { docs: [{ title: 'mine' }, null, { title: 'mine' }] }, errors }),
    );
    expect(await everyWay(api, '{docs{__typename}}', me)).toEqual(
      everywhere({ data: { docs: [{ __typename: 'Doc' }, null, { __typename: 'Doc' }] }, errors }),
    );
  });

  it('W5: a denied item of a non-null list nulls its parents', async () => {
    expect(await everyWay(await start({ docsNN: [own, other] }), '{docsNN{title}}', me)).toEqual(
      everywhere({ data: null, errors: [denied('docsNN.1', 'FORBIDDEN')] }),
    );
  });

  it('W6: objects of other owners are denied through an interface and a union, and members without a rule are answered', async () => {
    const api = await start({ node: other, u: other, nodes: [page, other], us: [own, page] });

    expect(await everyWay(api, '{node{id} u{__typename} nodes{id} us{__typename}}', me)).toEqual(
      everywhere({
        data: { node: null, u: null, nodes: [{ id: '3' }, null], us: [{ __typename: 'Doc' }, { __typename: 'Page' }] },
        errors: [denied('node', 'FORBIDDEN'), denied('u', 'FORBIDDEN'), denied('nodes.1', 'FORBIDDEN')],
      }),
    );
  });

  it("W7: an object without the owner's property is denied, and the event says so", async () => {
    const api = await start({ doc: { id: 7 } });

    expect(await everyWay(api, '{doc{id}}', me)).toEqual(
      everywhere({ data: { doc: null }, errors: [denied('doc', 'FORBIDDEN')] }),
    );
    expect(api.events[0]).toMatchObject({
      type: 'access.denied',
      coordinate: 'Doc',
      reason: 'OWNER_UNRESOLVED',
      rule: '@owner(field: "ownerId", claim: "sub")',
    });
  });

  it('W7: the event tells of a method where the owner should be', async () => {
    const api = await start({ doc: { ownerId: () => 'me' } });
    await send(api.server, '{doc{id}}', me);
    expect(api.events).toMatchObject([{ coordinate: 'Doc', reason: 'OWNER_UNRESOLVED' }]);
  });

  it('W7: the event tells of a caller without the claim', async () => {
    const misspelt = `${authDirectives} type Query { doc: Doc } type Doc @owner(claim: "tenat") { id: ID }`;
    const api = await serve(makeExecutableSchema({ typeDefs: misspelt, resolvers: { Query: { doc: () => own } } }));
    await send(api.server, '{doc{id}}', me);
    expect(api.events).toMatchObject([{ coordinate: 'Doc', reason: 'no owner claim' }]);
  });

  it('W8: two absent values are not equal', async () => {
    const api = await start({ doc: { id: 7, ownerId: undefined }, docs: [{ ownerId: null }, { ownerId: '' }] });
    const anonymous = [denied('doc', 'UNAUTHENTICATED'), denied('docs', 'UNAUTHENTICATED')];
    expect(await everyWay(api, '{doc{id} docs{id}}', nobody)).toEqual(
      everywhere({ data: { doc: null, docs: null }, errors: anonymous }),
    );
    for (const sub of [undefined, null, '', [], {}]) {
      const answer = await send(api.server, '{doc{id} docs{id}}', as({ id: 'x', claims: { sub } }));
      expect(answer.body.data).toEqual({ doc: null, docs: [null, null] });
    }
    expect((await send(api.server, '{doc{id}}', as({ id: 'x', claims: {} }))).body.data).toEqual({ doc: null });
  });

  it('no resolver of a field that returns an owned type runs for an anonymous caller', async () => {
    const resolved = vi.fn(() => own);
    const api = await serve(makeExecutableSchema({ typeDefs, resolvers: { Query: { doc: resolved } } }));
    await send(api.server, '{doc{id}}', nobody);
    expect(resolved).not.toHaveBeenCalled();
  });
});

/** Whether an object is answered, by direct execution. */
function owns(object: unknown, claims: Record<string, unknown>, directive = '@owner'): boolean | Promise<boolean> {
  const schema = guardSchema(
    makeExecutableSchema({
      typeDefs: `${authDirectives} type Query { doc: Doc } type Doc ${directive} { id: ID }`,
      resolvers: { Query: { doc: () => object }, Doc: { id: () => 1 } },
    }),
  );
  const contextValue = as({ id: 'me', claims });
  const answer = graphql({ schema, source: '{doc{id}}', contextValue });
  return answer.then(({ data, errors = [] }) => {
    const allowed = data?.['doc'] !== null;
    expect(errors.map(({ message }) => message)).toEqual(allowed ? [] : ['Forbidden']);
    return allowed;
  });
}

describe('the comparison', () => {
  it.each([
    ['a number and its text', 42, '42', true],
    ['a number and a number', 42, 42, true],
    ['a bigint and its text', 9007199254740993n, '9007199254740993', true],
    ['minus zero and zero', -0, '0', true],
    ['an unsafe number', 2 ** 53, '9007199254740992', false],
    ['a fraction', 1.5, '1.5', false],
    ['NaN', Number.NaN, 'NaN', false],
    ['Infinity', Number.POSITIVE_INFINITY, 'Infinity', false],
    ['a boolean', true, 'true', false],
    ['null', null, 'null', false],
    ['undefined', undefined, 'undefined', false],
    ['an empty text', '', '', false],
    ['an object', {}, '[object Object]', false],
    ['an object that turns into text', { toString: () => 'me' }, 'me', false],
    ['a String object', new String('me'), 'me', false],
    ['a function', () => 'me', 'me', false],
    ['a symbol', Symbol('me'), 'me', false],
    ['another case', 'Me', 'me', false],
    ['white space', ' me', 'me', false],
    ['a leading zero', '042', 42, false],
  ])('W9: %s is compared as an owner', async (_, ownerId, sub, allowed) => {
    expect(await owns({ ownerId }, { sub })).toBe(allowed);
  });

  it.each([
    ['several owners', ['x', 'me'], 'me', true],
    ['no owners', [], 'me', false],
    ['a list in a list', [['me']], 'me', false],
    ['absent owners', [null, undefined], 'me', false],
    ['several identities', 'b', ['a', 'b'], true],
    ['no identities', 'b', [], false],
    ['several of both', [1, 2], ['2', '3'], true],
    ['text that holds the identity', 'me,you', 'me', false],
  ])('W10: a list of owners is compared: %s', async (_, memberIds, sub, allowed) => {
    expect(await owns({ memberIds }, { sub }, '@owner(field: "memberIds")')).toBe(allowed);
  });

  it('a path to the owner leads through own properties and lists', async () => {
    const nested = '@owner(field: "team.members.id")';
    expect(await owns({ team: { members: [{ id: 'x' }, { id: 'me' }] } }, { sub: 'me' }, nested)).toBe(true);
    expect(await owns({ team: { members: [{ id: 'x' }] } }, { sub: 'me' }, nested)).toBe(false);
    expect(await owns({ team: null }, { sub: 'me' }, nested)).toBe(false);
    expect(await owns({ team: 'members' }, { sub: 'me' }, nested)).toBe(false);
    expect(await owns([], { sub: 'me' }, nested)).toBe(false);
  });

  it('an owner is read from own properties only', async () => {
    class Row {
      get ownerId(): string {
        return 'me';
      }
    }
    expect(await owns(new Row(), { sub: 'me' })).toBe(false);
    expect(await owns(Object.create({ ownerId: 'me' }), { sub: 'me' })).toBe(false);
    expect(await owns(Object.assign(Object.create(null), { ownerId: 'me' }), { sub: 'me' })).toBe(true);
    expect(await owns({ dataValues: { ownerId: 'me' } }, { sub: 'me' }, '@owner(field: "dataValues.ownerId")')).toBe(
      true,
    );
    expect(await owns('me', { sub: 'me' }, '@owner(field: "length")')).toBe(false);
    expect(await owns(['me'], { sub: 1 }, '@owner(field: "length")')).toBe(false);
  });

  it('a list in place of an object is denied: one owned row must not open the others', async () => {
    expect(await owns([{ ownerId: 'me' }, { ownerId: 'them' }], { sub: 'me' })).toBe(false);
    expect(await owns({ rows: [{ ownerId: 'me' }] }, { sub: 'me' }, '@owner(field: "rows.ownerId")')).toBe(true);
  });

  it.each(['constructor', '__proto__', 'toString', 'constructor.name', '__proto__.constructor.name'])(
    'the claim and field %s match no inherited property',
    async (key) => {
      expect(await owns({ ownerId: 'Object' }, { sub: 'me' }, `@owner(claim: "${key}")`)).toBe(false);
      expect(await owns({ ownerId: 'Object' }, { sub: 'Object' }, `@owner(field: "${key}")`)).toBe(false);
    },
  );

  it('an inherited claim matches nothing', async () => {
    expect(await owns({ ownerId: 'me' }, Object.create({ sub: 'me' }) as Record<string, unknown>)).toBe(false);
  });

  it('a claim is found by its exact name first, then as a path', async () => {
    expect(await owns({ ownerId: 'a' }, { 'org.id': 'a', org: { id: 'b' } }, '@owner(claim: "org.id")')).toBe(true);
    expect(await owns({ ownerId: 'b' }, { 'org.id': 'a', org: { id: 'b' } }, '@owner(claim: "org.id")')).toBe(false);
    expect(await owns({ ownerId: 'b' }, { org: { id: 'b' } }, '@owner(claim: "org.id")')).toBe(true);
  });

  it('of repeated owners one is enough, and @auth beside them must pass', async () => {
    const either = '@owner(field: "author") @owner(field: "org", claim: "org")';
    expect(await owns({ author: 'me', org: 'x' }, { sub: 'me', org: 'o' }, either)).toBe(true);
    expect(await owns({ author: 'x', org: 'o' }, { sub: 'me', org: 'o' }, either)).toBe(true);
    expect(await owns({ author: 'x', org: 'x' }, { sub: 'me', org: 'o' }, either)).toBe(false);
    expect(await owns({ ownerId: 'me' }, { sub: 'me' }, '@owner @auth')).toBe(true);
    expect(await owns({ ownerId: 'me' }, { sub: 'me' }, '@owner @auth(roles: "ADMIN")')).toBe(false);
  });

  it('an owner whose reading fails denies, and the log says why once', async () => {
    const logged: string[] = [];
    const events: SecurityEvent[] = [];
    const schema = guardSchema(makeExecutableSchema({ typeDefs }), {
      events: createEvents(
        (event) => void events.push(event),
        () => ({ ...silent, error: (line) => logged.push(line) }),
      ),
    });
    const throwing = {
      __typename: 'Doc',
      get ownerId() {
        throw new Error('connection to 10.0.0.5 lost');
      },
    };
    const rejecting = { __typename: 'Doc', ownerId: Promise.reject(new Error('connection to 10.0.0.5 lost')) };
    const rootValue = { docs: [throwing, throwing, rejecting, own] };
    const result = await graphql({ schema, source: '{docs{title}}', rootValue, contextValue: me });

    expect(outcome(plain(result))).toEqual({
      data: { docs: [null, null, null, { title: 'mine' }] },
      errors: [denied('docs.0', 'FORBIDDEN'), denied('docs.1', 'FORBIDDEN'), denied('docs.2', 'FORBIDDEN')],
    });
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('connection to 10.0.0.5 lost');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ coordinate: 'Doc', reason: 'OWNER_UNRESOLVED' });
  });
});

describe('asynchronous owners', () => {
  const later = (ownerId: unknown): object => ({ ...own, ownerId: Promise.resolve(ownerId) });

  it('owners that are promises are awaited', async () => {
    const api = await start({ docs: [later('me'), later('other'), own, later(undefined)] });

    expect(await everyWay(api, '{docs{title}}', me)).toEqual(
      everywhere({
        data: { docs: [{ title: 'mine' }, null, { title: 'mine' }, null] },
        errors: [denied('docs.1', 'FORBIDDEN'), denied('docs.3', 'FORBIDDEN')],
      }),
    );
  });

  it.each([
    ['a later denied item', '{docsNN{title}}', { docsNN: [later('other'), other] }],
    ['a later null', '{docsNN{title}}', { docsNN: [later('other'), null] }],
    ['a later error', '{docsNN{title}}', { docsNN: [later('other'), new Error('broken')] }],
    ['a later denied list', '{nested{title}}', { nested: [[later('other')], [other]] }],
  ])('owners that reject leave no rejection unhandled beside %s', async (_, source, rootValue) => {
    const schema = guardSchema(makeExecutableSchema({ typeDefs }));
    let data: unknown;
    const unhandled = await unhandledDuring(async () => {
      ({ data } = await graphql({ schema, source, rootValue, contextValue: me }));
    });

    expect(unhandled).toEqual([]);
    expect(plain(data)).not.toMatchObject({ docsNN: expect.anything() });
  });

  it.each<[string, (items: unknown[]) => unknown]>([
    ['a Set', (items) => new Set(items)],
    ['an iterator', (items) => items.values()],
  ])('owners that reject leave no rejection unhandled behind a denied item of %s', async (_, list) => {
    const schema = guardSchema(
      makeExecutableSchema({ typeDefs: [authDirectives, 'type Query { d: [Doc!] } type Doc @owner { id: ID }'] }),
    );
    const unhandled = await unhandledDuring(async () => {
      const failing = new Promise((__, reject) => setImmediate(reject, new Error('late')));
      const rootValue = { d: () => list([other, failing]) };
      expect(plain(await graphql({ schema, source: '{d{id}}', rootValue, contextValue: me }))).toMatchObject({
        data: { d: null },
      });
    });
    expect(unhandled).toEqual([]);
  });

  it.each<[string, () => unknown[], boolean]>([
    ['that are all owned', () => [Promise.resolve(own), Promise.resolve(own)], true],
    ['of which one is not', () => [Promise.resolve(own), Promise.resolve(other)], false],
    ['of lists of which one is not owned', () => [Promise.resolve([own, other])], false],
    ['of which one rejects', () => [Promise.resolve(other), Promise.reject(new Error('lost'))], false],
    ['of which one finds nothing', () => [Promise.resolve(own), Promise.resolve(null)], false],
    ['that are ids', () => [Promise.resolve('me')], true],
  ])('a loader may return a list of promises, for objects %s', async (_, found, passes) => {
    const ran: string[] = [];
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: [authDirectives, 'type Query { q: Int } type Mutation { del: Int @owner(loader: "docs") }'],
        resolvers: { Mutation: { del: () => ran.push('del') } },
      }),
      { loaders: { docs: found } },
    );
    const unhandled = await unhandledDuring(async () => {
      await graphql({ schema, source: 'mutation{del}', contextValue: me });
    });
    expect([ran.length, unhandled]).toEqual([passes ? 1 : 0, []]);
  });

  it('owners that reject leave no rejection unhandled when another owner already decides', async () => {
    const broken = Promise.reject(new Error('broken'));
    const unhandled = await unhandledDuring(async () => {
      expect(await owns({ ownerId: [broken, 'me'] }, { sub: 'me' })).toBe(true);
      expect(
        await owns(
          { a: Promise.reject(new Error('broken')), ownerId: 'me' },
          { sub: 'me' },
          '@owner(field: "a") @owner',
        ),
      ).toBe(true);
    });
    expect(unhandled).toEqual([]);
  });
});

describe('a list of objects', () => {
  it('a list of objects stays synchronous, and each rule is evaluated once for all of it', () => {
    const schema = guardSchema(
      makeExecutableSchema({
        typeDefs: `
          ${authDirectives}
          type Query { docs: [Doc]! }
          type Doc @auth(roles: "MEMBER") @owner { id: ID @auth(roles: "MEMBER") title: String @auth(scopes: "read") }
        `,
      }),
    );
    const roles = ['MEMBER'];
    const includes = vi.spyOn(roles, 'includes');
    const docs = Array.from({ length: 200 }, (_, id) => ({ id, title: 't', ownerId: 'me' }));
    const contextValue = as({ id: 'me', roles, scopes: ['read'] });
    const result = graphqlSync({ schema, source: '{docs{id title}}', rootValue: { docs }, contextValue });

    expect(result.errors).toBeUndefined();
    expect(plain(result.data?.['docs'])).toHaveLength(200);
    expect(includes).toHaveBeenCalledTimes(1);
  });
});

describe('a denied object', () => {
  it('a denied object is in no message', async () => {
    const api = await start({ doc: other, docs: [other], node: other, u: other, docsNN: [other] });
    const ways = await everyWay(api, '{doc{title} docs{title} node{id} u{__typename}}', me);
    expect(JSON.stringify(ways)).not.toMatch(/theirs|other|Expected value|Doc/);
  });

  it('an object of another owner is denied at every depth, however it is selected', async () => {
    const api = await start({ doc: { ...own, sibling: { ...own, sibling: other } } });
    const expected = { data: { doc: { s: { sibling: null } } }, errors: [denied('doc.s.sibling', 'FORBIDDEN')] };
    const query = '{doc{...A}} fragment A on Doc{s:sibling{...on Node{...on Doc{sibling{__typename id title}}}}}';
    expect(await everyWay(api, query, me)).toEqual(everywhere(expected));
  });
});

describe('the caller that owners are compared with', () => {
  const ids = (result: { data?: unknown }): unknown =>
    (plain(result.data) as { docs: ({ id: string } | null)[] | null }).docs?.map((doc) => doc?.id ?? null);
  const schema = guardSchema(makeExecutableSchema({ typeDefs }));
  const they = as({ id: 'other', claims: { sub: ['nobody', 'other'] } });
  const asks = (contextValue: unknown, docs: unknown[]): unknown =>
    ids(graphqlSync({ schema, source: '{docs{id}}', rootValue: { docs }, contextValue }));

  it("owners are compared with the caller of this operation, after another caller's", () => {
    for (let round = 0; round < 3; round += 1) {
      expect(asks(me, [own, other])).toEqual(['1', null]);
      expect(asks(they, [own, other])).toEqual([null, '2']);
      expect(asks(nobody, [own, other])).toBeUndefined();
    }
  });

  it('owners are compared with the caller who is in the context by now', () => {
    const contextValue = { security: { principal: me.security.principal } };
    expect(asks(contextValue, [own, other])).toEqual(['1', null]);
    contextValue.security.principal = they.security.principal;
    expect(asks(contextValue, [own, other])).toEqual([null, '2']);
  });

  it('the caller stays the same when an object runs code about another caller while it is read', () => {
    const curious = {
      id: '3',
      get ownerId() {
        asks(they, [other]);
        return 'other';
      },
    };
    expect(asks(me, [own, curious, other, own])).toEqual(['1', null, null, '1']);
  });

  describe('in code that asks about another caller while this one is read', () => {
    const one = guardSchema(
      makeExecutableSchema({
        typeDefs: [authDirectives, 'type Query { doc: Doc! @public } type Doc @owner(field: "ownerId") { id: ID }'],
      }),
    );
    const idOf = (contextValue: unknown, doc: object): unknown =>
      graphqlSync({ schema: one, source: '{doc{id}}', rootValue: { doc }, contextValue }).data?.['doc'];
    const plainly = (id: string, claims: object = { sub: id }): object => ({ id, claims, roles: [], scopes: [] });

    it.each([0, 1, 2, 3, 4, 5, 6])(
      'no caller is taken for another when a context runs code about one, at reading %i',
      (at) => {
        let readings = 0;
        const contextValue = {
          get security() {
            if (readings++ === at) idOf(they, other);
            return me.security;
          },
        };
        expect(idOf(contextValue, other)).toBeUndefined();
      },
    );

    it('no caller is taken for another when a claim runs code about one', () => {
      const claims = {
        get sub() {
          idOf(they, other);
          return 'me';
        },
      };
      expect(idOf({ security: { principal: plainly('me', claims) } }, own)).toEqual({ id: '1' });
      expect(idOf(they, own)).toBeUndefined();
    });

    it('no caller is taken for another when a principal changes between two readings', () => {
      for (let at = 0; at < 6; at += 1) {
        const [mine, theirs] = [plainly('me'), plainly('other')];
        let readings = 0;
        const security = {
          get principal() {
            return readings++ === at ? theirs : mine;
          },
        };
        idOf({ security }, own);
        readings = Infinity;
        expect(idOf({ security }, other)).toBeUndefined();
      }
    });
  });

  it('rules are evaluated again when a former caller comes back', () => {
    const principal = { id: 'me', claims: { sub: 'me' }, roles: [], scopes: [] };
    const contextValue: { security: { principal: object | null } } = { security: { principal } };
    expect(asks(contextValue, [own])).toEqual(['1']);
    contextValue.security.principal = null;
    expect(asks(contextValue, [own])).toBeUndefined();
    principal.claims = { sub: 'other' };
    contextValue.security.principal = principal;
    expect(asks(contextValue, [own])).toEqual([null]);
  });
});
