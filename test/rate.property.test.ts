// What is charged for random operations, against a count that looks at every possible type of every path.
import type { ResolvedOperation } from '@graphql-bulwark/core';
import {
  collectFields,
  countOperationFacts,
  createInclusionTest,
  createTypeTest,
  indexFragments,
} from '@graphql-bulwark/core/internal';
import { costDirectives } from '@graphql-bulwark/limits';
import { rateLimitDirectives } from '@graphql-bulwark/rate-limit';
import * as fc from 'fast-check';
import {
  buildSchema,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  getVariableValues,
  isCompositeType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  validate,
  visit,
} from 'graphql';
import { expect, it } from 'vitest';
import { countFields } from '../packages/rate-limit/src/charges/count-fields.ts';
import { compileRules, type LimitedFields } from '../packages/rate-limit/src/rules/directive.ts';
import { propertyCases } from './property-cases.ts';
import { randomCase } from './random-operations.ts';

/** Limits about every third field, the same ones for the same seed; some in two ways. */
function withRules(typeDefs: string, seed: number): string {
  let place = seed >>> 0;
  const limited = visit(parse(typeDefs), {
    FieldDefinition(node) {
      place = (Math.imul(place, 1_664_525) + 1_013_904_223) >>> 0;
      const uses = [2, 1, 0, 0, 0][(place >>> 16) % 5] ?? 0;
      const rules = parse(`type T { f: Int ${'@rateLimit(max: 1000000) '.repeat(uses)} }`).definitions[0];
      const more = rules?.kind === Kind.OBJECT_TYPE_DEFINITION ? (rules.fields?.[0]?.directives ?? []) : [];
      return { ...node, directives: [...(node.directives ?? []), ...more] };
    },
  });
  return print(limited);
}

type Counts = Map<string, number>;

/** policy -> how often it is owed, path by path and type by type. */
function naive(
  { schema, document, variables }: ResolvedOperation,
  { fields }: LimitedFields,
  sets: readonly SelectionSetNode[],
  type: GraphQLCompositeType,
): Counts {
  const base = { fragments: indexFragments(document), includes: createInclusionTest(variables) };
  const ofObject = (selected: readonly SelectionSetNode[], object: GraphQLObjectType): Counts => {
    const sum: Counts = new Map();
    const add = (policy: string, times: number) => sum.set(policy, (sum.get(policy) ?? 0) + times);
    for (const nodes of collectFields(selected, { ...base, applies: createTypeTest(schema, object) }).values()) {
      const [node] = nodes as [FieldNode];
      const field = object.getFields()[node.name.value];
      if (!field) continue;
      for (const { policy } of fields.get(object.name)?.get(field.name)?.rules ?? []) add(policy, 1);
      const returned = getNamedType(field.type);
      if (!isCompositeType(returned)) continue;
      for (const [policy, times] of ofType(
        nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
        returned,
      )) {
        add(policy, times);
      }
    }
    return sum;
  };
  const ofType = (selected: readonly SelectionSetNode[], of: GraphQLCompositeType): Counts => {
    if (isObjectType(of)) return ofObject(selected, of);
    const most: Counts = new Map();
    for (const object of schema.getPossibleTypes(of)) {
      for (const [policy, times] of ofObject(selected, object))
        most.set(policy, Math.max(most.get(policy) ?? 0, times));
    }
    return most;
  };
  return ofType(sets, type);
}

it('occurrences of limited fields equal those of a naive count', { timeout: 300_000 }, () => {
  const cases = propertyCases(500);
  let owing = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const { typeDefs, document: text, variables } = randomCase(seed, { distinct: false, variables: true });
      const directives = `${costDirectives}\n${rateLimitDirectives}`;
      const schema: GraphQLSchema = buildSchema(`${directives}\n${withRules(typeDefs, seed)}`, { assumeValid: true });
      const document = parse(text);
      fc.pre(validate(schema, document).length === 0);
      const operation = getOperationAST(document);
      const query = schema.getQueryType();
      if (!operation || !query) throw new Error('no query');
      const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
      const facts = countOperationFacts(document, operation);
      const resolved = { schema, document, operation, variables: coerced, facts } as unknown as ResolvedOperation;
      const limited = compileRules(schema);
      const found = countFields(resolved, limited).map(({ rule, times }) => [rule.policy, times] as const);
      const expected = naive(resolved, limited, [operation.selectionSet], query);
      expect(new Map(found)).toEqual(expected);
      if ([...expected.values()].some((times) => times > 1)) owing += 1;
    }),
    { numRuns: cases },
  );
  expect(owing).toBeGreaterThan(cases / 10);
});
