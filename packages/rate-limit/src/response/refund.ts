/** The budget of points, after an operation ran: the points that it did not need are given back. */
import type { BucketState, OutgoingAnswer, ResolvedOperation } from '@graphql-bulwark/core';
import { catchRejection } from '@graphql-bulwark/core/internal';
import type { Taken } from '../stores/fallback.ts';
import { costPolicy } from './headers.ts';

/** Returns what an operation cost after it ran, by the `data` of its response: points from 0 to its estimate. */
export type ActualCost = (operation: ResolvedOperation, data: unknown) => number;

/**
 * Gives back the points between the estimate and the actual cost, without waiting for the store.
 *
 * @returns the buckets as they will be then.
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
  const actual = mayRefund ? Math.ceil(catchRejection(actualCost(operation, data)) as number) : undefined;
  let { remaining } = bucket;
  // Both comparisons fail for NaN, so an actual cost that is no number refunds nothing.
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

/**
 * Whether an operation ran without errors. One with errors gets no refund: an error can null a whole list, and the response then does not
 * show the work that was done for it.
 */
function hasRun({ data, errors }: OutgoingAnswer): boolean {
  return data !== undefined && data !== null && errors.length === 0;
}
