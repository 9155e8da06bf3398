/** Merges selection sets by response key, fragments expanded, whatever types and conditions they are for. */
import type { FieldNode, SelectionSetNode } from 'graphql';
import { FieldWalk, type Fragments, followLoneSpread, readResponseKey } from './collect-fields.ts';

/** Merges the selection sets of one document. */
export class SelectionMerger {
  readonly #fragments: Fragments;
  readonly #alone = new Map<SelectionSetNode, Merged>();

  constructor(fragments: Fragments) {
    this.#fragments = fragments;
  }

  /** @param sets what merges. One set alone shows the same wherever it stands, and is walked once. */
  merge(sets: readonly SelectionSetNode[]): Merged {
    const [only] = sets;
    if (!only || sets.length > 1) return new Merged(this.#fragments, sets);
    const set = followLoneSpread(only, this.#fragments);
    let merged = this.#alone.get(set);
    if (!merged) this.#alone.set(set, (merged = new Merged(this.#fragments, [set])));
    return merged;
  }

  /** Counting is done: a document may be kept for long. */
  forget(): void {
    this.#alone.clear();
  }
}

/** What selection sets show where they merge. */
export class Merged extends FieldWalk {
  readonly sets: readonly SelectionSetNode[];
  readonly keys: Set<string> = new Set();
  /** Response key -> the selection sets of the fields under it, where there are any. */
  readonly below: Map<string, SelectionSetNode[]> = new Map();
  fields = 0;
  /** Fields with an alias. */
  aliased = 0;
  /** Selections that were looked at. */
  looked = 0;

  constructor(fragments: Fragments, sets: readonly SelectionSetNode[]) {
    super(fragments);
    this.sets = sets;
    this.walk(sets);
  }

  /** Fields with the response key of another one. */
  get repeated(): number {
    return this.fields - this.keys.size;
  }

  override opens({ selections }: SelectionSetNode): void {
    this.looked += selections.length;
  }

  field(node: FieldNode): void {
    const key = readResponseKey(node);
    this.fields += 1;
    this.keys.add(key);
    if (node.alias) this.aliased += 1;
    if (!node.selectionSet) return;
    const below = this.below.get(key);
    if (below) below.push(node.selectionSet);
    else this.below.set(key, [node.selectionSet]);
  }
}
