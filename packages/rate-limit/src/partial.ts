/**
 * Takes what fits of the charges of one operation: coordinates that are short are left out, to be denied one by one, and
 * asked for no more. A budget that is short still refuses the whole operation.
 */
import type { Charge, Consumption } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { type Wait, waitOf } from './calls.ts';
import { coordinateOf } from './charges.ts';
import type { LimitedFields } from './directive.ts';
import type { Taken } from './steady.ts';

/**
 * @returns coordinate -> what it is short of, for what was left out.
 * @throws what `refuse` makes of a consumption that a budget is short of.
 */
export async function takePartly(
  all: readonly Charge[],
  { policies }: LimitedFields,
  take: (charges: readonly Charge[]) => Promise<Taken | undefined>,
  refuse: (consumption: Consumption) => GraphQLError,
): Promise<ReadonlyMap<string, Wait>> {
  const waits = new Map<string, Wait>();
  for (const charge of all) {
    const { policy, points, limit, windowSeconds } = charge;
    if (!(points <= limit)) waits.set(coordinateOf(charge), { policy, retryAfterSeconds: windowSeconds });
  }
  for (;;) {
    const charges = all.filter((charge) => !waits.has(coordinateOf(charge)));
    const taken = charges.length === 0 ? undefined : await take(charges);
    if (!taken || taken.consumption.allowed) return waits;
    const { exceeded } = taken.consumption;
    if (exceeded.length === 0 || exceeded.some(({ charge }) => !policies.has(charge.policy))) {
      throw refuse(taken.consumption);
    }
    for (const state of exceeded) waits.set(coordinateOf(state.charge), waitOf(state));
  }
}
