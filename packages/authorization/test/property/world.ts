/** Random APIs for the property test: one shape of schema, random rules on it, random objects behind it. */

import { makeExecutableSchema } from '@graphql-tools/schema';
import * as fc from 'fast-check';
import type { GraphQLSchema } from 'graphql';
import { authDirectives } from '../../src/index.ts';

/** Type -> field -> type as SDL writes it. */
export const shape: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Query: { node: 'Node', nodes: '[Node]', a: 'A!', bs: '[B!]!', us: '[U]', f: 'String', ba: 'B' },
  Mutation: { m1: 'A', m2: 'Node', m3: 'String' },
  A: {
    id: 'ID',
    label: 'String',
    aText: 'String',
    next: 'Node',
    items: '[Node]',
    bList: '[B!]',
    level: 'E',
    levels: '[E]',
  },
  B: { id: 'ID', label: 'String', bText: 'String!', toA: 'A', uList: '[U!]' },
  Node: { id: 'ID', label: 'String' },
};

/** Fields that take `(in: In, e: E = X, s: Int)`. */
export const withArguments: ReadonlySet<string> = new Set(['f', 'm1', 'm3', 'label']);

export const members: Readonly<Record<string, readonly string[]>> = {
  A: ['A'],
  B: ['B'],
  Node: ['A', 'B'],
  U: ['A', 'B'],
};

/** An OR of ANDs, by kind; nothing: any principal. */
export interface Auth {
  readonly roles?: readonly (readonly string[])[];
  readonly scopes?: readonly (readonly string[])[];
}

export interface Owner {
  readonly field: 'ownerId' | 'memberIds';
  readonly mode: 'ERROR' | 'FILTER' | 'NOT_FOUND';
  readonly bypass: boolean;
}

export interface Row {
  readonly __typename: 'A' | 'B';
  readonly ownerId: unknown;
  readonly memberIds: unknown;
  readonly next: number;
  /** Whether it is an answer of another schema, as `delegateToSchema` hands it over: its keys may be aliases of the client. */
  readonly delegated: boolean;
}

export interface World {
  readonly rules: Readonly<Record<string, readonly Auth[]>>;
  readonly owners: Readonly<Record<string, Owner | null>>;
  readonly rows: readonly Row[];
  readonly defaultRule: 'allow' | 'authenticated';
  readonly answers: 'now' | 'later' | 'item by item' | 'as an iterator';
  readonly built: 'from SDL' | 'by Pothos';
}

const coordinates = [
  Object.entries(shape).flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`)),
  'A B Node E E.X E.Y E.Z In.p In.q In.r'.split(' '),
  'Query.f(in:) Query.f(e:) Query.f(s:) Mutation.m1(s:) A.label(s:) Node.label(s:) B.label(e:)'.split(' '),
].flat();

const names = (all: readonly string[]): fc.Arbitrary<string[][]> =>
  fc.array(fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 });

const auth: fc.Arbitrary<Auth> = fc.oneof(
  fc.constant({}),
  fc.record({ roles: names(['R1', 'R2']) }),
  fc.record({ scopes: names(['s', 'st']) }),
  fc.record({ roles: names(['R1', 'R2']), scopes: names(['s', 'st']) }),
);

const owner: fc.Arbitrary<Owner | null> = fc.option(
  fc.record({
    field: fc.constantFrom('ownerId' as const, 'memberIds' as const),
    mode: fc.constantFrom('ERROR' as const, 'FILTER' as const, 'NOT_FOUND' as const),
    bypass: fc.boolean(),
  }),
  { freq: 2 },
);

const row: fc.Arbitrary<Row> = fc.record({
  __typename: fc.constantFrom('A' as const, 'B' as const),
  ownerId: fc.constantFrom<unknown>('u1', 'u1', 'u2', 7, null, undefined, '', Number.NaN, {}),
  memberIds: fc.constantFrom<unknown>(['u1', 'u2'], ['u2'], [], [[]], null, 'u1', [null], [7]),
  next: fc.nat(7),
  delegated: fc.constantFrom(false, false, false, true),
});

export const worlds: fc.Arbitrary<World> = fc.record({
  rules: fc.dictionary(fc.constantFrom(...coordinates), fc.array(auth, { minLength: 1, maxLength: 2 }), { maxKeys: 9 }),
  owners: fc.record({ A: owner, B: owner }),
  rows: fc.array(row, { minLength: 8, maxLength: 8 }),
  defaultRule: fc.constantFrom('allow' as const, 'authenticated' as const),
  answers: fc.constantFrom('now' as const, 'later' as const, 'item by item' as const, 'as an iterator' as const),
  built: fc.constantFrom('from SDL' as const, 'from SDL' as const, 'by Pothos' as const),
});

/** Makes the resolver of one field. */
export type ResolverOf = (type: string, field: string) => (source: object | undefined) => unknown;

/** The schema with the world's rules written into it, unguarded. */
export function buildFromSdl(world: World, resolverOf: ResolverOf): GraphQLSchema {
  const at = (coordinate: string): string => (world.rules[coordinate] ?? []).map(authText).join('');
  const args = (type: string, field: string): string =>
    withArguments.has(field)
      ? `(in: In${at(`${type}.${field}(in:)`)}, e: E = X${at(`${type}.${field}(e:)`)}, s: Int${at(`${type}.${field}(s:)`)})`
      : '';
  const ownerText = (type: string): string => {
    const rule = world.owners[type];
    return rule ? ` @owner(field: "${rule.field}", mode: ${rule.mode}${rule.bypass ? ', bypass: "R2"' : ''})` : '';
  };
  const typeText = (type: string, fields: Readonly<Record<string, string>>): string => {
    const kind = type === 'Node' ? 'interface Node' : `type ${type}${type.length === 1 ? ' implements Node' : ''}`;
    const lines = Object.entries(fields).map(
      ([field, of]) => `${field}${args(type, field)}: ${of}${at(`${type}.${field}`)}`,
    );
    return `${kind}${at(type)}${ownerText(type)} { ${lines.join('\n')} }`;
  };
  return makeExecutableSchema({
    typeDefs: [
      authDirectives,
      ...Object.entries(shape).map(([type, fields]) => typeText(type, fields)),
      'union U = A | B',
      `enum E${at('E')} { X${at('E.X')} Y${at('E.Y')} Z${at('E.Z')} }`,
      `input In { p: Int${at('In.p')} q: E${at('In.q')} r: In${at('In.r')} }`,
    ],
    resolvers: Object.fromEntries(
      ['Query', 'Mutation', 'A', 'B'].map((type) => [
        type,
        Object.fromEntries(Object.keys(shape[type] ?? {}).map((field) => [field, resolverOf(type, field)])),
      ]),
    ),
  });
}

/** What a field holds. Texts carry a `#`, so that one that leaks is found. */
export function valueOf({ rows }: World, type: string, field: string, source: object | undefined): unknown {
  const of = shape[type]?.[field] ?? '';
  const self = source ? rows.indexOf(source as Row) : 0;
  const only = (wanted: string): Row[] => rows.filter(({ __typename }) => __typename === wanted);
  const from = rows.slice(self, self + 3);
  if (of === 'String' || of === 'String!' || of === 'ID') return `${type}.${field}#${self}`;
  if (of === 'E') return ['X', 'Y', 'Z'][self % 3];
  if (of === '[E]') return ['X', 'Y', null, 'Z'];
  const to = rows[(source as Row | undefined)?.next ?? self];
  if (of === 'Node') return to;
  if (of === 'A' || of === 'A!') return only('A')[self % 2] ?? null;
  if (of === 'B') return only('B')[0] ?? null;
  if (of === '[Node]') return [...from, null];
  return of.includes('B') ? only('B').slice(0, 3) : from;
}

function authText({ roles, scopes }: Auth): string {
  const parts = Object.entries({ roles, scopes }).filter(([, value]) => value);
  return parts.length === 0
    ? ' @auth'
    : ` @auth(${parts.map(([of, value]) => `${of}: ${JSON.stringify(value)}`).join(', ')})`;
}
