/**
 * Tells that the response keys of a selection set are distinct, mostly without remembering any: each key marks one of some
 * thousand places, and only where a place is marked twice is it worth to compare keys.
 */

/** By place: the turn in which it was marked last. */
const marks = new Int32Array(4_096);
const lastTurn = 2 ** 31 - 1;
let turn = 0;

/** Begins with another selection set. One at a time: what was begun before is forgotten. */
export function beginKeys(): void {
  if (turn === lastTurn) {
    marks.fill(0);
    turn = 0;
  }
  turn += 1;
}

/** Marks a key. @returns `false` where it is surely another one than those before it. */
export function mayRepeat(key: string): boolean {
  const { length } = key;
  const ends = (key.charCodeAt(0) * 33 + key.charCodeAt(length >> 1)) * 33 + key.charCodeAt(length - 1);
  const place = (ends * 33 + length) & (marks.length - 1);
  if (marks[place] === turn) return true;
  marks[place] = turn;
  return false;
}
