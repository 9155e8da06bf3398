/**
 * How much work it may take to count the limited fields of one operation. All work is paid for from one budget, in units of one selection
 * that is read. Only a hostile document needs more, and it is refused instead of counted.
 */
import type { RefusalFacts } from '@graphql-bulwark/core/internal';

const maxLooks = 100_000;

/** What other work costs: how many selections could be read in about the same time. */
export const looksPer = {
  /** To find the fields of merged selection sets for one type. */
  walk: 20,
  /** To count one field for one type. */
  field: 8,
  /** To distinguish one member of an abstract type from others. */
  member: 4,
  /** To add one number to another. */
  sum: 3,
} as const;

/** The budget of one operation. */
export class LookBudget {
  #looks = 0;

  /** Pays for work. @throws {TooLarge} when the budget is used up. */
  spend(looks: number): void {
    this.#looks += looks;
    if (!(this.#looks <= maxLooks)) throw new TooLarge(this.#looks, maxLooks);
  }
}

/** Thrown to end the counting of an operation, which is then refused. */
export class TooLarge extends Error {
  readonly facts: RefusalFacts;

  constructor(actual: number, maximum: number) {
    super('too large to count');
    this.facts = { limit: 'selections to count', actual, maximum };
  }
}
