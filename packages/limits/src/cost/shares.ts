/** Which coordinates made a cost: the compiled plans walked from the root, each once, with how often it counts. */
import type { CoordinateShare } from '@graphql-bulwark/core/internal';
import type { CostProgram } from './compile.ts';
import { fieldCostOf, type Plan } from './plan.ts';
import { evaluate, type Run, type Variables } from './terms.ts';

/** @returns the coordinates with a share of the field cost, dearest first, at most `count`. */
export function dearest(program: CostProgram, variables: Variables, count = 5): CoordinateShare[] {
  return program
    .evaluate(variables, (run) => shares(program, run))
    .filter(({ cost }) => cost > 0)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, count);
}

function shares({ root, plans }: CostProgram, run: Run): CoordinateShare[] {
  const times = new Map<Plan, number>([[root, 1]]);
  const costs = new Map<string, number>();
  const add = (plan: Plan, more: number): void => {
    times.set(plan, (times.get(plan) ?? 0) + more);
  };
  // Plans stand after those that they use.
  for (const plan of plans.toReversed()) {
    const often = times.get(plan);
    if (often === undefined || often === 0) continue;
    const [first] = plan.alternatives;
    if (plan.chooses && first) {
      add(
        plan.alternatives.reduce((most, one) => (fieldCostOf(one, run) > fieldCostOf(most, run) ? one : most), first),
        often,
      );
      continue;
    }
    for (const alternative of plan.alternatives) add(alternative, often);
    for (const { coordinate, own, size, each, below, holds, whole } of plan.items) {
      if (holds && !holds(run.variables)) continue;
      const items = evaluate(size, run);
      const cost = evaluate(own, run) + (whole ? -(below ? fieldCostOf(below, run) : 0) : items * each);
      costs.set(coordinate, (costs.get(coordinate) ?? 0) + often * Math.max(0, cost));
      if (below) add(below, often * (whole ? 1 : items));
    }
  }
  return [...costs].map(([coordinate, cost]) => ({ coordinate, cost }));
}
