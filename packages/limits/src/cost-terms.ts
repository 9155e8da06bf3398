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
}

/** What the variables decide. */
export type Varying = (run: Run) => number;

export type Term = number | Varying;

// Terms are mostly numbers. What makes a function is a function of its own: one that can make one pays for it whenever it runs.

export function sum(terms: readonly Term[]): Term {
  let constant = 0;
  let rest: Varying[] | undefined;
  for (const term of terms) {
    if (typeof term === 'number') constant += term;
    else (rest ??= []).push(term);
  }
  return rest ? varyingSum(constant, rest) : constant;
}

function varyingSum(constant: number, rest: readonly Varying[]): Varying {
  return (run) => {
    let total = constant;
    for (const term of rest) total += term(run);
    return total;
  };
}

export function product(a: Term, b: number): Term {
  if (typeof a === 'number') return a * b;
  return b === 1 ? a : varyingProduct(a, b);
}

function varyingProduct(a: Varying, b: number): Varying {
  return (run) => a(run) * b;
}

/** No field pays for another one. */
export function atLeastZero(term: Term): Term {
  return typeof term === 'number' ? Math.max(0, term) : varyingAtLeastZero(term);
}

function varyingAtLeastZero(term: Varying): Varying {
  return (run) => Math.max(0, term(run));
}

/** What counts only where something holds. */
export function where(term: Term, holds: ((variables: Variables) => boolean) | undefined): Term {
  return term !== 0 && holds ? varyingWhere(term, holds) : term;
}

function varyingWhere(term: Term, holds: (variables: Variables) => boolean): Varying {
  return (run) => (holds(run.variables) ? evaluate(term, run) : 0);
}

export function evaluate(term: Term, run: Run): number {
  return typeof term === 'number' ? term : term(run);
}
