/** Prices operations: schemas and operations are compiled when they are first seen, and kept as long as they live. */
import { type Refusal, refuse } from '@graphql-bulwark/core';
import {
  type CoordinateShare,
  countOperationFacts,
  PerOperation,
  readRefusalCode,
  readRefusalFacts,
} from '@graphql-bulwark/core/internal';
import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { Compiler, CostProgram, type Price } from './compile.ts';
import { compileApollo } from './models/apollo-router.ts';
import type { CostLimits, CostSettings } from './options.ts';
import { type CostSchema, compileCostSchema } from './schema.ts';
import { compileSelections } from './selections.ts';
import { dearest } from './shares.ts';
import type { Variables } from './terms.ts';

/** An operation with its price under one set of variables. */
export interface Priced extends Price {
  readonly program: CostProgram;
  readonly variables: Variables;
}

export interface CostMeter {
  /** @throws {TypeError} for a schema whose annotations cannot be meant. */
  readonly schemaOf: (schema: GraphQLSchema) => CostSchema;
  /** @param variables coerced. @throws the refusal of an operation that cannot be priced. */
  readonly price: (
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Variables,
  ) => Priced;
}

interface Compiled {
  readonly costs: CostSchema;
  readonly programs: PerOperation<Outcome>;
}

type Outcome = { readonly program: CostProgram } | { readonly refusal: () => GraphQLError };

export function costMeter(settings: CostSettings): CostMeter {
  const schemas = new WeakMap<GraphQLSchema, Compiled>();

  function compiled(schema: GraphQLSchema): Compiled {
    let known = schemas.get(schema);
    if (!known) {
      known = { costs: compileCostSchema(schema, settings), programs: new PerOperation() };
      schemas.set(schema, known);
    }
    return known;
  }

  return {
    schemaOf: (schema) => compiled(schema).costs,
    price(schema, document, operation, variables) {
      const { costs, programs } = compiled(schema);
      const known =
        programs.get(document, operation) ?? programs.set(document, operation, compileOnce(costs, document, operation));
      if ('refusal' in known) throw known.refusal();
      const { program } = known;
      const { fieldCost, typeCost, invalid } = program.price(variables);
      return { program, variables, fieldCost, typeCost, invalid };
    },
  };
}

/** What is too much to price is remembered too: it must not be paid for again. */
function compileOnce(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): Outcome {
  if (countOperationFacts(document, operation).cyclic) return { refusal: () => refuse('FRAGMENT_CYCLE') };
  try {
    return { program: compileCost(costs, document, operation) };
  } catch (thrown) {
    const code = readRefusalCode(thrown);
    if (code === undefined) throw thrown;
    return { refusal: () => refuse(code, readRefusalFacts(thrown)) };
  }
}

/** @throws the refusal of an operation that takes more than the budget to price. */
function compileCost(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): CostProgram {
  const { settings, schema } = costs;
  const rootType = costs.typeNamed(schema.getRootType(operation.operation)?.name ?? '');
  if (!rootType) throw refuse('BAD_REQUEST', { reason: 'no root type for the operation' });
  const compiler = new Compiler(costs, document);
  const compile = settings.model === 'apollo' ? compileApollo : compileSelections;
  const root = compile(compiler, operation.selectionSet, rootType);
  return new CostProgram(compiler, root, settings.base[operation.operation], costs.objectCost(rootType.type));
}

/** What a client is told of the coordinates that made a cost. */
export type Tell = (shares: readonly CoordinateShare[]) => readonly CoordinateShare[];

/** @throws the refusal, where a cost is not a number within the limits. */
export function judgeCost(priced: Priced, limits: CostLimits, tell: Tell | undefined): void {
  const { fieldCost, typeCost } = priced;
  if (isWithin(fieldCost, limits.maxCost) && isWithin(typeCost, limits.maxTypeCost)) return;
  for (const refusal of costRefusals(priced, limits, tell)) throw refusal;
}

/** What is no finite number is refused whatever the limits are. */
function isWithin(cost: number, maximum: number | false = false): boolean {
  return maximum === false ? Number.isFinite(cost) : cost <= maximum;
}

/**
 * The refusals of every ceiling that the costs are not under.
 *
 * @param tell left out: a client is told of no cost.
 */
export function* costRefusals(
  { program, variables, fieldCost, typeCost, invalid }: Priced,
  limits: CostLimits,
  tell?: Tell,
): Generator<Refusal, void> {
  if (invalid !== undefined && Number.isNaN(fieldCost + typeCost)) {
    const facts = { limit: 'maxListSize', actual: Number.NaN, maximum: Number.NaN };
    yield refuse('COST_INVALID_SLICING_ARGUMENT', { ...facts, coordinate: invalid });
    return;
  }
  const costs = { maxCost: fieldCost, maxTypeCost: typeCost };
  for (const limit of ['maxCost', 'maxTypeCost'] as const) {
    const { [limit]: maximum = false } = limits;
    const actual = costs[limit];
    if (isWithin(actual, maximum)) continue;
    const shares: readonly CoordinateShare[] = dearest(program, variables);
    const shown = { requestedQueryCost: Math.ceil(actual), actualQueryCost: null, maximum, dearest: tell?.(shares) };
    yield refuse('COST_LIMIT_EXCEEDED', {
      limit,
      actual,
      maximum: maximum === false ? Infinity : maximum,
      dearest: shares,
      ...(tell && { extensions: { cost: shown } }),
    });
  }
}
