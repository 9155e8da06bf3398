/** Counts under how many response keys one field name is selected, after selections are merged by response path. */
import type { FieldNode, SelectionSetNode } from 'graphql';
import { FieldWalk, type Fragments, readResponseKey } from './collect-fields.ts';
import type { DocumentCounter } from './count.ts';
import type { Merged, SelectionMerger } from './merge-selections.ts';

/** Merged selections on the way by response path, and what was found in and below them. */
interface Step {
  readonly merged: Merged;
  /** The selection sets of each response key. */
  readonly below: readonly SelectionSetNode[][];
  /** The most response keys of one field name, here and below. */
  most: number;
  /** Index in `below`. */
  next: number;
}

/**
 * Counts for one document. It looks only where there are enough aliases: one name has at most one response key per alias, and
 * its own.
 */
export class FieldRepetition {
  readonly #fragments: Fragments;
  readonly #aliases: DocumentCounter['aliases'];
  readonly #merger: SelectionMerger;
  /** Merged selections -> what was found in and below them, above which floor. */
  readonly #known = new WeakMap<Merged, { readonly above: number; readonly found: number }>();

  constructor({ fragments, aliases }: DocumentCounter, merger: SelectionMerger) {
    this.#fragments = fragments;
    this.#aliases = aliases;
    this.#merger = merger;
  }

  /** @returns the most response keys of one field name, or `floor` where there are no more. */
  countAbove(floor: number, root: SelectionSetNode): number {
    // A stack instead of recursion, because the client chooses how deep selections nest.
    let step = this.#begin(this.#merger.merge([root]), floor);
    const above: Step[] = [];
    for (;;) {
      const sets = step.below[step.next++];
      if (!sets) {
        this.#known.set(step.merged, { above: floor, found: step.most });
        const parent = above.pop();
        if (!parent) return step.most;
        parent.most = Math.max(parent.most, step.most);
        step = parent;
      } else if (this.#countAliases(sets) >= step.most) {
        const merged = this.#merger.merge(sets);
        const known = this.#known.get(merged);
        if (known?.above === floor) step.most = Math.max(step.most, known.found);
        else {
          above.push(step);
          step = this.#begin(merged, floor);
        }
      }
    }
  }

  #begin(merged: Merged, floor: number): Step {
    const most =
      merged.aliased < floor ? floor : Math.max(floor, new KeysPerName(this.#fragments).walk(merged.sets).most);
    return { merged, below: [...merged.below.values()], most, next: 0 };
  }

  #countAliases(sets: readonly SelectionSetNode[]): number {
    return sets.reduce((sum, set) => sum + (this.#aliases.get(set) ?? 0), 0);
  }
}

/** Finds the most response keys of one field name in merged selections. */
class KeysPerName extends FieldWalk {
  most = 0;
  readonly #keys = new Map<string, Set<string>>();

  field(node: FieldNode): void {
    const keys = this.#keys.get(node.name.value) ?? new Set<string>();
    this.#keys.set(node.name.value, keys.add(readResponseKey(node)));
    this.most = Math.max(this.most, keys.size);
  }
}
