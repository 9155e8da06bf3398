/**
 * Arithmetic that is done while an operation is compiled wherever it can be, and otherwise kept as a function of the variables.
 *
 * A term that is not a number refuses: `NaN` and `Infinity` travel up to the total, where no comparison lets them pass.
 */

export type Variables = Readonly<Record<string, unknown>>;

/** One evaluation: the coerced variables, and what was computed already. */
export interface Run {
  readonly variables: Variables;
  /** By slot: the terms that several others use. */
  readonly kept: number[];
  /** By slot: the costs of plans. */
  readonly field: number[];
  readonly type: number[];
  /** Values of the variables that were looked at. */
  looked: number;
  /** The field whose arguments say no list size. */
  invalid: string | undefined;
  /** Whether what the names of arguments alone say is left out. */
  readonly plain: boolean;
}

/** What the variables decide. */
export type Varying = (run: Run) => number;

export type Term = number | Varying;

export function addTerms(terms: readonly Term[]): Term {
  let constant = 0;
  const rest: Varying[] = [];
  for (const term of terms) {
    if (typeof term === 'number') constant += term;
    else rest.push(term);
  }
  if (rest.length === 0) return constant;
  return function evaluateSum(run) {
    let total = constant;
    for (const term of rest) total += term(run);
    return total;
  };
}

export function multiplyTerms(a: Term, b: number): Term {
  if (typeof a === 'number') return a * b;
  if (b === 1) return a;
  return function evaluateProduct(run) {
    return a(run) * b;
  };
}

/** No field pays for another one. */
export function atLeastZero(term: Term): Term {
  if (typeof term === 'number') return Math.max(0, term);
  return function evaluateAtLeastZero(run) {
    return Math.max(0, term(run));
  };
}

/** What counts only where something holds. */
export function applyWhere(term: Term, holds: ((variables: Variables) => boolean) | undefined): Term {
  if (term === 0 || !holds) return term;
  return function evaluateWhere(run) {
    return holds(run.variables) ? evaluate(term, run) : 0;
  };
}

export function evaluate(term: Term, run: Run): number {
  return typeof term === 'number' ? term : term(run);
}
