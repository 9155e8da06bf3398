/** What an operation cost in the end: its compiled plan once more, over the lists of the answer. */
import type { Priced } from './cost-meter.ts';
import type { Plan } from './cost-plan.ts';
import { evaluate, type Run } from './cost-terms.ts';

type Answered = Readonly<Record<string, unknown>>;

/** @param data the `data` of the answer. */
export function actualCost({ program, variables }: Priced, data: Answered): number {
  return program.evaluate(variables, (run) => program.base + costOf(program.root, data, run));
}

function costOf(plan: Plan, data: Answered, run: Run): number {
  let total = 0;
  if (plan.chooses) {
    // The answer does not say its type: of the groups of types that it can be, the dearest counts.
    for (const one of plan.alternatives) {
      if (one.items.every(({ key, holds }) => (holds && !holds(run.variables)) || key in data)) {
        total = Math.max(total, costOf(one, data, run));
      }
    }
    return total;
  }
  for (const one of plan.alternatives) total += costOf(one, data, run);
  for (const { key, own, each, below } of plan.items) {
    const value = data[key];
    // What a condition left out has no key; what failed or was denied is null, and was resolved.
    if (value === undefined) continue;
    total += Math.max(0, evaluate(own, run) + itemsCost(value, each, below, run));
  }
  return total;
}

function itemsCost(value: unknown, each: number, below: Plan | undefined, run: Run): number {
  if (value === null) return 0;
  if (!Array.isArray(value)) return each + (below ? costOf(below, value as Answered, run) : 0);
  if (each === 0 && !below) return 0;
  let total = 0;
  for (const item of value) total += itemsCost(item, each, below, run);
  return total;
}
