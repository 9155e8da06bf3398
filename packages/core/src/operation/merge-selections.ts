/** Merges selection sets by response key, fragments expanded, whatever types and conditions they are for. */
import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';
import { behind, FieldWalk, type Fragments, isTypename, responseKey } from './collect-fields.ts';

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
    const set = behind(only, this.#fragments);
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
  /** Fields with an alias. */
  aliased = 0;
  /** Selections that were looked at. */
  looked = 0;
  /** Response key -> fields that have it beside the first, without plain `__typename`s. */
  readonly #repeats = new Map<string, number>();
  #repeatedTypenames = 0;
  /** Selection sets that hold a field other than `__typename`. */
  #setsWithFields = 0;

  constructor(fragments: Fragments, sets: readonly SelectionSetNode[]) {
    super(fragments);
    this.sets = sets;
    this.walk(sets);
  }

  /**
   * Fields with the response key of another one, or a sixteenth of the pairs of fields that have one key where those are more.
   *
   * Clients add `__typename` to every selection set that they write, and where sets merge it repeats: as many as there are sets
   * with other fields are not counted. Sets that hold nothing else are made to be dear.
   */
  get repeated(): number {
    let total = weighRepeats(Math.max(0, this.#repeatedTypenames - this.#setsWithFields));
    for (const repeats of this.#repeats.values()) total += weighRepeats(repeats);
    return total;
  }

  override opens({ selections }: SelectionSetNode): void {
    this.looked += selections.length;
    if (selections.some((node) => node.kind === Kind.FIELD && !isTypename(node))) this.#setsWithFields += 1;
  }

  field(node: FieldNode): void {
    const key = responseKey(node);
    const { size } = this.keys;
    if (this.keys.add(key).size === size) this.#countRepeat(key, node);
    if (node.alias) this.aliased += 1;
    if (!node.selectionSet) return;
    const below = this.below.get(key);
    if (below) below.push(node.selectionSet);
    else this.below.set(key, [node.selectionSet]);
  }

  #countRepeat(key: string, node: FieldNode): void {
    if (isTypename(node)) this.#repeatedTypenames += 1;
    else this.#repeats.set(key, (this.#repeats.get(key) ?? 0) + 1);
  }
}

/**
 * Validation compares every two fields under one key. Those that honest clients repeat are spread over many keys; hundreds under
 * one key take a hundred times as long as as many over hundreds of keys.
 */
function weighRepeats(repeats: number): number {
  return Math.max(repeats, Math.ceil((repeats * (repeats + 1)) / 32));
}
