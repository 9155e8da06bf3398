/** The response to a client above a limit: `RATE_LIMITED`, 429, `Retry-After`, and the headers of its buckets. */
import { type BucketState, type Charge, type Consumption, refuse } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { readCoordinate } from '../charges/charges.ts';
import { keepTightest, maxNamed, toWholeSeconds, writeHeaders, writePolicy } from './headers.ts';

/** Builds the refusals of one rate limit. */
export interface ShortAnswers {
  /** For buckets without enough points. `Retry-After` and `t` of `RateLimit` agree, because both are rounded up in the same way. */
  readonly exceeded: (consumption: Consumption) => GraphQLError;
  /** For charges of more points than a whole window holds. The store was not asked, so `RateLimit` is left out. */
  readonly neverPossible: (charges: readonly Charge[]) => GraphQLError;
}

/** @returns the bucket that takes longest until it has points again. */
export function findSlowest(exceeded: readonly BucketState[]): BucketState | undefined {
  return exceeded.toSorted((a, b) => b.resetSeconds - a.resetSeconds)[0];
}

/** @param legacy whether to add the `X-RateLimit` headers. */
export function buildShortAnswers(legacy: boolean): ShortAnswers {
  return {
    exceeded({ buckets, exceeded }) {
      const slowest = findSlowest(exceeded);
      return refuse('RATE_LIMITED', {
        coordinate: slowest && readCoordinate(slowest.charge),
        policy: slowest?.charge.policy,
        retryAfterSeconds: toWholeSeconds(slowest?.resetSeconds ?? 1),
        headers: writeHeaders(keepTightest([], buckets), legacy),
      });
    },
    neverPossible(charges) {
      const [first] = charges;
      const policies = new Set(charges.map(writePolicy));
      return refuse('RATE_LIMITED', {
        coordinate: first && readCoordinate(first),
        policy: first?.policy,
        retryAfterSeconds: Math.max(...charges.map(({ windowSeconds }) => windowSeconds)),
        headers: { 'ratelimit-policy': [...policies].slice(0, maxNamed).join(', ') },
      });
    },
  };
}

/** A policy that is exceeded, and the seconds until its bucket has points again. */
export interface Wait {
  readonly policy: string;
  readonly retryAfterSeconds: number;
}

/** Reads from a bucket how long to wait for it. */
export function readWait({ charge, resetSeconds }: BucketState): Wait {
  return { policy: charge.policy, retryAfterSeconds: toWholeSeconds(resetSeconds) };
}
