/**
 * How many cases tests try that could try any number: random documents of property tests, kinds of faults.
 *
 * The environment variable `PROPERTY_CASES` is the share of the full number, which stands in the test: 1 for all, as in CI;
 * 10 for ten times as many random cases, before a release. Left out, a tenth, so that `npm test` stays quick.
 */
const fewShare = 0.1;
/** Fewer show next to nothing. */
const fewestCases = 3;

const share = readShare(process.env['PROPERTY_CASES']);

/** The number of random cases, as `numRuns` of fast-check: at least three, or the full number where that is less. */
export function propertyCases(full: number): number {
  return Math.max(Math.min(full, fewestCases), Math.round(full * share));
}

/** All of the cases, or without `PROPERTY_CASES` those that differ in kind: the rest only combine them in other ways. */
export function someCases<T>(all: readonly T[], differsInKind: (one: T, index: number) => boolean): readonly T[] {
  return share >= 1 ? all : all.filter(differsInKind);
}

function readShare(text: string | undefined): number {
  if (text === undefined || text === '') return fewShare;
  const number = Number(text);
  if (number > 0 && number < Infinity) return number;
  throw new TypeError(
    `PROPERTY_CASES is ${JSON.stringify(text)}, but must be a number above 0, for example 1 for all.`,
  );
}
