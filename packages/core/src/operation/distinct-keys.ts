/**
 * Tells which fields have the response key of one before them, mostly without a table of keys: each key marks one of some
 * thousand places, and is compared with the one that marked its place first. Only keys that share a place with another one are
 * remembered.
 */
import type { FieldNode, SelectionNode } from 'graphql';
import { responseKey } from './collect-fields.ts';

/** What fits into the caches of a processor. */
export const maxPlaceBits = 12;

/** By place: the number of the field that marked it first. Numbers go on from list to list. */
const places = new Int32Array(1 << maxPlaceBits);
const lastNumber = 2 ** 31 - 1;
/** The highest number of the lists before this one, and of this one. */
let before = 0;
let highest = 0;
/** Keys of this list that found another one at their place. */
let others: Set<string> | undefined;

/** Begins with another list, of at most so many fields. One at a time: what was begun before is forgotten. */
export function beginKeys(count: number): void {
  if (highest + count > lastNumber) {
    places.fill(0);
    highest = 0;
  }
  before = highest;
  highest += count;
  others = undefined;
}

/**
 * @param fields what was begun with.
 * @param at where in it a field stands, each asked about once.
 * @returns whether one that was asked about before has the same response key.
 */
export function repeatsKey(fields: readonly SelectionNode[], at: number): boolean {
  const key = responseKey(fields[at] as FieldNode);
  const place = placeOf(key, places.length);
  const first = places[place] as number;
  if (first > before) return isKnown(key, fields[first - before - 1] as FieldNode);
  places[place] = before + at + 1;
  return false;
}

function isKnown(key: string, first: FieldNode): boolean {
  if (responseKey(first) === key) return true;
  others ??= new Set();
  const { size } = others;
  return others.add(key).size === size;
}

/** Longer keys are told by their ends: one that is spread in a hundred places must not be read in all of them. */
const tellingLetters = 12;

/** @param count of places, a power of two. */
export function placeOf(key: string, count: number): number {
  let hash = 0;
  const end = Math.max(0, key.length - tellingLetters);
  for (let i = key.length - 1; i >= end; i -= 1) hash = (hash * 33 + key.charCodeAt(i)) & 0xffffff;
  return hash & (count - 1);
}
