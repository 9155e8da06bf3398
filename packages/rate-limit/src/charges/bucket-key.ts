/**
 * The key of a bucket: who is counted, and for which values.
 *
 * Each part carries its kind and its length (`u:3:bob`), so that no name that a client or an identity provider makes up can
 * read like another part: a principal called `1.2.3.4` is not the address `1.2.3.4`. Long parts are hashed, which their
 * kind says as well.
 */
import { refuse, type SecurityContext } from '@graphql-bulwark/core';
import { createTextBudget, deny, normalizeText, sha256, type TextBudget } from '@graphql-bulwark/core/internal';
import { readValueAt } from '../rules/argument-path.ts';
import type { Rule, Scope } from '../rules/directive.ts';

/** What belongs to one operation: a large variable is read once, however many fields it is used in. */
export interface SpelledValues {
  /** Texts and objects that were spelled before. */
  readonly texts: Map<string, string>;
  readonly objects: WeakMap<object, string>;
  /** For all texts together. */
  readonly budget: TextBudget;
  /** Makes the error for texts that are too long to be told apart: {@link refuse} or {@link deny}. */
  readonly fail: typeof refuse;
}

/** @param fail {@link refuse} for a whole operation, {@link deny} for one field of it. */
export function compileSpelling(fail: typeof refuse | typeof deny = refuse): SpelledValues {
  return { texts: new Map(), objects: new WeakMap(), budget: createTextBudget(), fail };
}

const longestPart = 64;
const deepestValue = 32;

/** Who is counted. */
export function writeCallerKey(by: readonly Scope[], { principal, clientIp }: SecurityContext): string {
  const who = by.map((scope) => {
    if (scope === 'GLOBAL') return writePart('g', '');
    if (scope === 'PRINCIPAL' && principal) return writePart('u', principal.id);
    // Without an address there is one bucket for all: unknown must not mean unlimited.
    return clientIp === null ? writePart('x', 'unknown') : writePart('a', clientIp);
  });
  return who.join();
}

/**
 * For which values, to stand behind {@link writeCallerKey}: nothing for a rule without arguments.
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

/** How what is missing is spelled. */
const missing = writePart('n', '');

/** Missing and null are one, and so is an object that holds nothing else; what is nested deeper than any input object shares one bucket. */
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

/** All that are too long in one bucket would be one to each other, and each in its own a fresh budget per spelling. */
function spellText(text: string, { budget, fail }: SpelledValues): string {
  const plain = normalizeText(text, budget);
  if (plain === undefined) throw fail('BAD_USER_INPUT', { reason: 'texts that a rate limit counts by are too long' });
  return plain;
}

function spellObject(value: object, spelled: SpelledValues, depth: number): string {
  if (depth === deepestValue) return writePart('d', '');
  if (Array.isArray(value)) {
    // Neither another order nor the same again is a fresh bucket.
    const items = new Set(value.map((item) => spellValue(item, spelled, depth + 1)));
    return writePart('l', [...items].toSorted().join());
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return spellValue(value.toJSON(), spelled, depth + 1);
  const entries = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => [name, spellValue(item, spelled, depth + 1)] as const)
    // A client can add a null for each field that it leaves out, and would have a fresh bucket for each combination.
    .filter(([, text]) => text !== missing);
  return entries.length === 0
    ? missing
    : writePart('o', entries.map(([name, text]) => `${writePart('k', name)}=${text}`).join());
}
