/**
 * Arithmetic that is done while an operation is compiled wherever it can be, and otherwise kept as a function of the variables.
 *
 * A term that is not a number refuses: `NaN` and `Infinity` travel up to the total, where no comparison lets them pass.
 */

export type Variables = Readonly<Record<string, unknown>>;

/** One evaluation: the coerced variables, and what was computed already. */
export interface Run {
  readonly variables: Variables;
  readonly memory: Float64Array;
  /** The field whose arguments say no list size. */
  invalid: string | undefined;
}

export type Term = number | ((run: Run) => number);

export function sum(terms: readonly Term[]): Term {
  let constant = 0;
  const rest: ((run: Run) => number)[] = [];
  for (const term of terms) {
    if (typeof term === 'number') constant += term;
    else rest.push(term);
  }
  const [first, second] = rest;
  if (!first) return constant;
  if (!second) return constant === 0 ? first : (run) => constant + first(run);
  return (run) => {
    let total = constant;
    for (const term of rest) total += term(run);
    return total;
  };
}

export function product(a: Term, b: Term): Term {
  if (typeof a === 'number') {
    if (typeof b === 'number') return a * b;
    return a === 1 ? b : (run) => a * b(run);
  }
  return typeof b === 'number' ? product(b, a) : (run) => a(run) * b(run);
}

/** The largest of the terms and `least`. */
export function largest(least: number, terms: readonly Term[]): Term {
  let constant = least;
  const rest: ((run: Run) => number)[] = [];
  for (const term of terms) {
    if (typeof term === 'number') constant = Math.max(constant, term);
    else rest.push(term);
  }
  if (rest.length === 0) return constant;
  return (run) => {
    let most = constant;
    for (const term of rest) most = Math.max(most, term(run));
    return most;
  };
}

/** The term where the condition holds, else 0. */
export function when(holds: ((variables: Variables) => boolean) | undefined, term: Term): Term {
  if (!holds || term === 0) return term;
  return (run) => (holds(run.variables) ? evaluate(term, run) : 0);
}

export function evaluate(term: Term, run: Run): number {
  return typeof term === 'number' ? term : term(run);
}

/** Terms that are computed once per evaluation, in the order in which they were kept, however often they are used. */
export class Memory {
  readonly #steps: ((run: Run) => number)[] = [];

  keep(term: Term): Term {
    if (typeof term === 'number') return term;
    const slot = this.#steps.push(term) - 1;
    return (run) => run.memory[slot] ?? Number.NaN;
  }

  /** @param invalid the field that is known to be wrong whatever the variables are. */
  run(variables: Variables, invalid: string | undefined): Run {
    const run: Run = { variables, memory: new Float64Array(this.#steps.length), invalid };
    for (let slot = 0; slot < this.#steps.length; slot += 1) {
      run.memory[slot] = (this.#steps[slot] as (run: Run) => number)(run);
    }
    return run;
  }
}
