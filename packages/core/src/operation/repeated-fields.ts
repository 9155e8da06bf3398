/**
 * Counts fields that stand beside another one of the same response key, after selections are merged by response path and
 * through fragments. Validation compares every two of them, so that this number bounds what validation costs.
 */
import { Kind, type SelectionSetNode } from 'graphql';
import { behind } from './collect-fields.ts';
import type { Counted } from './count.ts';
import type { Merged, Visitor } from './merge-selections.ts';
import type { Selected } from './pieces.ts';

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
  return new PathWalk(counted, maximum, budget).count();
}

/**
 * Goes by response path from definitions down. What merges with no other shows the same wherever it stands, and is met once;
 * where sets merge, each step finds a repeat.
 */
class PathWalk implements Visitor {
  readonly #counted: Counted;
  readonly #maximum: number;
  readonly #budget: number;
  readonly #met = new Set<SelectionSetNode>();
  /** What is still to be met: what stands alone, and fields that merge. */
  readonly #alone: SelectionSetNode[];
  readonly #together: (readonly Selected[])[] = [];
  #looked = 0;
  #repeated = 0;

  constructor(counted: Counted, maximum: number, budget: number) {
    this.#counted = counted;
    this.#maximum = maximum;
    this.#budget = budget;
    this.#alone = counted.roots.toReversed();
  }

  count(): number {
    while (this.#looked <= this.#budget && this.#repeated <= this.#maximum && this.#meetsNext());
    return this.#looked > this.#budget ? Infinity : this.#repeated;
  }

  /** @returns whether there was one. */
  #meetsNext(): boolean {
    const set = this.#alone.pop();
    if (set) {
      this.#meetAlone(behind(set, this.#counted.definitions));
      return true;
    }
    const together = this.#together.pop();
    if (together) this.#meet(this.#counted.merging.ofFields(together));
    return together !== undefined;
  }

  #meetAlone(set: SelectionSetNode): void {
    if (this.#met.has(set)) return;
    this.#met.add(set);
    const { selections } = set;
    if (!this.#counted.repeating?.has(set) && selections.every(({ kind }) => kind === Kind.FIELD)) {
      this.#looked += selections.length;
      for (const node of selections)
        if ('selectionSet' in node && node.selectionSet) this.#alone.push(node.selectionSet);
    } else this.#meet(this.#counted.merging.ofSet(set));
  }

  #meet(merged: Merged): void {
    this.#looked += merged.looked;
    this.#repeated += merged.repeated;
    this.#counted.merging.visit(merged, this);
  }

  single(field: Selected): void {
    if (field.metBy === this) return;
    field.metBy = this;
    this.#alone.push(field.set);
  }

  merging(fields: readonly Selected[]): void {
    this.#together.push(fields);
  }
}
