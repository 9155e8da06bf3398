/** Counts under how many response keys one field name is asked for, after selections are merged by response path. */
import type { SelectionSetNode } from 'graphql';
import type { Counted } from './count.ts';
import type { Merged, Visitor } from './merge-selections.ts';
import type { Selected } from './pieces.ts';

/** A step by response path. */
interface Step {
  readonly merged: Merged;
  /** Fields of one response key each. */
  readonly below: readonly (readonly Selected[])[];
  /** Of what was met here and below. */
  most: number;
  next: number;
}

/** @returns the most response keys of one field name, or `floor` where they are no more. */
export function mostKeysPerName(root: SelectionSetNode, counted: Counted, floor: number): number {
  return new OccurrenceWalk(counted, floor).from(root);
}

/** Goes only where enough aliases are: one field name has a response key for each alias at the most, and its own. */
class OccurrenceWalk implements Visitor {
  readonly #counted: Counted;
  readonly #floor: number;
  /** Of the step that is being begun. */
  #below: (readonly Selected[])[] = [];
  #most = 0;

  constructor(counted: Counted, floor: number) {
    this.#counted = counted;
    this.#floor = floor;
  }

  from(root: SelectionSetNode): number {
    const { merging } = this.#counted;
    // A stack of its own instead of recursion: nesting is the client's to choose.
    let step = this.#begin(merging.ofSet(root));
    const above: Step[] = [];
    for (;;) {
      const fields = step.below[step.next++];
      if (!fields) {
        step.merged.most = { above: this.#floor, found: step.most };
        const parent = above.pop();
        if (!parent) return step.most;
        parent.most = Math.max(parent.most, step.most);
        step = parent;
      } else if (this.#aliasesBelow(fields) >= step.most) {
        const merged = merging.ofFields(fields);
        if (merged.most?.above === this.#floor) step.most = Math.max(step.most, merged.most.found);
        else {
          above.push(step);
          step = this.#begin(merged);
        }
      }
    }
  }

  #begin(merged: Merged): Step {
    const { merging } = this.#counted;
    this.#most = merged.aliased < this.#floor ? this.#floor : Math.max(this.#floor, merging.mostKeysPerName(merged));
    this.#below = [];
    merging.visit(merged, this);
    return { merged, below: this.#below, most: this.#most, next: 0 };
  }

  single(field: Selected): void {
    this.merging([field]);
  }

  merging(fields: readonly Selected[]): void {
    if (this.#aliasesBelow(fields) >= this.#most) this.#below.push(fields);
  }

  #aliasesBelow(fields: readonly Selected[]): number {
    let aliases = 0;
    for (const field of fields) {
      field.aliases ??= this.#counted.aliases.get(field.set) ?? 0;
      aliases += field.aliases;
    }
    return aliases;
  }
}
