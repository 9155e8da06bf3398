/**
 * Prices operations, compares prices with limits, and lists which fields a price comes from.
 *
 * Schemas and operations are compiled when they are first seen. A schema is kept as long as it lives, an operation as long as it is
 * used often.
 */
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
import { type Plan, type PlanItem, readFieldCost, readTypeCost } from './plan.ts';
import { type CostSchema, compileCostSchema, type TypeCosts } from './schema.ts';
import { compileSelections } from './selections.ts';
import { evaluate, type Run, type Variables } from './terms.ts';

/** An operation with its price under one set of variables. */
export interface Priced extends Price {
  readonly program: CostProgram;
  /** Coerced. */
  readonly variables: Variables;
  /** Whether the sizes that only the names of arguments suggest were left out. */
  readonly plain: boolean;
}

/** A cost model as this file uses it. */
export interface CompilingModel extends CostModel {
  /** Compiles one operation into the plan that its price is evaluated from. */
  readonly compile: (compiler: Compiler, root: SelectionSetNode, rootType: TypeCosts) => Plan;
}

/** The model where none is given: the IBM cost directives. */
const ibm: Pick<CompilingModel, 'compile'> = { compile: compileSelections };

/** A counter of actual costs as the control uses it. */
export interface ActualCostCounter extends CostCounter {
  /** @param data the `data` of the response. @returns the field cost, or `NaN` where counting takes too long. */
  readonly count: (priced: Priced, data: Readonly<Record<string, unknown>>) => number;
}

/** Prices operations by the options of one control. */
export interface CostMeter {
  /** Compiles a schema once. @throws {TypeError} for invalid annotations. */
  readonly compileSchema: (schema: GraphQLSchema) => CostSchema;
  /**
   * Prices one operation.
   *
   * @param variables coerced.
   * @throws {TypeError} as `compileSchema`; and the refusal of an operation that takes more than the budget to price.
   */
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

/** An outcome, and how many selections and values were read for it. A program takes about 100 bytes of memory for each. */
interface Sized {
  readonly outcome: Outcome;
  readonly nodes: number;
}

/** Selections and values of all programs of one generation: some 25 MB. */
const maxNodes = 250_000;

/**
 * The programs that were compiled or used lately.
 *
 * A document of 300 characters can have a program of a megabyte, where fragments are spread on an interface of many types. A cache of
 * documents is bounded by their text: if programs were kept as long as their documents, some thousands would fill the memory.
 *
 * There are two generations, so that no order of use has to be kept: when the young one is full, the old one is forgotten.
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

/** Makes the meter of one control. */
export function createCostMeter(settings: CostSettings): CostMeter {
  const schemas = new WeakMap<GraphQLSchema, Compiled>();

  function findCompiled(schema: GraphQLSchema): Compiled {
    let known = schemas.get(schema);
    if (!known) {
      known = { costs: compileCostSchema(schema, settings), programs: new RecentPrograms() };
      schemas.set(schema, known);
    }
    return known;
  }

  return {
    compileSchema: (schema) => findCompiled(schema).costs,
    price(schema, document, operation, variables) {
      const { costs, programs } = findCompiled(schema);
      const known =
        programs.get(document, operation) ??
        programs.keep(document, operation, compileOnce(costs, document, operation));
      if ('refusal' in known) throw known.refusal();
      return priceProgram(known.program, variables, false);
    },
  };
}

function priceProgram(program: CostProgram, variables: Variables, plain: boolean): Priced {
  const { fieldCost, typeCost, invalid } = program.price(variables, plain);
  return { program, variables, plain, fieldCost, typeCost, invalid };
}

/** A refusal is remembered as well: otherwise a client could send the same document again and again and have all the work repeated. */
function compileOnce(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): Sized {
  if (countOperationFacts(document, operation).cyclic) return withSize({ refusal: () => refuse('FRAGMENT_CYCLE') });
  try {
    return compileCost(costs, document, operation);
  } catch (thrown) {
    const code = readRefusalCode(thrown);
    if (code === undefined) throw thrown;
    return withSize({ refusal: () => refuse(code, readRefusalFacts(thrown)) });
  }
}

function withSize(outcome: Outcome, nodes = 1): Sized {
  return { outcome, nodes };
}

/** @throws the refusal of an operation that takes more than the budget to price. */
function compileCost(costs: CostSchema, document: DocumentNode, operation: OperationDefinitionNode): Sized {
  const { settings, schema } = costs;
  const rootType = costs.findType(schema.getRootType(operation.operation)?.name ?? '');
  if (!rootType) throw refuse('BAD_REQUEST', { reason: 'no root type for the operation' });
  const compiler = new Compiler(costs, document);
  const { compile } = (settings.model as CompilingModel | undefined) ?? ibm;
  const root = compile(compiler, operation.selectionSet, rootType);
  const program = new CostProgram(compiler, root, settings.base[operation.operation], costs.weighObject(rootType.type));
  return withSize({ program }, compiler.nodes);
}

/** Selects the coordinates that a client may know of. */
export type SelectVisible = (shares: readonly CoordinateShare[]) => readonly CoordinateShare[];

/**
 * Lists which price is compared with which limits, in this order. Inferred sizes multiply pages that are rarely full at once, so a
 * price with them has wider limits of its own. Without them the operation must stay within the same limits as any other.
 */
export function listComparisons(
  priced: Priced,
  { ceilings, inferredCeilings }: CostSettings,
): readonly (readonly [Priced, CostLimits])[] {
  const isOne = ceilings.maxCost === inferredCeilings.maxCost && ceilings.maxTypeCost === inferredCeilings.maxTypeCost;
  if (isOne || !priced.program.infers) return [[priced, ceilings]];
  return [
    [priceProgram(priced.program, priced.variables, true), ceilings],
    [priced, inferredCeilings],
  ];
}

/**
 * Compares a price with limits.
 *
 * @param selectVisible selects the coordinates that a client may know of. Left out: the client learns nothing of the cost.
 * @throws `COST_LIMIT_EXCEEDED` or `COST_INVALID_SLICING_ARGUMENT`, where a cost is not a number within the limits.
 */
export function checkCost(priced: Priced, limits: CostLimits, selectVisible: SelectVisible | undefined): void {
  const { fieldCost, typeCost } = priced;
  if (isWithin(fieldCost, limits.maxCost) && isWithin(typeCost, limits.maxTypeCost)) return;
  for (const refusal of listCostRefusals(priced, limits, selectVisible)) throw refusal;
}

/** Without a limit a cost must still be a finite number. `NaN` fails both comparisons. */
function isWithin(cost: number, maximum: number | false = false): boolean {
  return maximum === false ? Number.isFinite(cost) : cost <= maximum;
}

/**
 * Lists the refusals of all limits that a price is above.
 *
 * @param selectVisible selects the coordinates that a client may know of. Left out: the client learns nothing of the cost.
 */
export function* listCostRefusals(
  priced: Priced,
  limits: CostLimits,
  selectVisible?: SelectVisible,
): Generator<Refusal, void> {
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
    const shown = {
      requestedQueryCost: Math.ceil(actual),
      actualQueryCost: null,
      maximum,
      dearest: selectVisible?.(shares),
    };
    yield refuse('COST_LIMIT_EXCEEDED', {
      limit,
      actual,
      maximum: maximum === false ? Infinity : maximum,
      dearest: shares,
      ...(selectVisible && { extensions: { cost: shown } }),
    });
  }
}

/** @returns the coordinates with a share of the field cost, the most expensive first, at most `count`. */
export function listDearest({ program, variables, plain }: Priced, count = 5): CoordinateShare[] {
  return program
    .evaluate(variables, plain, (run) => listShares(program, run))
    .filter(({ cost }) => cost > 0)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, count);
}

/** The part of a price that depends on one list whose size no annotation gives. */
export interface Guess {
  /** `Type.field` to annotate. */
  readonly coordinate: string;
  readonly fieldCost: number;
  readonly typeCost: number;
}

/** @returns the fields whose list sizes are a guess, those first from which most of the price comes, at most `count`. */
export function listGuesses({ program, variables, plain }: Priced, count = 5): Guess[] {
  return program.evaluate(variables, plain, (run) => {
    const found = new Map<string, Guess>();
    visitItems(program, run, ({ guess, size, below, typeWeight, whole }, often) => {
      if (guess === undefined || whole) return;
      const items = often * evaluate(size, run);
      const { fieldCost, typeCost } = found.get(guess) ?? { fieldCost: 0, typeCost: 0 };
      found.set(guess, {
        coordinate: guess,
        fieldCost: fieldCost + (below ? items * readFieldCost(below, run) : 0),
        typeCost: typeCost + items * (typeWeight + (below ? readTypeCost(below, run) : 0)),
      });
    });
    const weight = ({ fieldCost, typeCost }: Guess) => fieldCost + typeCost;
    return [...found.values()].toSorted((a, b) => weight(b) - weight(a)).slice(0, count);
  });
}

function listShares(program: CostProgram, run: Run): CoordinateShare[] {
  const costs = new Map<string, number>();
  visitItems(program, run, ({ coordinate, own, size, each, below, whole }, often) => {
    const cost = evaluate(own, run) + (whole ? -(below ? readFieldCost(below, run) : 0) : evaluate(size, run) * each);
    costs.set(coordinate, (costs.get(coordinate) ?? 0) + often * Math.max(0, cost));
  });
  return [...costs].map(([coordinate, cost]) => ({ coordinate, cost }));
}

/** Visits the items that count under these variables, each with how often it does. */
function visitItems({ root, plans }: CostProgram, run: Run, visit: (item: PlanItem, often: number) => void): void {
  const times = new Map<Plan, number>([[root, 1]]);
  const add = (plan: Plan, more: number): void => {
    times.set(plan, (times.get(plan) ?? 0) + more);
  };
  // Plans stand behind those that they use, so going backwards each plan has its final number before it is visited.
  for (const plan of plans.toReversed()) {
    const often = times.get(plan);
    if (often === undefined || often === 0) continue;
    const [first] = plan.alternatives;
    if (plan.chooses && first) {
      add(
        plan.alternatives.reduce(
          (most, one) => (readFieldCost(one, run) > readFieldCost(most, run) ? one : most),
          first,
        ),
        often,
      );
      continue;
    }
    for (const alternative of plan.alternatives) add(alternative, often);
    for (const item of plan.items) {
      if (item.holds && !item.holds(run.variables)) continue;
      visit(item, often);
      if (item.below) add(item.below, often * (item.whole ? 1 : evaluate(item.size, run)));
    }
  }
}
