/** The compiled form of an operation: the part of its cost that never changes, and the part that depends on the variables. */
import { evaluate, type Run, type Term, type Variables } from './terms.ts';

/** One response key of a merged selection set. It costs `max(0, own + size * each) + size * below`. */
export interface PlanItem {
  /** Response key. */
  readonly key: string;
  /** `Type.field` */
  readonly coordinate: string;
  /** Cost of resolving the field once. */
  readonly own: Term;
  /** Cost of each item, without what is selected of it. */
  readonly each: number;
  /** How many items the list can hold; 1 where the field is no list. */
  readonly size: Term;
  /** Coordinate of the field to annotate with a size; `undefined` where an annotation gives the size. */
  readonly guess: string | undefined;
  /** Type cost of each item. 0 or more. */
  readonly typeWeight: number;
  /** Whether the field is executed; `undefined` where it always is. */
  readonly holds: ((variables: Variables) => boolean) | undefined;
  /** What is selected of each item; `undefined` for a leaf. */
  readonly below: Plan | undefined;
  /** Whether `own` comes from an estimator and already includes what is below. */
  readonly whole: boolean;
}

/** A merged selection set on one type. */
export interface Plan {
  /** Field cost that no variable changes. */
  readonly field: number;
  /** Type cost that no variable changes. */
  readonly type: number;
  /** Index into `field` and `type` of a run, where both costs are kept; -1 where no variable changes anything. */
  readonly slot: number;
  readonly items: readonly PlanItem[];
  /** The items that depend on variables. */
  readonly varying: readonly PlanItem[];
  /**
   * Further plans for the same value. Where `chooses` is true there is one for each group of object types, and the most expensive
   * counts; otherwise all of them are added.
   */
  readonly alternatives: readonly Plan[];
  readonly chooses: boolean;
}

/** The field cost of a plan. Where it depends on variables, the plan must have been evaluated in this run. */
export function readFieldCost({ slot, field }: Plan, run: Run): number {
  return slot < 0 ? field : (run.field[slot] as number);
}

/** The type cost of a plan. Where it depends on variables, the plan must have been evaluated in this run. */
export function readTypeCost({ slot, type }: Plan, run: Run): number {
  return slot < 0 ? type : (run.type[slot] as number);
}

/** Stands in for a run where no variable is read. */
const nothing: Run = { variables: {}, kept: [], field: [], type: [], looked: 0, invalid: undefined, plain: false };

const noPlans: readonly Plan[] = [];
const none: readonly PlanItem[] = [];

/** The plan of what costs nothing. */
const free: Plan = { field: 0, type: 0, slot: -1, items: none, varying: none, alternatives: noPlans, chooses: false };

/** Collects the plans of one operation. Each stands behind those that it uses, so one pass in order evaluates all. */
export class Plans {
  readonly all: Plan[] = [];
  /** Slot -> a plan that depends on variables. */
  readonly varying: Plan[] = [];

  /** @returns a plan whose cost is the sum of these items and plans. */
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

  /** @returns a plan whose cost is that of the most expensive alternative. */
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

  /** Computes the costs that depend on variables, and keeps them in the run. */
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
  // A negative weight makes its own field cheaper, but must not pay for what is selected below it.
  const cost = Math.max(0, evaluate(own, run) + items * each);
  return below ? cost + items * readFieldCost(below, run) : cost;
}

function readItemTypeCost({ size, typeWeight, below }: PlanItem, run: Run): number {
  return evaluate(size, run) * (below ? typeWeight + readTypeCost(below, run) : typeWeight);
}
