/**
 * How much work it may take to count the limited fields of one operation. Whatever takes time is taken from one budget, in looks
 * at selections: a document that asks for more of them is hostile, and is refused instead of counted.
 */
import type { RefusalFacts } from '@graphql-bulwark/core/internal';

const maxLooks = 100_000;

/** How many looks at a selection take about as long as one of these. */
export const looksPer = {
  /** A look through what merged selection sets hold for one type. */
  walk: 20,
  /** A field that is counted for one type. */
  field: 8,
  /** A member of an abstract type that is told apart from others. */
  member: 4,
  /** A number that is added to another one. */
  sum: 3,
} as const;

/** The budget of one operation. */
export class LookBudget {
  #looks = 0;

  /** @throws {TooLarge} once the budget is spent. */
  spend(looks: number): void {
    this.#looks += looks;
    if (!(this.#looks <= maxLooks)) throw new TooLarge(this.#looks, maxLooks);
  }
}

/** Ends the counting of an operation, which is then refused. */
export class TooLarge extends Error {
  readonly facts: RefusalFacts;

  constructor(actual: number, maximum: number) {
    super('too large to count');
    this.facts = { limit: 'selections to count', actual, maximum };
  }
}
