/** Limits of one caller: they tighten the ceilings and never loosen them. */
import { knownOptions, show } from '@graphql-bulwark/core';
import { checkLimit, type LimitName, limitNames, type Maxima } from './table.ts';

const names = limitNames.filter((name) => name !== 'maxBatchSize');

/**
 * @param given what `perPrincipal` returned.
 * @param loose told of each value above its ceiling; the ceiling holds.
 * @returns the limits to judge by beside the ceilings.
 * @throws {TypeError} for anything but an object of limits.
 */
export function tighterLimits(given: unknown, maxima: Maxima, loose: (name: LimitName) => void): Partial<Maxima> {
  if (typeof given !== 'object' || given === null || 'then' in given) {
    throw new TypeError(`limits: perPrincipal must return an object of limits, but returned ${show(given)}.`);
  }
  knownOptions('limits: perPrincipal', given, names);
  const tighter: Partial<Record<LimitName, number | false>> = {};
  for (const name of names) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const limit = checkLimit(name, value);
    const ceiling = maxima[name];
    if (ceiling !== false && (limit === false || limit > ceiling)) loose(name);
    else tighter[name] = limit;
  }
  return tighter;
}
