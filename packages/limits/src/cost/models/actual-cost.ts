/** What an operation cost in the end: its compiled plan once more, over the lists of the answer. */
import type { CostProgram } from '../compile.ts';
import type { CostCounter } from '../options.ts';
import type { Plan, PlanItem } from '../plan.ts';
import type { ActualCostCounter, Priced } from '../price.ts';
import { evaluate, type Run } from '../terms.ts';

type Answered = Readonly<Record<string, unknown>>;

/** Looks at fields of objects; what an answer of some ten thousand objects takes is far below. */
const maxLooks = 2_000_000;

/**
 * Counts what operations cost in the end, with the lists as long as they were, for `extensions.cost`.
 *
 * @example cost({ exposeCost: true, actualCost: actualCost() })
 */
export function actualCost(): CostCounter {
  const counter: ActualCostCounter = { name: 'actual-cost', count: computeActualCost };
  return counter;
}

/**
 * @param data the `data` of the answer.
 * @returns `NaN`, which JSON tells as `null`, where counting takes more than `maxLooks`.
 */
export function computeActualCost({ program, variables }: Priced, data: Answered): number {
  return program.evaluate(variables, false, (run) => program.base + new Counting(run).costOf(findDear(program), data));
}

/** What of a plan can cost something: what every answer of it does, and what is read from an answer. */
interface Dear {
  readonly always: number;
  readonly items: readonly DearItem[];
  /** All of these count. */
  readonly also: readonly Dear[];
  /** One of these counts: the answer does not say its type. */
  readonly types: readonly Alternative[];
}

interface DearItem extends Pick<PlanItem, 'key' | 'own' | 'each'> {
  readonly below: Dear | undefined;
}

interface Alternative {
  readonly dear: Dear;
  /** A response key that this alternative always has, and no other one. */
  readonly sign: string | undefined;
  /** What an answer of it has. */
  readonly items: readonly PlanItem[];
}

const dearByProgram = new WeakMap<CostProgram, Dear>();
const free: Dear = { always: 0, items: [], also: [], types: [] };

function findDear(program: CostProgram): Dear {
  let root = dearByProgram.get(program);
  if (!root) {
    const dear = new Map<Plan, Dear>();
    for (const plan of program.plans) addDear(plan, dear);
    dearByProgram.set(program, (root = dear.get(program.root) ?? free));
  }
  return root;
}

/** @param known of the plans that this one uses; what is missing there costs nothing. */
function addDear(plan: Plan, known: Map<Plan, Dear>): void {
  let always = 0;
  const items: DearItem[] = [];
  for (const { key, own, each, holds, below: plans } of plan.items) {
    const below = plans && known.get(plans);
    if (typeof own !== 'number' || each !== 0 || below || (own > 0 && holds)) items.push({ key, own, each, below });
    else always += Math.max(0, own);
  }
  const alternatives = plan.alternatives.flatMap((one) => {
    const dear = known.get(one);
    return dear ? [{ dear, sign: findSign(one, plan), items: one.items }] : [];
  });
  const also = plan.chooses ? [] : alternatives.map(({ dear }) => dear);
  const types = plan.chooses ? alternatives : [];
  if (always > 0 || items.length + alternatives.length > 0) known.set(plan, { always, items, also, types });
}

/** Few are asked for it: of many alternatives each would be compared with all others. */
const maxAlternatives = 20;

function findSign(one: Plan, { chooses, alternatives }: Plan): string | undefined {
  // What stands further down is not looked for.
  if (
    !chooses ||
    alternatives.length > maxAlternatives ||
    alternatives.some(({ alternatives: { length } }) => length > 0)
  ) {
    return undefined;
  }
  const others = alternatives.filter((other) => other !== one).flatMap(({ items }) => items);
  const keys = new Set(others.map(({ key }) => key));
  return one.items.find(({ key, holds }) => !holds && !keys.has(key))?.key;
}

/** Counts one answer. */
class Counting {
  readonly #run: Run;
  /** Below alternatives the same plans come up again: each counts an object once. */
  readonly #known = new Map<Dear, Map<Answered, number>>();
  /** Of these, how many stand around what is counted. */
  #around = 0;
  #looks = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  costOf(plan: Dear, data: Answered): number {
    if (this.#looks > maxLooks) return Number.NaN;
    if (plan.also.length + plan.types.length === 0) return this.#itemsCost(plan, data);
    if (this.#around === 0) return this.#wholeCost(plan, data);
    let known = this.#known.get(plan);
    if (!known) this.#known.set(plan, (known = new Map()));
    let cost = known.get(data);
    if (cost === undefined) known.set(data, (cost = this.#wholeCost(plan, data)));
    return cost;
  }

  #wholeCost(plan: Dear, data: Answered): number {
    this.#around += 1;
    let total = this.#itemsCost(plan, data);
    for (const one of plan.also) total += this.costOf(one, data);
    total += this.#typeCost(plan, data);
    this.#around -= 1;
    return total;
  }

  /** Of the groups of types that the answer can be, the dearest counts. */
  #typeCost({ types }: Dear, data: Answered): number {
    this.#looks += types.length;
    let most = 0;
    for (const one of types) {
      if (one.sign === undefined) {
        if (this.#canBe(one, data)) most = Math.max(most, this.costOf(one.dear, data));
      } else if (data[one.sign] !== undefined) return this.costOf(one.dear, data);
    }
    return most;
  }

  #canBe({ items }: Alternative, data: Answered): boolean {
    this.#looks += items.length;
    for (const { key, holds } of items) {
      if (data[key] === undefined && (!holds || holds(this.#run.variables))) return false;
    }
    return true;
  }

  #itemsCost({ always, items }: Dear, data: Answered): number {
    this.#looks += items.length;
    let total = always;
    for (const { key, own, each, below } of items) {
      const value = data[key];
      // What a condition left out has no key; what failed or was denied is null, and was resolved.
      if (value === undefined) continue;
      const forItems = each === 0 ? 0 : each * countItems(value);
      total += Math.max(0, evaluate(own, this.#run) + forItems) + (below ? this.#belowCost(value, below) : 0);
    }
    return total;
  }

  #belowCost(value: unknown, below: Dear): number {
    if (value === null) return 0;
    if (!Array.isArray(value)) return this.costOf(below, value as Answered);
    let total = 0;
    for (const item of value) total += this.#belowCost(item, below);
    return total;
  }
}

/** The items of a field that are there, in lists of lists too. */
function countItems(value: unknown): number {
  if (value === null) return 0;
  if (!Array.isArray(value)) return 1;
  return value.reduce((count: number, item) => count + countItems(item), 0);
}
