/**
 * Counts fields that stand beside another one of the same response key, after selections are merged by response path and
 * through fragments. Validation compares every two of them, so that this number bounds what validation costs.
 */
import type { SelectionSetNode } from 'graphql';
import type { Counted } from './counts.ts';
import type { Below, Merged, Merging } from './merging.ts';

/** Selections to look at for the repeated fields of a document; twice those that are written in it where it is more. */
export const REPEAT_BUDGET = 5_000;

/**
 * @param counted what every definition of the document holds.
 * @returns the number, where it is no more than `maximum`; otherwise some number above `maximum`, and `Infinity` past the
 * budget of selections.
 */
export function countRepeated(counted: Counted, maximum: number): number {
  // Selection sets that repeat a key by themselves do so wherever they stand.
  if (counted.repeats > maximum) return counted.repeats;
  if (counted.repeats === 0 && !counted.mixed) return 0;
  const budget = Math.max(REPEAT_BUDGET, 2 * counted.written);
  if (counted.flat > budget) return Infinity;
  const { merging } = counted;
  // Where no selection set repeats a key, fragments expanded, none merge further down either.
  if (counted.repeats === 0 && counted.mixed?.every((set) => merging.ofSet(set).repeated === 0)) return 0;
  return new PathWalk(merging, maximum, budget).count(counted.roots);
}

/** Where sets merge, each step finds a repeat. What merges with no other shows the same wherever it stands, and is met once. */
class PathWalk {
  readonly #merging: Merging;
  readonly #maximum: number;
  readonly #budget: number;
  readonly #waiting: Below[] = [];
  #looked = 0;
  #repeated = 0;

  constructor(merging: Merging, maximum: number, budget: number) {
    this.#merging = merging;
    this.#maximum = maximum;
    this.#budget = budget;
  }

  count(roots: readonly SelectionSetNode[]): number {
    roots.every((root) => this.#meets(this.#merging.ofSet(root)) && this.#goesOn());
    return this.#looked > this.#budget ? Infinity : this.#repeated;
  }

  /** @returns whether everything below was met. */
  #goesOn(): boolean {
    for (let below = this.#waiting.pop(); below; below = this.#waiting.pop()) if (!this.#enters(below)) return false;
    return true;
  }

  #enters({ selected, merges }: Below): boolean {
    if (merges) return this.#meets(this.#merging.ofFields(selected));
    return selected.every((field) => this.#meets(this.#merging.ofField(field)));
  }

  /** @returns whether it is within what was asked for. */
  #meets(merged: Merged): boolean {
    if (merged.metBy === this) return true;
    merged.metBy = this;
    this.#looked += merged.looked;
    this.#repeated += merged.repeated;
    for (const below of this.#merging.below(merged)) {
      if (below.metBy === this || below.selected.length === 0) continue;
      below.metBy = this;
      this.#waiting.push(below);
    }
    return this.#looked <= this.#budget && this.#repeated <= this.#maximum;
  }
}
