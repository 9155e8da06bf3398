/**
 * Charges in several slots of a cluster: taken slot by slot, and given back where another slot refuses, fails or is silent.
 */
import { within } from '@graphql-bulwark/core/internal';
import type { Decision } from './script.ts';

export interface SlotCalls<P> {
  readonly consume: (part: P) => Promise<Decision>;
  /** Gives back what this decision took. */
  readonly undo: (part: P, decision: Decision) => Promise<unknown>;
}

/**
 * @returns the decision of each part; where one of them refuses, the others are given back by then. Rejects with the first
 * failure.
 */
export async function consumeSpread<P>(
  parts: readonly P[],
  { consume, undo }: SlotCalls<P>,
  timeoutMilliseconds: number | undefined,
): Promise<readonly Decision[]> {
  const pending = parts.map(consume);
  const settled = await Promise.allSettled(
    pending.map((call) => (timeoutMilliseconds === undefined ? call : within(timeoutMilliseconds, call))),
  );
  const decisions = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  if (!failure && decisions.every(({ allowed }) => allowed)) return decisions;

  // What cannot be given back now ends with its window. A slot that answers too late gives back as well, and no request waits for it.
  const undone = parts.map(async (part, i) => {
    const decision = await pending[i];
    if (decision?.allowed) await undo(part, decision);
  });
  for (const each of undone) each.catch(() => undefined);
  await Promise.allSettled(undone.filter((_, i) => settled[i]?.status === 'fulfilled'));
  if (failure) throw failure.reason;
  return decisions;
}
