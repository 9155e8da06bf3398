/** Limits of one caller: they can be tighter than those for all callers, and never looser. */
import { type Check, readOptions, show } from '@graphql-bulwark/core/internal';

/** What {@link readTighterLimits} is given. */
export interface Tightening<N extends string> {
  /** Name of the control, for messages. */
  readonly control: string;
  /** What `perPrincipal` returned. */
  readonly given: unknown;
  /** Name of a limit -> how its values are checked. */
  readonly table: Readonly<Record<N, { readonly check: Check }>>;
  /** The limits for all callers. */
  readonly maxima: Readonly<Record<NoInfer<N>, number | false>>;
  /** Called for each value that is looser than the limit for all callers, and has no effect. */
  readonly onLoosened: (name: N) => void;
}

/**
 * Reads what the application's `perPrincipal` returned.
 *
 * @returns the limits that are tighter than those for all callers.
 * @throws {TypeError} for anything but an object of valid limits: the operation is then denied.
 */
export function readTighterLimits<N extends string>(tightening: Tightening<N>): Partial<Record<N, number | false>> {
  const { control, given, table, maxima, onLoosened } = tightening;
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
    if (ceiling !== false && (limit === false || limit > ceiling)) onLoosened(name);
    else tighter[name] = limit;
  }
  return tighter;
}
