/** What a client is told that asked for more than there is: `RATE_LIMITED`, 429, `Retry-After`, and how its buckets stand. */
import { type BucketState, type Charge, type Consumption, refuse } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { readCoordinate } from '../charges/charges.ts';
import { limitNamed, mostNamed, toWholeSeconds, writeHeaders, writePolicy } from './headers.ts';

export interface ShortAnswers {
  /** Buckets are short. `Retry-After` is never earlier than `t`: both are rounded up the same way. */
  readonly exceeded: (consumption: Consumption) => GraphQLError;
  /** More at once than a whole window holds. The store is not asked, so nothing is known of what remains. */
  readonly neverPossible: (charges: readonly Charge[]) => GraphQLError;
}

/** The bucket that is short for longest. */
export function findSlowest(exceeded: readonly BucketState[]): BucketState | undefined {
  return exceeded.toSorted((a, b) => b.resetSeconds - a.resetSeconds)[0];
}

export function buildShortAnswers(legacy: boolean): ShortAnswers {
  return {
    exceeded({ buckets, exceeded }) {
      const slowest = findSlowest(exceeded);
      return refuse('RATE_LIMITED', {
        coordinate: slowest && readCoordinate(slowest.charge),
        policy: slowest?.charge.policy,
        maximum: slowest?.charge.limit,
        actual: slowest && slowest.charge.limit - slowest.remaining + slowest.charge.points,
        retryAfterSeconds: toWholeSeconds(slowest?.resetSeconds ?? 1),
        headers: writeHeaders(limitNamed([], buckets), legacy),
      });
    },
    neverPossible(charges) {
      const [first] = charges;
      const policies = new Set(charges.map(writePolicy));
      return refuse('RATE_LIMITED', {
        coordinate: first && readCoordinate(first),
        policy: first?.policy,
        maximum: first?.limit,
        actual: first?.points,
        retryAfterSeconds: Math.max(...charges.map(({ windowSeconds }) => windowSeconds)),
        headers: { 'ratelimit-policy': [...policies].slice(0, mostNamed).join(', ') },
      });
    },
  };
}

/** A policy that is short, and when there is more of it. */
export interface Wait {
  readonly policy: string;
  readonly retryAfterSeconds: number;
}

export function readWait({ charge, resetSeconds }: BucketState): Wait {
  return { policy: charge.policy, retryAfterSeconds: toWholeSeconds(resetSeconds) };
}
