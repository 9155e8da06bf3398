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
import { FieldWalk, type Fragments, fragmentsOf, responseKey } from './collect.ts';
import type { Counted } from './counts.ts';
import { KeyWalk } from './distinct-keys.ts';
import { behind, MergedSets } from './merged-sets.ts';

/** Selections to look at for the repeated fields of a document; twice those that are written in it where it is more. */
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
  const budget = Math.max(REPEAT_BUDGET, 2 * counted.written);
  if (counted.flat > budget) return Infinity;
  const fragments = fragmentsOf(document);
  // Where no selection set repeats a key, fragments expanded, none merge further down either.
  if (counted.repeats === 0 && areDistinct(counted.mixed ?? [], fragments)) return 0;
  return countByPath(document, fragments, maximum, budget);
}

/** Whether no set, fragments expanded, has a key twice. */
function areDistinct(mixed: readonly SelectionSetNode[], fragments: Fragments): boolean {
  const walk = new KeyWalk(fragments);
  for (const set of new Set(mixed.map((one) => behind(one, fragments)))) if (walk.count(set).repeated > 0) return false;
  return true;
}

/** Where sets merge, each step finds a repeat. */
function countByPath(document: DocumentNode, fragments: Fragments, maximum: number, budget: number): number {
  const merging = new Merging(fragments);
  const merged = new MergedSets(fragments);
  for (const { selectionSet } of rootsOf(document, fragments)) {
    merged.add([selectionSet]);
    for (let sets = merged.next(); sets; sets = merged.next()) {
      for (const below of merging.merge(sets)) merged.add(below);
      if (merging.looked > budget) return Infinity;
      if (merging.repeated > maximum) return merging.repeated;
    }
  }
  return merging.repeated;
}

/** Merges selection sets by response key. */
class Merging extends FieldWalk {
  /** Fields so far that stood beside another one. */
  repeated = 0;
  /** Selections so far. */
  looked = 0;
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

  override opens({ selections }: SelectionSetNode): void {
    this.looked += selections.length;
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
