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
import { type Fragments, fragmentsOf, MeteredWalk, responseKey } from './collect.ts';
import type { Counted } from './counts.ts';
import { KeyWalk } from './distinct-keys.ts';

/** Selections that are looked at to count the repeated fields of a document; twice those that are written in it where it is more. */
export const REPEAT_BUDGET = 5_000;

/**
 * @param counted what every definition of the document holds.
 * @returns the number, where it is no more than `maximum`; otherwise some number above `maximum`, and `Infinity` past the
 * budget of selections.
 */
export function countRepeated(document: DocumentNode, counted: Counted, maximum: number): number {
  // Selection sets that repeat a key by themselves do so wherever they stand.
  if (counted.repeats > maximum) return counted.repeats;
  if (counted.repeats === 0 && !counted.mixed) return 0;
  // Where no selection set repeats a key, fragments expanded, none merge further down either.
  const walk = new KeyWalk(fragmentsOf(document));
  const budget = Math.max(REPEAT_BUDGET, 2 * counted.written);
  if (counted.repeats === 0 && areDistinct(counted.mixed ?? [], walk, budget)) return 0;
  return countByPath(document, walk.fragments, maximum, budget - walk.looked);
}

/** Whether no set, fragments expanded, has a key twice. */
function areDistinct(mixed: readonly SelectionSetNode[], walk: KeyWalk, budget: number): boolean {
  // Where a set is nothing but the spread of a fragment, it is those of the fragment.
  const sets = new Set(mixed.map((set) => onlySpread(set, walk.fragments) ?? set));
  for (const set of sets) if (walk.count(set).repeated > 0 || walk.looked > budget) return false;
  return true;
}

function onlySpread({ selections }: SelectionSetNode, fragments: Fragments): SelectionSetNode | undefined {
  const [only] = selections;
  if (selections.length > 1 || only?.kind !== Kind.FRAGMENT_SPREAD) return undefined;
  return fragments.get(only.name.value)?.selectionSet;
}

/** A set that merges with no other is entered once; where sets merge, each step finds a repeat. */
function countByPath(document: DocumentNode, fragments: Fragments, maximum: number, budget: number): number {
  const merging = new Merging(fragments);
  const entered = new Set<SelectionSetNode>();
  for (const definition of rootsOf(document, fragments)) {
    const waiting: (readonly SelectionSetNode[])[] = [[definition.selectionSet]];
    for (let sets = waiting.pop(); sets; sets = waiting.pop()) {
      const [only] = sets;
      // Only a fragment can stand at two places.
      if (fragments.size > 0 && only && sets.length === 1) {
        if (entered.has(only)) continue;
        entered.add(only);
      }
      for (const below of merging.merge(sets)) waiting.push(below);
      if (merging.looked > budget) return Infinity;
      if (merging.repeated > maximum) return merging.repeated;
    }
  }
  return merging.repeated;
}

/** Merges selection sets by response key. */
class Merging extends MeteredWalk {
  /** Fields so far that stood beside another one. */
  repeated = 0;
  #turn = 0;
  #merged: SelectionSetNode[][] = [];
  readonly #keys = new Map<string, { turn: number; below: SelectionSetNode[] | undefined }>();

  /** @returns for each response key the sets that merge below it. */
  merge(sets: readonly SelectionSetNode[]): SelectionSetNode[][] {
    this.#turn += 1;
    this.#merged = [];
    this.walk(sets);
    return this.#merged;
  }

  field(node: FieldNode): void {
    const key = responseKey(node);
    const { selectionSet } = node;
    let known = this.#keys.get(key);
    if (known?.turn === this.#turn) this.repeated += 1;
    else if (known) {
      known.turn = this.#turn;
      known.below = undefined;
    } else {
      known = { turn: this.#turn, below: undefined };
      this.#keys.set(key, known);
    }
    if (!selectionSet) return;
    if (known.below) known.below.push(selectionSet);
    else this.#merged.push((known.below = [selectionSet]));
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
      // Only a fragment can be reached from another definition.
      if (fragments.size > 0) reach(definition.selectionSet);
    }
  }
}
