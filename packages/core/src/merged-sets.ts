/** Walks by response path: which selection sets merge, and are looked at together. */
import { type FragmentSpreadNode, Kind, type SelectionSetNode } from 'graphql';
import type { Fragments } from './collect.ts';

/** Sets that merge and are still to be looked at. One that merges with no other shows the same wherever it stands. */
export class MergedSets {
  readonly #fragments: Fragments;
  readonly #waiting: (readonly SelectionSetNode[])[] = [];
  /** Sets that were looked at by themselves. */
  readonly #entered = new Set<SelectionSetNode>();

  constructor(fragments: Fragments) {
    this.#fragments = fragments;
  }

  add(sets: readonly SelectionSetNode[]): void {
    this.#waiting.push(sets);
  }

  /** @returns sets that merge, those that merge with no other once; `undefined` where none is left. */
  next(): readonly SelectionSetNode[] | undefined {
    for (let sets = this.#waiting.pop(); sets; sets = this.#waiting.pop()) {
      const [only] = sets;
      // Only a fragment can stand at two places.
      if (!only || sets.length > 1 || this.#fragments.size === 0) return sets;
      const shown = behind(only, this.#fragments);
      if (this.#entered.has(shown)) continue;
      this.#entered.add(shown);
      return sets;
    }
    return undefined;
  }
}

/** The set that shows the same: that of a fragment, where a set is nothing but its spread. */
export function behind(set: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  const only = onlySpread(set);
  return (only && fragments.get(only.name.value)?.selectionSet) ?? set;
}

/** The spread that a set is, where it is nothing else. */
export function onlySpread({ selections }: SelectionSetNode): FragmentSpreadNode | undefined {
  const [only] = selections;
  return selections.length === 1 && only?.kind === Kind.FRAGMENT_SPREAD ? only : undefined;
}
