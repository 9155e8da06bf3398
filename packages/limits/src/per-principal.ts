/** Limits of one caller: they tighten the ceilings and never loosen them. */
import { type Check, readOptions, show } from '@graphql-bulwark/core/internal';

export interface Tightening<N extends string> {
  /** Names the control in messages. */
  readonly control: string;
  /** What `perPrincipal` returned. */
  readonly given: unknown;
  readonly table: Readonly<Record<N, { readonly check: Check }>>;
  /** The ceilings for everyone. */
  readonly maxima: Readonly<Record<NoInfer<N>, number | false>>;
  /** Told of each value above its ceiling; the ceiling holds. */
  readonly loose: (name: N) => void;
}

/**
 * @returns the limits to judge by beside the ceilings.
 * @throws {TypeError} for anything but an object of limits.
 */
export function readTighterLimits<N extends string>(tightening: Tightening<N>): Partial<Record<N, number | false>> {
  const { control, given, table, maxima, loose } = tightening;
  if (typeof given !== 'object' || given === null || 'then' in given) {
    throw new TypeError(`${control}: perPrincipal must return an object of limits, but returned ${show(given)}.`);
  }
  const rows: Readonly<Record<string, { readonly check: Check }>> = table;
  const read = readOptions(`${control}: perPrincipal`, given as Record<string, number | false | undefined>, rows);
  const tighter: Partial<Record<N, number | false>> = {};
  for (const name of Object.keys(table) as N[]) {
    const { [name]: limit } = read;
    if (limit === undefined) continue;
    const ceiling: number | false = maxima[name];
    if (ceiling !== false && (limit === false || limit > ceiling)) loose(name);
    else tighter[name] = limit;
  }
  return tighter;
}
