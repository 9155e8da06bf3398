/**
 * From an operation to its cost: a function of the coerced variables, made once and kept as long as the document lives.
 *
 * Merged selection sets are priced once for each type that they meet, so that neither fragments that double at every level nor
 * an interface of hundreds of types multiply the work; what remains is bounded by a budget.
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

/** A list size that a field hands to lists below it. */
export interface SizeContext {
  readonly fields: SizedFields;
  readonly size: Term;
  /** The field to annotate, where no annotation says the size. */
  readonly guess: string | undefined;
  /** Equal for contexts that say the same, wherever selection sets come up again. */
  readonly id: number;
}

/** Nesting that no schema needs; recursion stops here. */
const maxNesting = 500;

/** What both models share while they compile one operation. */
export class Compiler {
  readonly costs: CostSchema;
  readonly fragments: Fragments;
  readonly plans: Plans = new Plans();
  /** Selections and values that were looked at. */
  nodes = 0;
  /** The field that is wrong whatever the variables are. */
  invalid: string | undefined;
  /** Whether the name of an argument that is given says the length of a list. */
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

  /** A size that is wrong whatever the variables are. */
  wrong(coordinate: string): number {
    this.invalid ??= coordinate;
    return Number.NaN;
  }

  /** A term that is computed once in each run, however often it is used. */
  keep(term: Term): Term {
    if (typeof term === 'number') return term;
    const slot = this.kept.push(term) - 1;
    return function readKept(run) {
      return run.kept[slot] as number;
    };
  }

  /** variable -> the size that it says where nothing else does. */
  sizesBy(sizing: Sizing): Map<string, Term> {
    const sizes = this.#sizes.get(sizing) ?? new Map<string, Term>();
    this.#sizes.set(sizing, sizes);
    return sizes;
  }

  contextOf(fields: SizedFields, size: Term, guess: string | undefined): SizeContext {
    const bySize = this.#contexts.get(fields) ?? new Map<Term, SizeContext>();
    this.#contexts.set(fields, bySize);
    const known = bySize.get(size);
    if (known) return known;
    const context = { fields, size, guess, id: (this.#contextCount += 1) };
    bySize.set(size, context);
    return context;
  }

  /** A number for each selection set, by identity. */
  idOf(set: SelectionSetNode): number {
    const id = this.#ids.get(set) ?? this.#ids.size;
    this.#ids.set(set, id);
    return id;
  }
}

export interface Price {
  readonly fieldCost: number;
  readonly typeCost: number;
  /** The field whose arguments say no list size. */
  readonly invalid: string | undefined;
}

type Memory = Pick<Run, 'kept' | 'field' | 'type'>;

const noMemory: Memory = { kept: [], field: [], type: [] };

/** What an operation costs, as a function of its coerced variables. */
export class CostProgram {
  readonly root: Plan;
  /** What the operation costs beside its fields. */
  readonly base: number;
  /** Whether the name of an argument that is given says the length of a list. */
  readonly infers: boolean;
  readonly #rootWeight: number;
  readonly #plans: Plans;
  readonly #kept: Compiler['kept'];
  readonly #invalid: string | undefined;
  /** Filled anew in each evaluation; nothing is made for a request. */
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

  /** Every plan, each after those that it uses. */
  get plans(): readonly Plan[] {
    return this.#plans.all;
  }

  /** @param plain leaves out what the names of arguments alone say of lists. */
  price(variables: Variables, plain: boolean): Price {
    return this.evaluate(variables, plain, this.#priceIn);
  }

  /** Hands out what the plans' terms are evaluated with, for the length of the call. */
  evaluate<T>(variables: Variables, plain: boolean, use: (run: Run) => T): T {
    const memory = this.#spare ?? this.#memory();
    // An estimator that prices in its turn gets memory of its own.
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
