/** What an operation cost in the end: its compiled plan once more, over the lists of the answer. */
import type { Priced } from './cost-meter.ts';
import type { Plan } from './cost-plan.ts';
import { evaluate, type Run } from './cost-terms.ts';

type Answered = Readonly<Record<string, unknown>>;

/** Looks at fields of objects; what an answer of some ten thousand objects takes is far below. */
const maxLooks = 2_000_000;

/**
 * @param data the `data` of the answer.
 * @returns `NaN`, which JSON tells as `null`, where counting takes more than `maxLooks`.
 */
export function actualCost({ program, variables }: Priced, data: Answered): number {
  return program.evaluate(variables, (run) => program.base + new Counting(run).costOf(program.root, data));
}

/** Counts one answer. */
class Counting {
  readonly #run: Run;
  /** Below alternatives the same plans come up again: each counts an object once. */
  readonly #known = new Map<Plan, Map<Answered, number>>();
  /** Plans with alternatives around what is counted. */
  #alternatives = 0;
  #looks = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  costOf(plan: Plan, data: Answered): number {
    if (this.#looks > maxLooks) return Number.NaN;
    if (plan.alternatives.length === 0) return this.#itemsCost(plan, data);
    if (this.#alternatives === 0) return this.#alternativesCost(plan, data);
    let known = this.#known.get(plan);
    if (!known) this.#known.set(plan, (known = new Map()));
    let cost = known.get(data);
    if (cost === undefined) known.set(data, (cost = this.#alternativesCost(plan, data)));
    return cost;
  }

  #alternativesCost(plan: Plan, data: Answered): number {
    this.#alternatives += 1;
    let total = this.#itemsCost(plan, data);
    for (const one of plan.alternatives) {
      if (!plan.chooses) total += this.costOf(one, data);
      // The answer does not say its type: of the groups of types that it can be, the dearest counts.
      else if (this.#canBe(one, data)) total = Math.max(total, this.costOf(one, data));
    }
    this.#alternatives -= 1;
    return total;
  }

  #canBe({ items }: Plan, data: Answered): boolean {
    this.#looks += items.length;
    for (const { key, holds } of items) if (!(key in data) && (!holds || holds(this.#run.variables))) return false;
    return true;
  }

  #itemsCost({ items }: Plan, data: Answered): number {
    this.#looks += items.length;
    let total = 0;
    for (const { key, own, each, below } of items) {
      const value = data[key];
      // What a condition left out has no key; what failed or was denied is null, and was resolved.
      if (value === undefined) continue;
      total += Math.max(0, evaluate(own, this.#run) + this.#valueCost(value, each, below));
    }
    return total;
  }

  #valueCost(value: unknown, each: number, below: Plan | undefined): number {
    if (value === null) return 0;
    if (!Array.isArray(value)) return each + (below ? this.costOf(below, value as Answered) : 0);
    if (each === 0 && !below) return 0;
    let total = 0;
    for (const item of value) total += this.#valueCost(item, each, below);
    return total;
  }
}
