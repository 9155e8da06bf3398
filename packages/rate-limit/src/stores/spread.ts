/**
 * Charges in several slots of a cluster: taken slot by slot, and given back where another slot refuses, fails or is silent.
 */
import { within } from '@graphql-bulwark/core';
import type { Entry, Verdict } from './shared-call.ts';

/** What lies in one slot: positions among the charges, and their buckets. */
export interface Part {
  readonly tag: string | undefined;
  readonly positions: readonly number[];
  readonly entries: readonly Entry[];
}

export interface SlotCalls {
  readonly consume: (part: Part) => Promise<Verdict>;
  /** Gives back what this verdict took. */
  readonly undo: (part: Part, verdict: Verdict) => Promise<unknown>;
}

/** @returns the verdict of each part; where one of them refuses, the others are given back by then. Rejects with the first failure. */
export async function consumeSpread(
  parts: readonly Part[],
  { consume, undo }: SlotCalls,
  timeoutMilliseconds: number | undefined,
): Promise<readonly Verdict[]> {
  const pending = parts.map(consume);
  const settled = await Promise.allSettled(
    pending.map((call) => (timeoutMilliseconds === undefined ? call : within(timeoutMilliseconds, call))),
  );
  const verdicts = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  if (!failure && verdicts.every(({ allowed }) => allowed)) return verdicts;

  // What cannot be given back now ends with its window. A slot that answers too late gives back as well, and nobody waits.
  const undone = parts.map(async (part, i) => {
    const verdict = await pending[i];
    if (verdict?.allowed) await undo(part, verdict);
  });
  for (const each of undone) each.catch(() => undefined);
  await Promise.allSettled(undone.filter((_, i) => settled[i]?.status === 'fulfilled'));
  if (failure) throw failure.reason;
  return verdicts;
}
