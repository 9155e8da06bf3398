/**
 * Terms of a price. What does not depend on variables is computed while an operation is compiled, and the rest is kept as a function
 * of the variables.
 *
 * A term that cannot be computed is `NaN` or `Infinity`. Both carry over into the total, where no comparison with a limit succeeds,
 * so the operation is refused.
 */

/** Coerced variables of a request: name -> value. */
export type Variables = Readonly<Record<string, unknown>>;

/** One evaluation of an operation: its variables, and what has been computed with them so far. */
export interface Run {
  readonly variables: Variables;
  /** Slot -> the value of a term that several others use. */
  readonly kept: number[];
  /** Slot -> the field cost of a plan. */
  readonly field: number[];
  /** Slot -> the type cost of a plan. */
  readonly type: number[];
  /** How many values of the variables have been read. */
  looked: number;
  /** Coordinate of the first field whose arguments give no valid list size. */
  invalid: string | undefined;
  /** Whether the sizes that only the names of arguments suggest are left out. */
  readonly plain: boolean;
}

/** A term that depends on the variables. */
export type Varying = (run: Run) => number;

/** A part of a price: a number, or a function of the variables. */
export type Term = number | Varying;

/** Adds terms; numbers are summed at once. */
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

/** Multiplies a term by a number. */
export function multiplyTerms(a: Term, b: number): Term {
  if (typeof a === 'number') return a * b;
  if (b === 1) return a;
  return function evaluateProduct(run) {
    return a(run) * b;
  };
}

/** A negative weight makes its own field cheaper, but must not pay for other fields: so no term is less than 0. */
export function atLeastZero(term: Term): Term {
  if (typeof term === 'number') return Math.max(0, term);
  return function evaluateAtLeastZero(run) {
    return Math.max(0, term(run));
  };
}

/** @returns a term that is 0 where the condition does not hold. */
export function applyWhere(term: Term, holds: ((variables: Variables) => boolean) | undefined): Term {
  if (term === 0 || !holds) return term;
  return function evaluateWhere(run) {
    return holds(run.variables) ? evaluate(term, run) : 0;
  };
}

/** Computes a term under the variables of a run. */
export function evaluate(term: Term, run: Run): number {
  return typeof term === 'number' ? term : term(run);
}
