/** Views of a large schema: callers with ever other rights, and a view against the same schema made as a whole. */
import { buildVisibleSchema, createViews } from '@graphql-bulwark/introspection/visibility';
import * as github from '@octokit/graphql-schema';
import * as fc from 'fast-check';
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  introspectionFromSchema,
  isEnumType,
  isInputObjectType,
  isObjectType,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
  validateSchema,
} from 'graphql';
import { expect, it } from 'vitest';
import { propertyCases } from './property-cases.ts';

const schema = buildSchema(github.schema.idl, { assumeValidSDL: true });
const coordinates = Object.values(schema.getTypeMap()).flatMap((type) => {
  if (type.name.startsWith('__') || type.name === 'Query') return [];
  if (isEnumType(type)) return type.getValues().map(({ name }) => `${type.name}.${name}`);
  if (!isObjectType(type) && !isInputObjectType(type)) return [];
  return [type.name, ...Object.keys(type.getFields()).map((name) => `${type.name}.${name}`)];
});
const document = parse(
  '{ viewer { login repositories(first: 3) { nodes { name issues(first: 2) { totalCount } } } } }',
);

/** Hides two other coordinates for each caller. */
const findView = createViews(({ contextValue: caller }) => {
  const at = (step: number): string | undefined => coordinates[(Number(caller) * step) % coordinates.length];
  const hidden = new Set([at(7), at(13)]);
  return { key: String(caller), sees: (coordinate) => !hidden.has(coordinate) };
});

const milliseconds = (work: () => unknown): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

it("a caller with rights that no one had before costs a fraction of making all of GitHub's schema", () => {
  const asked = (caller: number) => validate(findView({ schema, contextValue: caller }), document);
  for (let caller = 1; caller < 10; caller += 1) asked(caller);
  const once = Array.from({ length: 15 }, (_, i) => milliseconds(() => asked(100 + i)));
  // The least that a view made as a whole would take: every type and field once.
  const whole = Array.from({ length: 15 }, (_, i) =>
    milliseconds(() => {
      const view = findView({ schema, contextValue: 200 + i });
      for (const type of Object.values(view.getTypeMap())) if (isObjectType(type)) type.getFields();
    }),
  );
  expect(median(once)).toBeLessThan(median(whole) / 2);
});

it('500 tenants with rights of their own, in turn, each get the view that they had before', () => {
  const first = Array.from({ length: 500 }, (_, tenant) => findView({ schema, contextValue: 1_000 + tenant }));
  const again = first.map((_, tenant) => findView({ schema, contextValue: 1_000 + tenant }));
  expect(again.every((view, tenant) => view === first[tenant])).toBe(true);
});

it('a view whose types are made when they are asked for is the schema that its introspection describes', () => {
  const text = (view: GraphQLSchema): string => printSchema(lexicographicSortSchema(view));
  const some = fc.array(fc.nat(coordinates.length - 1), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(some, (places) => {
      const hidden = new Set(places.map((place) => coordinates[place]));
      const view = buildVisibleSchema(schema, (coordinate) => !hidden.has(coordinate));
      // Asked for in another order than a schema is walked in.
      validate(view, document);
      const described = buildClientSchema(introspectionFromSchema(view));
      expect(text(view)).toBe(text(described));
      expect(validateSchema(buildSchema(printSchema(view), { assumeValidSDL: true }))).toEqual([]);
      const names = Object.keys(view.getTypeMap());
      expect(names.filter((name) => hidden.has(name))).toEqual([]);
    }),
    { numRuns: propertyCases(10) },
  );
});
