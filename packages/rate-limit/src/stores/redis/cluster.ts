/**
 * Charges in several slots of a cluster. They are taken slot by slot, and given back where another slot refuses, fails or does not answer.
 */
import { awaitWithin } from '@graphql-bulwark/core/internal';
import type { Decision } from './script.ts';

/** Calls for the charges of one slot. */
export interface SlotCalls<P> {
  /** Takes the charges, all or none. */
  readonly consume: (part: P) => Promise<Decision>;
  /** Gives back what a decision has taken. */
  readonly undo: (part: P, decision: Decision) => Promise<unknown>;
}

/**
 * Takes charges in several slots, all or none.
 *
 * @param parts the charges of each slot. @param timeoutMilliseconds how long to wait for a slot; `undefined`: until it answers.
 * @returns the decision of each slot. Where one refuses, the others have been given back. Rejects with the first failure.
 */
export async function consumeSpread<P>(
  parts: readonly P[],
  { consume, undo }: SlotCalls<P>,
  timeoutMilliseconds: number | undefined,
): Promise<readonly Decision[]> {
  const pending = parts.map(consume);
  const settled = await Promise.allSettled(
    pending.map((call) => (timeoutMilliseconds === undefined ? call : awaitWithin(timeoutMilliseconds, call))),
  );
  const decisions = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  if (!failure && decisions.every(({ allowed }) => allowed)) return decisions;

  // Points that cannot be given back now are gone when their window ends. A slot that answers too late gives back then, without a request
  // waiting for it.
  const undone = parts.map(async (part, i) => {
    const decision = await pending[i];
    if (decision?.allowed) await undo(part, decision);
  });
  for (const each of undone) each.catch(() => undefined);
  await Promise.allSettled(undone.filter((_, i) => settled[i]?.status === 'fulfilled'));
  if (failure) throw failure.reason;
  return decisions;
}
