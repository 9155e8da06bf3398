/** Which coordinates made a cost: the compiled plans walked from the root, each once, with how often it counts. */
import type { CoordinateShare } from '@graphql-bulwark/core/internal';
import type { CostProgram } from './compile.ts';
import { type Plan, type PlanItem, readFieldCost, readTypeCost } from './plan.ts';
import { evaluate, type Run, type Variables } from './terms.ts';

/** One evaluation of an operation. */
export interface Evaluation {
  readonly program: CostProgram;
  readonly variables: Variables;
  /** Without what the names of arguments alone say of lists. */
  readonly plain: boolean;
}

/** @returns the coordinates with a share of the field cost, dearest first, at most `count`. */
export function listDearest({ program, variables, plain }: Evaluation, count = 5): CoordinateShare[] {
  return program
    .evaluate(variables, plain, (run) => listShares(program, run))
    .filter(({ cost }) => cost > 0)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, count);
}

/** What of a price hangs on one list of which no annotation says how long it is. */
export interface Guess {
  /** Of the field to annotate. */
  readonly coordinate: string;
  readonly fieldCost: number;
  readonly typeCost: number;
}

/** @returns the fields with the lists of which the length is a guess, those first on which most hangs, at most `count`. */
export function guesses({ program, variables, plain }: Evaluation, count = 5): Guess[] {
  return program.evaluate(variables, plain, (run) => {
    const found = new Map<string, Guess>();
    visitItems(program, run, ({ guess, size, below, typeWeight, whole }, often) => {
      if (guess === undefined || whole) return;
      const items = often * evaluate(size, run);
      const { fieldCost, typeCost } = found.get(guess) ?? { fieldCost: 0, typeCost: 0 };
      found.set(guess, {
        coordinate: guess,
        fieldCost: fieldCost + (below ? items * readFieldCost(below, run) : 0),
        typeCost: typeCost + items * (typeWeight + (below ? readTypeCost(below, run) : 0)),
      });
    });
    const weight = ({ fieldCost, typeCost }: Guess) => fieldCost + typeCost;
    return [...found.values()].toSorted((a, b) => weight(b) - weight(a)).slice(0, count);
  });
}

function listShares(program: CostProgram, run: Run): CoordinateShare[] {
  const costs = new Map<string, number>();
  visitItems(program, run, ({ coordinate, own, size, each, below, whole }, often) => {
    const cost = evaluate(own, run) + (whole ? -(below ? readFieldCost(below, run) : 0) : evaluate(size, run) * each);
    costs.set(coordinate, (costs.get(coordinate) ?? 0) + often * Math.max(0, cost));
  });
  return [...costs].map(([coordinate, cost]) => ({ coordinate, cost }));
}

/** Visits what counts under these variables, each with how often it does. */
function visitItems({ root, plans }: CostProgram, run: Run, visit: (item: PlanItem, often: number) => void): void {
  const times = new Map<Plan, number>([[root, 1]]);
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
        plan.alternatives.reduce(
          (most, one) => (readFieldCost(one, run) > readFieldCost(most, run) ? one : most),
          first,
        ),
        often,
      );
      continue;
    }
    for (const alternative of plan.alternatives) add(alternative, often);
    for (const item of plan.items) {
      if (item.holds && !item.holds(run.variables)) continue;
      visit(item, often);
      if (item.below) add(item.below, often * (item.whole ? 1 : evaluate(item.size, run)));
    }
  }
}
