/**
 * Counts fields that stand beside another one of the same response key, after selections are merged by response path and
 * through fragments. Validation compares every two of one key, so that this number bounds what validation costs.
 */
import type { SelectionSetNode } from 'graphql';
import { behind } from './collect-fields.ts';
import type { DocumentCounter } from './count.ts';
import type { SelectionMerger } from './merge-selections.ts';

/** Selections to look at for the repeated fields of a document; twice those that are written in it where it is more. */
export const REPEAT_BUDGET = 5_000;

/**
 * Goes by response path from definitions down. What merges with no other shows the same wherever it stands, and is met once;
 * where sets merge, each step finds a repeat.
 *
 * @param counted what every definition of the document holds.
 * @returns the number, where it is no more than `maximum`; otherwise some number above `maximum`, and `Infinity` past the
 * budget of selections.
 */
export function countRepeated(
  { roots, fragments, written, flat }: DocumentCounter,
  merger: SelectionMerger,
  maximum: number,
): number {
  const budget = Math.max(REPEAT_BUDGET, 2 * written);
  if (flat > budget) return Infinity;
  const met = new Set<SelectionSetNode>();
  const pending = roots.map((root) => [root]).toReversed();
  let looked = 0;
  let repeated = 0;
  for (let sets = pending.pop(); sets && looked <= budget && repeated <= maximum; sets = pending.pop()) {
    const [only] = sets;
    if (only && sets.length === 1) {
      const shown = behind(only, fragments);
      if (met.has(shown)) continue;
      met.add(shown);
    }
    const merged = merger.merge(sets);
    looked += merged.looked;
    repeated += merged.repeated;
    for (const below of merged.below.values()) pending.push(below);
  }
  return looked > budget ? Infinity : repeated;
}
