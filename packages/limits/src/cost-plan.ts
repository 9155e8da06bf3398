/** What compiling an operation leaves behind: its cost as terms of the variables, and where each part of it came from. */
import type { SelectionSetNode } from 'graphql';
import type { Guard } from './cost-guards.ts';
import type { Term, Variables } from './cost-terms.ts';

/** One response key of a merged selection set: `own + size x (each + below)`. */
export interface PlanItem {
  readonly key: string;
  readonly coordinate: string;
  /** Cost of resolving the field once. */
  readonly own: Term;
  /** Cost of each item beside what is selected of it. */
  readonly each: number;
  /** Items that the list can hold; 1 where the field is no list. */
  readonly size: Term;
  /** Type cost of each item. */
  readonly typeWeight: number;
  readonly holds: ((variables: Variables) => boolean) | undefined;
  readonly below: Plan | undefined;
  /** `own` is what an estimator said, with what is below in it. */
  readonly whole?: boolean;
}

/** A merged selection set on one type. */
export interface Plan {
  readonly field: Term;
  readonly type: Term;
  readonly items: readonly PlanItem[];
  /** Plans of the same value: where it `chooses`, one for each group of concrete types, and the dearest counts; else all count. */
  readonly alternatives: readonly Plan[];
  readonly chooses: boolean;
}

/** A selection set that takes part under a guard. */
export type GuardedSet = readonly [set: SelectionSetNode, guard: Guard];
