/** The budget of points on the way out: what an operation did not need is given back. */
import type { BucketState, OutgoingAnswer, ResolvedOperation } from '@graphql-bulwark/core';
import { ownVerdict } from '@graphql-bulwark/core/internal';
import type { Taken } from '../stores/fallback.ts';
import { costPolicy } from './headers.ts';

/** What an operation really cost, by what it answered: a number from 0 to its estimate. */
export type ActualCost = (operation: ResolvedOperation, data: unknown) => number;

/**
 * Gives back the difference, without waiting for the store.
 *
 * @returns the buckets as they stand then.
 */
export function refundUnused(
  answer: OutgoingAnswer,
  operation: ResolvedOperation,
  { consumption, giveBack }: Taken,
  actualCost: ActualCost | undefined,
): readonly BucketState[] {
  const { data, failed } = answer;
  const bucket = consumption.buckets.find(({ charge }) => charge.policy === costPolicy);
  if (!bucket) return consumption.buckets;
  const requested = bucket.charge.points;
  const mayRefund = consumption.allowed && actualCost && hasRun(answer);
  const actual = mayRefund ? Math.ceil(ownVerdict(actualCost(operation, data)) as number) : undefined;
  let { remaining } = bucket;
  // Written so that NaN refunds nothing.
  if (actual !== undefined && actual >= 0 && actual < requested) {
    const points = requested - actual;
    remaining = Math.min(bucket.charge.limit, remaining + points);
    giveBack([{ ...bucket.charge, points, window: bucket.window }]).catch((error: unknown) => {
      failed('rate limit refund', error);
    });
  }
  if (remaining === bucket.remaining) return consumption.buckets;
  return consumption.buckets.map((each) => (each === bucket ? { ...bucket, remaining } : each));
}

/** Never for what was refused, nor for what has errors: an error that nulls a list leaves nothing to see of the work before it. */
function hasRun({ data, errors }: OutgoingAnswer): boolean {
  return data !== undefined && data !== null && errors.length === 0;
}
