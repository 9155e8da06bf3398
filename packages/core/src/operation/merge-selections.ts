/** Merges selection sets by response key, with fragments expanded and without regard to types and conditions. */
import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';
import { FieldWalk, type Fragments, followLoneSpread, isTypename, readResponseKey } from './collect-fields.ts';

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
  /** Fields with an alias. */
  aliased = 0;
  /** Selections that were read. */
  read = 0;
  /** Response key -> number of fields with it after the first, without plain `__typename`s. */
  readonly #repeats = new Map<string, number>();
  #repeatedTypenames = 0;
  /** Number of selection sets with a field other than `__typename`. */
  #setsWithFields = 0;

  constructor(fragments: Fragments, sets: readonly SelectionSetNode[]) {
    super(fragments);
    this.sets = sets;
    this.walk(sets);
  }

  /**
   * Fields with the response key of an earlier field, or a sixteenth of the pairs of fields with one key where that is more.
   *
   * Clients add a `__typename` to every selection set, and where sets merge it is repeated: one for each set that has other
   * fields does not count. A document full of sets with nothing else is an attack on validation.
   */
  get repeated(): number {
    let total = weighRepeats(Math.max(0, this.#repeatedTypenames - this.#setsWithFields));
    for (const repeats of this.#repeats.values()) total += weighRepeats(repeats);
    return total;
  }

  override opens({ selections }: SelectionSetNode): void {
    this.read += selections.length;
    if (selections.some((node) => node.kind === Kind.FIELD && !isTypename(node))) this.#setsWithFields += 1;
  }

  field(node: FieldNode): void {
    const key = readResponseKey(node);
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
