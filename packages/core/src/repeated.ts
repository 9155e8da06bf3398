/**
 * Counts fields that stand beside another one of the same response key, after selections are merged by response path and
 * through fragments. Validation compares every two of them, so that this number bounds what validation costs.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, fragmentsOf, visitFields } from './collect.ts';
import type { Counted } from './counts.ts';
import { beginKeys, mayRepeat } from './distinct-keys.ts';

/** Selections that are looked at to count the repeated fields of a document. */
export const REPEAT_BUDGET = 20_000;

/**
 * @param counted what every definition of the document holds.
 * @returns the number, where it is no more than `maximum`; otherwise some number above `maximum`, and `Infinity` past
 * {@link REPEAT_BUDGET} selections.
 */
export function countRepeated(document: DocumentNode, counted: Counted, maximum: number): number {
  // Selection sets that repeat a key by themselves do so wherever they stand.
  if (counted.repeats > maximum) return counted.repeats;
  // Where no selection set repeats a key, fragments expanded, none merge further down either.
  if (counted.repeats === 0) {
    if (!counted.mixed) return 0;
    const merging = new Merging(fragmentsOf(document));
    const sets = new Set(counted.mixed.map((set) => merging.within(set)));
    const isDistinct = (set: SelectionSetNode): boolean => {
      if (!merging.isSurelyDistinct(set)) merging.merge([set]);
      return merging.repeated === 0 && merging.looked <= REPEAT_BUDGET;
    };
    if ([...sets].every(isDistinct)) return 0;
  }
  return countByPath(document, maximum);
}

/** A set that merges with no other is entered once; where sets merge, each step finds a repeat. */
function countByPath(document: DocumentNode, maximum: number): number {
  const merging = new Merging(fragmentsOf(document));
  const entered = new Set<SelectionSetNode>();
  for (const definition of rootsOf(document, merging.fragments)) {
    const waiting: (readonly SelectionSetNode[])[] = [[definition.selectionSet]];
    for (let sets = waiting.pop(); sets; sets = waiting.pop()) {
      const [only] = sets;
      if (only && sets.length === 1) {
        if (entered.has(only)) continue;
        entered.add(only);
      }
      for (const below of merging.merge(sets)) waiting.push(below);
      if (merging.looked > REPEAT_BUDGET) return Infinity;
      if (merging.repeated > maximum) return merging.repeated;
    }
  }
  return merging.repeated;
}

/** Merges selection sets by response key. */
class Merging {
  readonly fragments: Fragments;
  /** Selections so far. */
  looked = 0;
  /** Fields so far that stood beside another one. */
  repeated = 0;
  #turn = 0;
  #keys: Map<string, { turn: number; below: SelectionSetNode[] | undefined }> | undefined;
  readonly #opens = ({ selections }: SelectionSetNode): void => void (this.looked += selections.length);

  constructor(fragments: Fragments) {
    this.fragments = fragments;
  }

  /** @returns the selections of the fragment, where a set is nothing but its spread. */
  within(set: SelectionSetNode): SelectionSetNode {
    const [only] = set.selections;
    if (set.selections.length > 1 || only?.kind !== Kind.FRAGMENT_SPREAD) return set;
    return this.fragments.get(only.name.value)?.selectionSet ?? set;
  }

  /** Whether no two fields of the set have one response key, told without comparing keys; `false` says nothing. */
  isSurelyDistinct(set: SelectionSetNode): boolean {
    let isDistinct = true;
    beginKeys();
    const see = ({ alias, name }: FieldNode): void => {
      if (mayRepeat((alias ?? name).value)) isDistinct = false;
    };
    visitFields([set], this.fragments, see, this.#opens);
    return isDistinct;
  }

  /** @returns for each response key the sets that merge below it. */
  merge(sets: readonly SelectionSetNode[]): SelectionSetNode[][] {
    this.#turn += 1;
    const merged: SelectionSetNode[][] = [];
    const keys = (this.#keys ??= new Map());
    const see = ({ alias, name, selectionSet }: FieldNode): void => {
      const key = (alias ?? name).value;
      const known = keys.get(key) ?? { turn: 0, below: undefined };
      if (known.turn === this.#turn) this.repeated += 1;
      else {
        if (known.turn === 0) keys.set(key, known);
        known.turn = this.#turn;
        known.below = undefined;
      }
      if (!selectionSet) return;
      if (known.below) known.below.push(selectionSet);
      else merged.push((known.below = [selectionSet]));
    };
    visitFields(sets, this.fragments, see, this.#opens);
    return merged;
  }
}

/** The operations, then every fragment that none of those before it reaches. */
function* rootsOf(
  document: DocumentNode,
  fragments: Fragments,
): Iterable<OperationDefinitionNode | FragmentDefinitionNode> {
  const reached = new Set<SelectionSetNode>();
  const reach = (root: SelectionSetNode): void => {
    const waiting = [root];
    for (let set = waiting.pop(); set; set = waiting.pop()) {
      if (reached.has(set)) continue;
      reached.add(set);
      for (const node of set.selections) {
        const below = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
        if (below?.selectionSet) waiting.push(below.selectionSet);
      }
    }
  };
  for (const kind of [Kind.OPERATION_DEFINITION, Kind.FRAGMENT_DEFINITION] as const) {
    for (const definition of document.definitions) {
      if (definition.kind !== kind || !('selectionSet' in definition) || reached.has(definition.selectionSet)) continue;
      yield definition;
      reach(definition.selectionSet);
    }
  }
}
