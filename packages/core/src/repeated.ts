/**
 * Counts fields that stand beside another one of the same response key, after selections are merged by response path and
 * through fragments. Validation compares every two of them, so that this number bounds what validation costs.
 */
import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql';
import type { Fragments } from './collect.ts';
import type { Counted } from './counts.ts';
import type { Merged, Merging, Selected } from './merging.ts';

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
  const { definitions, merging } = counted;
  // Where no selection set repeats a key, fragments expanded, none merge further down either.
  if (counted.repeats === 0 && counted.mixed?.every((set) => merging.alone(set).repeated === 0)) return 0;
  return countByPath(rootsOf(document, definitions), merging, maximum, budget);
}

/** Where sets merge, each step finds a repeat. */
function countByPath(roots: Iterable<SelectionSetNode>, merging: Merging, maximum: number, budget: number): number {
  const met = new Set<Merged>();
  const waiting: (readonly Selected[])[] = [];
  let looked = 0;
  let repeated = 0;
  for (const root of roots) {
    for (let merged: Merged | undefined = merging.alone(root); merged; merged = next(waiting, merging)) {
      // Sets that merge with no other show the same wherever they stand.
      if (met.has(merged)) continue;
      met.add(merged);
      looked += merged.looked;
      repeated += merged.repeated;
      if (looked > budget) return Infinity;
      if (repeated > maximum) return repeated;
      for (const below of merged.below) waiting.push(below);
    }
  }
  return repeated;
}

function next(waiting: (readonly Selected[])[], merging: Merging): Merged | undefined {
  const selected = waiting.pop();
  return selected && merging.below(selected);
}

/** The operations, then every fragment that none of those before it reaches. */
function* rootsOf(document: DocumentNode, fragments: Fragments): Iterable<SelectionSetNode> {
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
      yield definition.selectionSet;
      // Only a fragment can be reached from another definition.
      if (fragments.size > 0) reach(definition.selectionSet);
    }
  }
}
