/** Prices operations: schemas and operations are compiled when they are first seen, and kept as long as they live. */
import { type Refusal, refuse } from '@graphql-bulwark/core';
import {
  type CoordinateShare,
  countOperationFacts,
  PerOperation,
  readRefusalCode,
  readRefusalFacts,
} from '@graphql-bulwark/core/internal';
import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Compiler, CostProgram, type Price } from './compile.ts';
import type { CostCounter, CostLimits, CostModel, CostSettings } from './options.ts';
import type { Plan } from './plan.ts';
import { type CostSchema, compileCostSchema, type TypeCosts } from './schema.ts';
import { compileSelections } from './selections.ts';
import { type Evaluation, listDearest } from './shares.ts';
import type { Variables } from './terms.ts';

/** An operation with its price under one set of variables. */
export interface Priced extends Price, Evaluation {}

/** A cost model as this file uses it. */
export interface CompilingModel extends CostModel {
  /** Compiles one operation into the plan that its price is evaluated from. */
  readonly compile: (compiler: Compiler, root: SelectionSetNode, rootType: TypeCosts) => Plan;
}

/** The model where none is given: the IBM cost directives. */
const ibm: Pick<CompilingModel, 'compile'> = { compile: compileSelections };

/** A counter of actual costs as the control uses it. */
export interface ActualCostCounter extends CostCounter {
  /** @param data the `data` of the answer. @returns `NaN` where counting takes too long. */
  readonly count: (priced: Priced, data: Readonly<Record<string, unknown>>) => number;
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
  readonly programs: RecentPrograms;
}

type Outcome = { readonly program: CostProgram } | { readonly refusal: () => GraphQLError };

/** An outcome, and what was looked at to find it: its size in memory, as a program keeps some 100 bytes of each look. */
interface Sized {
  readonly outcome: Outcome;
  readonly nodes: number;
}

/** Looks that the programs of one generation may have taken together: some 25 MB. */
const maxNodes = 250_000;

/**
 * What was compiled lately. A cache of documents is bounded by their text, and a text of 300 characters can have a program of a
 * megabyte, where fragments meet an interface of many types: kept as long as their documents, some thousands would fill the memory.
 *
 * Two generations, so that nothing has to be put in order: when the young one is full, the old one is forgotten.
 */
class RecentPrograms {
  #young = new PerOperation<Sized>();
  #old = new PerOperation<Sized>();
  #nodes = 0;

  get(document: DocumentNode, operation: OperationDefinitionNode): Outcome | undefined {
    const known = this.#young.get(document, operation);
    if (known) return known.outcome;
    const older = this.#old.get(document, operation);
    return older && this.keep(document, operation, older);
  }

  /** @returns the outcome. */
  keep(document: DocumentNode, operation: OperationDefinitionNode, sized: Sized): Outcome {
    if (this.#nodes + sized.nodes > maxNodes) {
      this.#old = this.#young;
      this.#young = new PerOperation();
      this.#nodes = 0;
    }
    this.#nodes += sized.nodes;
    return this.#young.set(document, operation, sized).outcome;
  }
}

export function createCostMeter(settings: CostSettings): CostMeter {
  const schemas = new WeakMap<GraphQLSchema, Compiled>();

  function compiled(schema: GraphQLSchema): Compiled {
    let known = schemas.get(schema);
    if (!known) {
      known = { costs: compileCostSchema(schema, settings), programs: new RecentPrograms() };
      schemas.set(schema, known);
    }
    return known;
  }

  return {
    schemaOf: (schema) => compiled(schema).costs,
    price(schema, document, operation, variables) {
      const { costs, programs } = compiled(schema);
      const known =
        programs.get(document, operation) ??
        programs.keep(document, operation, compileOnce(costs, document, operation));
      if ('refusal' in known) throw known.refusal();
      return evaluate({ program: known.program, variables, plain: false });
    },
  };
}

function evaluate(evaluation: Evaluation): Priced {
  const { program, variables, plain } = evaluation;
  const { fieldCost, typeCost, invalid } = program.price(variables, plain);
  return { program, variables, plain, fieldCost, typeCost, invalid };
}

/** What is too much to price is remembered too: it must not be paid for again. */
function compileOnce(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): Sized {
  if (countOperationFacts(document, operation).cyclic) return ofSize({ refusal: () => refuse('FRAGMENT_CYCLE') });
  try {
    return compileCost(costs, document, operation);
  } catch (thrown) {
    const code = readRefusalCode(thrown);
    if (code === undefined) throw thrown;
    return ofSize({ refusal: () => refuse(code, readRefusalFacts(thrown)) });
  }
}

function ofSize(outcome: Outcome, nodes = 1): Sized {
  return { outcome, nodes };
}

/** @throws the refusal of an operation that takes more than the budget to price. */
function compileCost(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): Sized {
  const { settings, schema } = costs;
  const rootType = costs.typeNamed(schema.getRootType(operation.operation)?.name ?? '');
  if (!rootType) throw refuse('BAD_REQUEST', { reason: 'no root type for the operation' });
  const compiler = new Compiler(costs, document);
  const { compile } = (settings.model as CompilingModel | undefined) ?? ibm;
  const root = compile(compiler, operation.selectionSet, rootType);
  const program = new CostProgram(compiler, root, settings.base[operation.operation], costs.objectCost(rootType.type));
  return ofSize({ program }, compiler.nodes);
}

/** What a client is told of the coordinates that made a cost. */
export type Tell = (shares: readonly CoordinateShare[]) => readonly CoordinateShare[];

/**
 * What is compared with which ceilings, in this order. What the names of arguments say can raise a price above what pages that are
 * full at once come to: without it, an operation must be within the same ceilings as any other.
 */
export function comparisons(
  priced: Priced,
  { ceilings, inferredCeilings }: CostSettings,
): readonly (readonly [Priced, CostLimits])[] {
  const isOne = ceilings.maxCost === inferredCeilings.maxCost && ceilings.maxTypeCost === inferredCeilings.maxTypeCost;
  if (isOne || !priced.program.infers) return [[priced, ceilings]];
  return [
    [evaluate({ ...priced, plain: true }), ceilings],
    [priced, inferredCeilings],
  ];
}

/** @throws the refusal, where a cost is not a number within the limits. */
export function checkCost(priced: Priced, limits: CostLimits, tell: Tell | undefined): void {
  const { fieldCost, typeCost } = priced;
  if (isWithin(fieldCost, limits.maxCost) && isWithin(typeCost, limits.maxTypeCost)) return;
  for (const refusal of listCostRefusals(priced, limits, tell)) throw refusal;
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
export function* listCostRefusals(priced: Priced, limits: CostLimits, tell?: Tell): Generator<Refusal, void> {
  const { fieldCost, typeCost, invalid } = priced;
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
    const shares: readonly CoordinateShare[] = listDearest(priced);
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
