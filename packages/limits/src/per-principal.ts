/** Limits of one caller: they tighten the ceilings and never loosen them. */
import { knownOptions, show } from '@graphql-bulwark/core';

export interface Tightening<N extends string> {
  /** Names the control in messages. */
  readonly control: string;
  /** What `perPrincipal` returned. */
  readonly given: unknown;
  readonly names: readonly N[];
  /** @throws {TypeError} for a value that is no limit. */
  readonly check: (name: N, value: unknown) => number | false;
  /** The ceilings for everyone. */
  readonly maxima: Readonly<Record<N, number | false>>;
  /** Told of each value above its ceiling; the ceiling holds. */
  readonly loose: (name: N) => void;
}

/**
 * @returns the limits to judge by beside the ceilings.
 * @throws {TypeError} for anything but an object of limits.
 */
export function tighterLimits<N extends string>(tightening: Tightening<N>): Partial<Record<N, number | false>> {
  const { control, given, names, check, maxima, loose } = tightening;
  if (typeof given !== 'object' || given === null || 'then' in given) {
    throw new TypeError(`${control}: perPrincipal must return an object of limits, but returned ${show(given)}.`);
  }
  knownOptions(`${control}: perPrincipal`, given, names);
  const tighter: Partial<Record<N, number | false>> = {};
  for (const name of names) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined) continue;
    const limit = check(name, value);
    const ceiling: number | false = maxima[name];
    if (ceiling !== false && (limit === false || limit > ceiling)) loose(name);
    else tighter[name] = limit;
  }
  return tighter;
}
