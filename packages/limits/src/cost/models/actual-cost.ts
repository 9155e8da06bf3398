/** What an operation cost after it ran: its compiled plan is evaluated once more, over the lists of the response. */
import type { CostProgram } from '../compile.ts';
import type { CostCounter } from '../options.ts';
import type { Plan, PlanItem } from '../plan.ts';
import type { ActualCostCounter, Priced } from '../price.ts';
import { evaluate, type Run } from '../terms.ts';

type Answered = Readonly<Record<string, unknown>>;

/** How many fields of objects may be read. A response of ten thousand objects takes far fewer. */
const maxLooks = 2_000_000;

/**
 * Counts what operations cost after they ran, by how long their lists were, for `extensions.cost`.
 *
 * @example cost({ exposeCost: true, actualCost: actualCost() })
 */
export function actualCost(): CostCounter {
  const counter: ActualCostCounter = { name: 'actual-cost', count: computeActualCost };
  return counter;
}

/**
 * Counts the field cost of one response.
 *
 * @param data the `data` of the response.
 * @returns `NaN`, which JSON writes as `null`, where counting would read more than `maxLooks` fields.
 */
export function computeActualCost({ program, variables }: Priced, data: Answered): number {
  return program.evaluate(
    variables,
    false,
    (run) => program.base + new Counting(run).countCost(findCostly(program), data),
  );
}

/** The parts of a plan that can cost something. */
interface Costly {
  /** What every object costs, whatever the response holds. */
  readonly always: number;
  /** What depends on the response. */
  readonly items: readonly CostlyItem[];
  /** Further parts, all of which count. */
  readonly also: readonly Costly[];
  /** Alternatives by type, one of which counts. The response does not name the type. */
  readonly types: readonly Alternative[];
}

interface CostlyItem extends Pick<PlanItem, 'key' | 'own' | 'each'> {
  readonly below: Costly | undefined;
}

interface Alternative {
  readonly dear: Costly;
  /** A response key that objects of this alternative always have, and those of no other; `undefined` where there is none. */
  readonly sign: string | undefined;
  /** The response keys that its objects can have. */
  readonly items: readonly PlanItem[];
}

const costlyByProgram = new WeakMap<CostProgram, Costly>();
const free: Costly = { always: 0, items: [], also: [], types: [] };

function findCostly(program: CostProgram): Costly {
  let root = costlyByProgram.get(program);
  if (!root) {
    const dear = new Map<Plan, Costly>();
    for (const plan of program.plans) addCostly(plan, dear);
    costlyByProgram.set(program, (root = dear.get(program.root) ?? free));
  }
  return root;
}

/** @param known the plans that this one uses; a plan that is missing there costs nothing. */
function addCostly(plan: Plan, known: Map<Plan, Costly>): void {
  let always = 0;
  const items: CostlyItem[] = [];
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

/** With more alternatives no sign is looked for, because each would be compared with all others. */
const maxAlternatives = 20;

function findSign(one: Plan, { chooses, alternatives }: Plan): string | undefined {
  // An alternative with alternatives of its own has no keys that it always has.
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

/** Counts the cost of one response. */
class Counting {
  readonly #run: Run;
  /** Below alternatives the same plan meets the same object again: its cost is then remembered. */
  readonly #known = new Map<Costly, Map<Answered, number>>();
  /** How many plans with alternatives are being counted around the current object. */
  #around = 0;
  #looks = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  countCost(plan: Costly, data: Answered): number {
    if (this.#looks > maxLooks) return Number.NaN;
    if (plan.also.length + plan.types.length === 0) return this.#itemsCost(plan, data);
    if (this.#around === 0) return this.#wholeCost(plan, data);
    let known = this.#known.get(plan);
    if (!known) this.#known.set(plan, (known = new Map()));
    let cost = known.get(data);
    if (cost === undefined) known.set(data, (cost = this.#wholeCost(plan, data)));
    return cost;
  }

  #wholeCost(plan: Costly, data: Answered): number {
    this.#around += 1;
    let total = this.#itemsCost(plan, data);
    for (const one of plan.also) total += this.countCost(one, data);
    total += this.#typeCost(plan, data);
    this.#around -= 1;
    return total;
  }

  /** The cost of the type that the object has; where several types fit, of the most expensive one. */
  #typeCost({ types }: Costly, data: Answered): number {
    this.#looks += types.length;
    let most = 0;
    for (const one of types) {
      if (one.sign === undefined) {
        if (this.#canBe(one, data)) most = Math.max(most, this.countCost(one.dear, data));
      } else if (data[one.sign] !== undefined) return this.countCost(one.dear, data);
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

  #itemsCost({ always, items }: Costly, data: Answered): number {
    this.#looks += items.length;
    let total = always;
    for (const { key, own, each, below } of items) {
      const value = data[key];
      // A field that `@skip` left out has no key and cost nothing. A field that failed or was denied is null, and was resolved.
      if (value === undefined) continue;
      const forItems = each === 0 ? 0 : each * countItems(value);
      total += Math.max(0, evaluate(own, this.#run) + forItems) + (below ? this.#belowCost(value, below) : 0);
    }
    return total;
  }

  #belowCost(value: unknown, below: Costly): number {
    if (value === null) return 0;
    if (!Array.isArray(value)) return this.countCost(below, value as Answered);
    let total = 0;
    for (const item of value) total += this.#belowCost(item, below);
    return total;
  }
}

/** Counts the items of a field that are not null, in lists of lists too. */
function countItems(value: unknown): number {
  if (value === null) return 0;
  if (!Array.isArray(value)) return 1;
  return value.reduce((count: number, item) => count + countItems(item), 0);
}
