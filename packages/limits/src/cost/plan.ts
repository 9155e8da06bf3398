/** What compiling an operation leaves behind: what it costs whatever the variables are, and what they decide. */
import { evaluate, type Run, type Term, type Variables } from './terms.ts';

/** One response key of a merged selection set: `own + size x each`, never less than 0, and `size x below`. */
export interface PlanItem {
  readonly key: string;
  readonly coordinate: string;
  /** Cost of resolving the field once. */
  readonly own: Term;
  /** Cost of each item beside what is selected of it. */
  readonly each: number;
  /** Items that the list can hold; 1 where the field is no list. */
  readonly size: Term;
  /** Coordinate of the field to annotate, where no annotation says how many items there are. */
  readonly guess: string | undefined;
  /** Type cost of each item. 0 or more. */
  readonly typeWeight: number;
  readonly holds: ((variables: Variables) => boolean) | undefined;
  readonly below: Plan | undefined;
  /** `own` is what an estimator said, with what is below in it. */
  readonly whole: boolean;
}

/** A merged selection set on one type. */
export interface Plan {
  /** Field cost that no variable changes. */
  readonly field: number;
  /** Type cost that no variable changes. */
  readonly type: number;
  /** Where a run keeps the whole of both; -1 where no variable changes anything. */
  readonly slot: number;
  readonly items: readonly PlanItem[];
  /** The items that variables decide. */
  readonly varying: readonly PlanItem[];
  /** Plans of the same value: where it `chooses`, one for each group of concrete types, and the dearest counts; else all count. */
  readonly alternatives: readonly Plan[];
  readonly chooses: boolean;
}

export function readFieldCost({ slot, field }: Plan, run: Run): number {
  return slot < 0 ? field : (run.field[slot] as number);
}

export function readTypeCost({ slot, type }: Plan, run: Run): number {
  return slot < 0 ? type : (run.type[slot] as number);
}

/** A run in which nothing is computed yet. */
const nothing: Run = { variables: {}, kept: [], field: [], type: [], looked: 0, invalid: undefined, plain: false };

const noPlans: readonly Plan[] = [];
const none: readonly PlanItem[] = [];

/** Of what costs nothing. */
const free: Plan = { field: 0, type: 0, slot: -1, items: none, varying: none, alternatives: noPlans, chooses: false };

/** Makes the plans of one operation, each after those that it uses. */
export class Plans {
  readonly all: Plan[] = [];
  /** By slot: the plans that variables decide. */
  readonly varying: Plan[] = [];

  /** All of these count. */
  add(items: readonly PlanItem[], also: readonly Plan[] = noPlans): Plan {
    if (items.length === 0 && also.length === 0) return free;
    let field = 0;
    let type = 0;
    const varying: PlanItem[] = [];
    for (const item of items) {
      const { own, size, holds, below } = item;
      if (typeof own === 'number' && typeof size === 'number' && !holds && !(below && below.slot >= 0)) {
        field += readItemFieldCost(item, nothing);
        type += readItemTypeCost(item, nothing);
      } else varying.push(item);
    }
    let slot = varying.length > 0 ? this.varying.length : -1;
    for (const one of also) {
      if (one.slot >= 0) slot = this.varying.length;
      else {
        field += one.field;
        type += one.type;
      }
    }
    return this.#keep({ field, type, slot, items, varying, alternatives: also, chooses: false });
  }

  /** The dearest of these counts. */
  choose(alternatives: readonly Plan[]): Plan {
    const [only] = alternatives;
    if (only && alternatives.every((one) => one === only)) return only;
    let field = 0;
    let type = 0;
    let slot = -1;
    for (const one of alternatives) {
      if (one.slot >= 0) slot = this.varying.length;
      else {
        field = Math.max(field, one.field);
        type = Math.max(type, one.type);
      }
    }
    return this.#keep({ field, type, slot, items: none, varying: none, alternatives, chooses: true });
  }

  #keep(plan: Plan): Plan {
    this.all.push(plan);
    if (plan.slot >= 0) this.varying.push(plan);
    return plan;
  }

  /** Computes what the variables decide. */
  evaluate(run: Run): void {
    for (const plan of this.varying) {
      let { field, type } = plan;
      for (const item of plan.varying) {
        if (item.holds && !item.holds(run.variables)) continue;
        field += readItemFieldCost(item, run);
        type += readItemTypeCost(item, run);
      }
      for (const one of plan.alternatives) {
        if (one.slot < 0) continue;
        if (plan.chooses) {
          field = Math.max(field, readFieldCost(one, run));
          type = Math.max(type, readTypeCost(one, run));
        } else {
          field += readFieldCost(one, run);
          type += readTypeCost(one, run);
        }
      }
      run.field[plan.slot] = field;
      run.type[plan.slot] = type;
    }
  }
}

function readItemFieldCost({ own, size, each, below, whole }: PlanItem, run: Run): number {
  if (whole) return Math.max(0, evaluate(own, run));
  const items = evaluate(size, run);
  // A negative weight makes its own field cheaper, and pays for nothing that is selected below.
  const cost = Math.max(0, evaluate(own, run) + items * each);
  return below ? cost + items * readFieldCost(below, run) : cost;
}

function readItemTypeCost({ size, typeWeight, below }: PlanItem, run: Run): number {
  return evaluate(size, run) * (below ? typeWeight + readTypeCost(below, run) : typeWeight);
}
