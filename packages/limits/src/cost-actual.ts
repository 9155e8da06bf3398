/** What an operation cost in the end: its compiled plan once more, over the lists of the answer. */
import type { Priced } from './cost-meter.ts';
import type { Plan } from './cost-plan.ts';
import { evaluate, type Run } from './cost-terms.ts';

type Answered = Readonly<Record<string, unknown>>;

/** @param data the `data` of the answer. */
export function actualCost({ program, variables }: Priced, data: Answered): number {
  return program.evaluate(variables, (run) => program.base + new Counting(run).of(program.root, data));
}

class Counting {
  readonly #run: Run;
  /** What objects below a choice cost by a plan that chooses: they are met once for each of its groups of types. */
  readonly #known = new Map<Plan, Map<Answered, number>>();
  #choices = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  of(plan: Plan, data: Answered): number {
    if (plan.chooses) return this.#choices === 0 ? this.#dearest(plan, data) : this.#once(plan, data);
    let total = 0;
    for (const one of plan.alternatives) total += this.of(one, data);
    for (const { key, own, each, below } of plan.items) {
      const value = data[key];
      // What a condition left out has no key; what failed or was denied is null, and was resolved.
      if (value === undefined) continue;
      total += Math.max(0, evaluate(own, this.#run) + this.#items(value, each, below));
    }
    return total;
  }

  #once(plan: Plan, data: Answered): number {
    let ofPlan = this.#known.get(plan);
    if (!ofPlan) this.#known.set(plan, (ofPlan = new Map()));
    let cost = ofPlan.get(data);
    if (cost === undefined) ofPlan.set(data, (cost = this.#dearest(plan, data)));
    return cost;
  }

  /** The answer does not say its type: of the groups of types that it can be, the dearest counts. */
  #dearest({ alternatives }: Plan, data: Answered): number {
    const { variables } = this.#run;
    let most = 0;
    this.#choices += 1;
    for (const one of alternatives) {
      if (!one.items.every(({ key, holds }) => (holds && !holds(variables)) || key in data)) continue;
      most = Math.max(most, this.of(one, data));
    }
    this.#choices -= 1;
    return most;
  }

  #items(value: unknown, each: number, below: Plan | undefined): number {
    if (value === null) return 0;
    if (!Array.isArray(value)) return each + (below ? this.of(below, value as Answered) : 0);
    if (each === 0 && !below) return 0;
    let total = 0;
    for (const item of value) total += this.#items(item, each, below);
    return total;
  }
}
