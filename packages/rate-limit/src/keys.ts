/**
 * The key of a bucket: who is counted, and for which values.
 *
 * Each part carries its kind and its length (`u:3:bob`), so that no name that a client or an identity provider makes up can
 * read like another part: a principal called `1.2.3.4` is not the address `1.2.3.4`. Long parts are hashed, which their
 * kind says as well.
 */
import { createHash } from 'node:crypto';
import { plainText, type SecurityContext } from '@graphql-bulwark/core';
import { valueAt } from './argument-path.ts';
import type { Rule, Scope } from './directive.ts';

/** Values that were spelled before, within one operation: a large variable is read once, however many fields it is used in. */
export type Spelled = Map<unknown, string>;

const longestPart = 64;
const deepestValue = 32;

/** Who is counted. */
export function whoKey(by: readonly Scope[], { principal, clientIp }: SecurityContext): string {
  const who = by.map((scope) => {
    if (scope === 'GLOBAL') return part('g', '');
    if (scope === 'PRINCIPAL' && principal) return part('u', principal.id);
    // Without an address there is one bucket for all: unknown must not mean unlimited.
    return clientIp === null ? part('x', 'unknown') : part('a', clientIp);
  });
  return who.join();
}

/**
 * For which values, to stand behind {@link whoKey}: nothing for a rule without arguments.
 *
 * @param values coerced arguments of the field; `undefined` where they did not coerce.
 */
export function valuesKey(
  { args }: Pick<Rule, 'args'>,
  values: Readonly<Record<string, unknown>> | undefined,
  spelled: Spelled = new Map(),
): string {
  return args.map((path) => `,${spell(valueAt(path, values ?? {}), spelled, 0)}`).join('');
}

function part(kind: string, text: string): string {
  if (text.length <= longestPart) return `${kind}:${text.length}:${text}`;
  const hash = createHash('sha256').update(text).digest('base64url');
  return `${kind}#:${hash.length}:${hash}`;
}

/** Missing and null are one; what is nested deeper than any input object shares one bucket. */
function spell(value: unknown, spelled: Spelled, depth: number): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return part('v', `${value}`);
  if ((typeof value !== 'string' && typeof value !== 'object') || value === null) return part('n', '');
  const known = spelled.get(value);
  if (known !== undefined) return known;
  const spelling = typeof value === 'string' ? part('s', plainText(value)) : spellObject(value, spelled, depth);
  spelled.set(value, spelling);
  return spelling;
}

function spellObject(value: object, spelled: Spelled, depth: number): string {
  if (depth === deepestValue) return part('d', '');
  if (Array.isArray(value)) {
    // Neither another order nor the same again is a fresh bucket.
    const items = new Set(value.map((item) => spell(item, spelled, depth + 1)));
    return part('l', [...items].toSorted().join());
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return spell(value.toJSON(), spelled, depth + 1);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return part('o', entries.map(([name, item]) => `${part('k', name)}=${spell(item, spelled, depth + 1)}`).join());
}
