/** Merges selection sets by response key, with fragments expanded and without regard to types and conditions. */
import type { FieldNode, SelectionSetNode } from 'graphql';
import { FieldWalk, type Fragments, followLoneSpread, readResponseKey } from './collect-fields.ts';

/** Merges the selection sets of one document. */
export class SelectionMerger {
  readonly #fragments: Fragments;
  readonly #single = new Map<SelectionSetNode, Merged>();

  constructor(fragments: Fragments) {
    this.#fragments = fragments;
  }

  /** Merges these sets. A single set has the same fields wherever it stands, and is walked once. */
  merge(sets: readonly SelectionSetNode[]): Merged {
    const [only] = sets;
    if (!only || sets.length > 1) return new Merged(this.#fragments, sets);
    const set = followLoneSpread(only, this.#fragments);
    let merged = this.#single.get(set);
    if (!merged) this.#single.set(set, (merged = new Merged(this.#fragments, [set])));
    return merged;
  }

  /** Frees memory when counting is done, because documents may be cached for long. */
  forget(): void {
    this.#single.clear();
  }
}

/** The fields of selection sets that merge. */
export class Merged extends FieldWalk {
  readonly sets: readonly SelectionSetNode[];
  /** Response keys. */
  readonly keys: Set<string> = new Set();
  /** Response key -> selection sets of the fields with it, where there are any. */
  readonly below: Map<string, SelectionSetNode[]> = new Map();
  /** Fields, each as often as it is selected. */
  fields = 0;
  /** Fields with an alias. */
  aliased = 0;
  /** Selections that were read. */
  read = 0;

  constructor(fragments: Fragments, sets: readonly SelectionSetNode[]) {
    super(fragments);
    this.sets = sets;
    this.walk(sets);
  }

  /** Fields with the response key of an earlier field. */
  get repeated(): number {
    return this.fields - this.keys.size;
  }

  override opens({ selections }: SelectionSetNode): void {
    this.read += selections.length;
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
