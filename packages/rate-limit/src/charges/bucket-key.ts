/**
 * The key of a bucket: the caller who is counted, and the argument values that are counted apart.
 *
 * Each part carries its kind and its length (`u:3:bob`). Otherwise a client or an identity provider could choose a name that reads like
 * another part: a principal called `1.2.3.4` must not share the bucket of the address `1.2.3.4`. Long parts are hashed, and their kind
 * then ends with `#`, so that a short text cannot pass for a hash.
 */
import { refuse, type SecurityContext } from '@graphql-bulwark/core';
import { createTextBudget, deny, normalizeText, sha256, type TextBudget } from '@graphql-bulwark/core/internal';
import { readValueAt } from '../rules/argument-path.ts';
import type { Rule, Scope } from '../rules/directive.ts';

/** What is remembered for one operation, so that a large variable is read once, however many fields it is used in. */
export interface SpelledValues {
  /** Text -> its part of a key. */
  readonly texts: Map<string, string>;
  /** Object or list -> its part of a key. */
  readonly objects: WeakMap<object, string>;
  /** Bounds the normalisation of all texts together. */
  readonly budget: TextBudget;
  /** Makes the error for texts that are too long to be compared: {@link refuse} or {@link deny}. */
  readonly fail: typeof refuse;
}

/** Starts the memory of one operation. @param fail {@link refuse} for a whole operation, {@link deny} for one field of it. */
export function compileSpelling(fail: typeof refuse | typeof deny = refuse): SpelledValues {
  return { texts: new Map(), objects: new WeakMap(), budget: createTextBudget(), fail };
}

/** Characters. */
const longestPart = 64;
/** Lists and objects in each other. */
const deepestValue = 32;

/** Writes the caller's part of a key, such as `u:3:bob`. @param by what callers are counted by. */
export function writeCallerKey(by: readonly Scope[], { principal, clientIp }: SecurityContext): string {
  const who = by.map((scope) => {
    if (scope === 'GLOBAL') return writePart('g', '');
    if (scope === 'PRINCIPAL' && principal) return writePart('u', principal.id);
    // Callers without a known address share one bucket: if they were not counted, an unknown address would have no limit.
    return clientIp === null ? writePart('x', 'unknown') : writePart('a', clientIp);
  });
  return who.join();
}

/**
 * Writes the values' part of a key, to stand behind {@link writeCallerKey}: `''` for a rule without arguments.
 *
 * @param values coerced arguments of the field; `undefined` where they did not coerce.
 * @throws {GraphQLError} `BAD_USER_INPUT` for texts that are too long.
 */
export function writeValuesKey(
  { args }: Pick<Rule, 'args'>,
  values: Readonly<Record<string, unknown>> | undefined,
  spelled: SpelledValues = compileSpelling(),
): string {
  return args.map((path) => `,${spellValue(readValueAt(path, values ?? {}), spelled, 0)}`).join('');
}

function writePart(kind: string, text: string): string {
  if (text.length <= longestPart) return `${kind}:${text.length}:${text}`;
  const hash = sha256(text);
  return `${kind}#:${hash.length}:${hash}`;
}

/** The part of a missing value. */
const missing = writePart('n', '');

/**
 * Writes one value. Missing, null, and an object with nothing else in it are the same, or a client could have a new bucket by writing the
 * same request in another way. Values that nest deeper than any input object share one bucket.
 */
function spellValue(value: unknown, spelled: SpelledValues, depth: number): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return writePart('v', `${value}`);
  if ((typeof value !== 'string' && typeof value !== 'object') || value === null) return missing;
  if (typeof value === 'string') {
    const known = spelled.texts.get(value) ?? writePart('s', spellText(value, spelled));
    spelled.texts.set(value, known);
    return known;
  }
  const known = spelled.objects.get(value) ?? spellObject(value, spelled, depth);
  spelled.objects.set(value, known);
  return known;
}

/**
 * Normalises a text. Texts that are too long are refused: in one bucket, a stranger could use up what others have left of it, and in
 * buckets of their own each spelling of the same text would have a fresh one.
 */
function spellText(text: string, { budget, fail }: SpelledValues): string {
  const plain = normalizeText(text, budget);
  if (plain === undefined) throw fail('BAD_USER_INPUT', { reason: 'texts that a rate limit counts by are too long' });
  return plain;
}

function spellObject(value: object, spelled: SpelledValues, depth: number): string {
  if (depth === deepestValue) return writePart('d', '');
  if (Array.isArray(value)) {
    // Another order of the items, or an item twice, must not be a new bucket.
    const items = new Set(value.map((item) => spellValue(item, spelled, depth + 1)));
    return writePart('l', [...items].toSorted().join());
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return spellValue(value.toJSON(), spelled, depth + 1);
  const entries = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => [name, spellValue(item, spelled, depth + 1)] as const)
    // A client can add a null for each field that it leaves out, and would have a new bucket for each combination.
    .filter(([, text]) => text !== missing);
  return entries.length === 0
    ? missing
    : writePart('o', entries.map(([name, text]) => `${writePart('k', name)}=${text}`).join());
}
