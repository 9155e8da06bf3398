/**
 * Takes what fits of the charges of one operation: coordinates that are short are left out, to be denied one by one, and
 * asked for no more. A budget that is short still refuses the whole operation.
 */
import type { Charge, Consumption } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { coordinateOf } from './charges.ts';
import type { LimitedFields } from './directive.ts';
import { wholeSeconds } from './headers.ts';
import type { Taken } from './steady.ts';

/**
 * @returns coordinate -> seconds until there is more of it, for what was left out.
 * @throws what `refuse` makes of a consumption that a budget is short of.
 */
export async function takePartly(
  all: readonly Charge[],
  { policies }: LimitedFields,
  take: (charges: readonly Charge[]) => Promise<Taken | undefined>,
  refuse: (consumption: Consumption) => GraphQLError,
): Promise<ReadonlyMap<string, number>> {
  const waits = new Map<string, number>();
  for (const charge of all) {
    if (!(charge.points <= charge.limit)) waits.set(coordinateOf(charge), charge.windowSeconds);
  }
  for (;;) {
    const charges = all.filter((charge) => !waits.has(coordinateOf(charge)));
    const taken = charges.length === 0 ? undefined : await take(charges);
    if (!taken || taken.consumption.allowed) return waits;
    const { exceeded } = taken.consumption;
    if (exceeded.length === 0 || exceeded.some(({ charge }) => !policies.has(charge.policy))) {
      throw refuse(taken.consumption);
    }
    for (const { charge, resetSeconds } of exceeded) waits.set(coordinateOf(charge), wholeSeconds(resetSeconds));
  }
}
