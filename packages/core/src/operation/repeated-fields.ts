/**
 * Counts fields with the same response key as another field beside them, after selections are merged by response path and
 * fragments are expanded. Validation compares every two of one key, so this number bounds the cost of validation.
 */
import type { SelectionSetNode } from 'graphql';
import { followLoneSpread } from './collect-fields.ts';
import type { DocumentCounter } from './count.ts';
import type { SelectionMerger } from './merge-selections.ts';

/**
 * Selections that are read to count the repeated fields of a document, or twice those written in the document where that is
 * more.
 */
export const REPEAT_BUDGET = 5_000;

/**
 * Walks by response path from the definitions down. A set that merges with no other has the same fields wherever it stands,
 * and is read once. Where sets merge, each step finds a repeated field, so the walk ends soon after `maximum`.
 *
 * @param counter has counted every definition of the document.
 * @returns the number where it is at most `maximum`, otherwise some number above `maximum`; `Infinity` past the budget of
 * selections.
 */
export function countRepeated(
  { roots, fragments, written, flat }: DocumentCounter,
  merger: SelectionMerger,
  maximum: number,
): number {
  const budget = Math.max(REPEAT_BUDGET, 2 * written);
  if (flat > budget) return Infinity;
  const seen = new Set<SelectionSetNode>();
  const pending = roots.map((root) => [root]).toReversed();
  let read = 0;
  let repeated = 0;
  for (let sets = pending.pop(); sets && read <= budget && repeated <= maximum; sets = pending.pop()) {
    const [only] = sets;
    if (only && sets.length === 1) {
      const shown = followLoneSpread(only, fragments);
      if (seen.has(shown)) continue;
      seen.add(shown);
    }
    const merged = merger.merge(sets);
    read += merged.read;
    repeated += merged.repeated;
    for (const below of merged.below.values()) pending.push(below);
  }
  return read > budget ? Infinity : repeated;
}
