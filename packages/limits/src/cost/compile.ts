/**
 * What cost models share while they compile an operation, and the compiled program: a function from coerced variables to a cost.
 *
 * Fragments that double at every level, or an interface of hundreds of types, would multiply the work. So merged selection sets are
 * priced once for each type on which they are selected, and the work that remains is bounded by a budget.
 */
import { refuse } from '@graphql-bulwark/core';
import { type Fragments, indexFragments } from '@graphql-bulwark/core/internal';
import type { DocumentNode, SelectionSetNode } from 'graphql';
import type { Spend } from './arguments.ts';
import type { SizedFields, Sizing } from './list-size.ts';
import { type Plan, Plans, readFieldCost, readTypeCost } from './plan.ts';
import type { CostSchema } from './schema.ts';
import type { Run, Term, Variables } from './terms.ts';

type Kept = (run: Run) => number;

/** A list size that a field passes on to lists below it. */
export interface SizeContext {
  /** The lists that get the size. */
  readonly fields: SizedFields;
  readonly size: Term;
  /** Coordinate of the field to annotate with a size; `undefined` where an annotation gives the size. */
  readonly guess: string | undefined;
  /** The same for equal contexts, so that it can be part of a key. */
  readonly id: number;
}

/** Levels of selections or values. No schema needs as many, and recursion would overflow the stack beyond some thousands. */
const maxNesting = 500;

/** Compiles one operation: its budget, its plans, and what is remembered between them. */
export class Compiler {
  readonly costs: CostSchema;
  readonly fragments: Fragments;
  readonly plans: Plans = new Plans();
  /** How many selections and values have been read. */
  nodes = 0;
  /** Coordinate of the first field whose list size is invalid whatever the variables are. */
  invalid: string | undefined;
  /** Whether an argument that is given is taken for a list size because of its name. */
  infers = false;
  readonly kept: Kept[] = [];
  readonly #sizes = new Map<Sizing, Map<string, Term>>();
  readonly #ids = new Map<SelectionSetNode, number>();
  readonly #contexts = new Map<SizedFields, Map<Term, SizeContext>>();
  #contextCount = 0;

  constructor(costs: CostSchema, document: DocumentNode) {
    this.costs = costs;
    this.fragments = indexFragments(document);
  }

  /** @throws the refusal of an operation that takes more than the budget to price. */
  readonly spend: Spend = (more, nesting) => {
    this.nodes += more;
    const maximum = this.costs.settings.maxCostNodes;
    if (this.nodes <= maximum && nesting <= maxNesting) return;
    const actual = nesting <= maxNesting ? this.nodes : Infinity;
    throw refuse('COST_LIMIT_EXCEEDED', { limit: 'maxCostNodes', actual, maximum });
  };

  /** Remembers that a list size is invalid whatever the variables are. @returns `NaN`, which refuses the operation. */
  markInvalid(coordinate: string): number {
    this.invalid ??= coordinate;
    return Number.NaN;
  }

  /** @returns a term with the same value that is computed once in each run, however often it is used. */
  keep(term: Term): Term {
    if (typeof term === 'number') return term;
    const slot = this.kept.push(term) - 1;
    return function readKept(run) {
      return run.kept[slot] as number;
    };
  }

  /** @returns name of a variable -> the size that it gives where it is the only slicing argument. */
  findSizes(sizing: Sizing): Map<string, Term> {
    const sizes = this.#sizes.get(sizing) ?? new Map<string, Term>();
    this.#sizes.set(sizing, sizes);
    return sizes;
  }

  /** @returns the one context for these lists and this size. */
  findContext(fields: SizedFields, size: Term, guess: string | undefined): SizeContext {
    const bySize = this.#contexts.get(fields) ?? new Map<Term, SizeContext>();
    this.#contexts.set(fields, bySize);
    const known = bySize.get(size);
    if (known) return known;
    const context = { fields, size, guess, id: (this.#contextCount += 1) };
    bySize.set(size, context);
    return context;
  }

  /** @returns a number for a selection set, the same each time. */
  numberSet(set: SelectionSetNode): number {
    const id = this.#ids.get(set) ?? this.#ids.size;
    this.#ids.set(set, id);
    return id;
  }
}

/** What an operation costs under one set of variables. */
export interface Price {
  readonly fieldCost: number;
  readonly typeCost: number;
  /** Coordinate of a field whose arguments give no valid list size; then the costs are `NaN`. */
  readonly invalid: string | undefined;
}

type Memory = Pick<Run, 'kept' | 'field' | 'type'>;

const noMemory: Memory = { kept: [], field: [], type: [] };

/** A compiled operation: computes what it costs from its coerced variables. */
export class CostProgram {
  readonly root: Plan;
  /** What the operation costs beside its fields. */
  readonly base: number;
  /** Whether an argument that is given is taken for a list size because of its name. */
  readonly infers: boolean;
  readonly #rootWeight: number;
  readonly #plans: Plans;
  readonly #kept: Compiler['kept'];
  readonly #invalid: string | undefined;
  /** Reused by each evaluation, so that a request allocates nothing. */
  #spare: Memory | undefined;
  readonly #priceIn = (run: Run): Price => ({
    fieldCost: this.base + readFieldCost(this.root, run),
    typeCost: this.#rootWeight + readTypeCost(this.root, run),
    invalid: run.invalid,
  });

  constructor({ plans, kept, invalid, infers }: Compiler, root: Plan, base: number, rootWeight: number) {
    this.root = root;
    this.base = base;
    this.infers = infers;
    this.#rootWeight = rootWeight;
    this.#plans = plans;
    this.#kept = kept;
    this.#invalid = invalid;
  }

  /** Every plan, each behind those that it uses. */
  get plans(): readonly Plan[] {
    return this.#plans.all;
  }

  /** @param plain whether the sizes that only the names of arguments suggest are left out. */
  price(variables: Variables, plain: boolean): Price {
    return this.evaluate(variables, plain, this.#priceIn);
  }

  /** Evaluates all plans, and calls `use` with the run that holds their values. The run must not be kept after the call. */
  evaluate<T>(variables: Variables, plain: boolean, use: (run: Run) => T): T {
    const memory = this.#spare ?? this.#memory();
    // An estimator may price this operation itself, inside this evaluation. It then finds no spare memory and gets its own.
    this.#spare = undefined;
    const { kept, field, type } = memory;
    const run: Run = { variables, invalid: this.#invalid, looked: 0, kept, field, type, plain };
    for (let slot = 0; slot < this.#kept.length; slot += 1) kept[slot] = (this.#kept[slot] as Kept)(run);
    this.#plans.evaluate(run);
    const result = use(run);
    this.#spare = memory;
    return result;
  }

  #memory(): Memory {
    const { varying } = this.#plans;
    if (varying.length === 0 && this.#kept.length === 0) return noMemory;
    return { kept: this.#kept.map(() => 0), field: varying.map(() => 0), type: varying.map(() => 0) };
  }
}
