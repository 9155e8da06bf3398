/**
 * Compares owners with the caller's identities: the values of a claim of theirs.
 *
 * It reads the object that the resolver returned, never the client's selection. A value that is missing, empty or neither text
 * nor a whole number matches no caller: two missing values are not equal.
 */
import type { Principal } from '@graphql-bulwark/core';
import { isPromise, readClaim } from '@graphql-bulwark/core/internal';
import { refuseDelegated } from './delegated-objects.ts';
import type { Maybe } from './maybe.ts';

/** `unresolved`: the property is not there, which is likelier a mistake of the server than of the caller. */
export type Ownership = 'owned' | 'foreign' | 'unresolved';

/** Brings both sides of a comparison into one form. `null` matches no caller. */
export type Normalize = (value: unknown) => string | null;

/** The caller as owners are compared with them. */
export interface Caller {
  /** The values of one claim, normalized. None: the caller owns nothing. */
  readonly identities: readonly string[];
  readonly normalize: Normalize;
}

/** Reads the values of a claim: by its exact name, else by the path that its dots describe. */
export function readIdentities({ claims }: Principal, claim: string, normalize: Normalize): readonly string[] {
  const named = readClaim(claims, claim) ?? readClaim(claims, claim.split('.'));
  const values: unknown[] = Array.isArray(named) ? named : [named];
  return values.map(normalize).filter((value) => value !== null);
}

/**
 * Compares the value at the end of a path with the caller's identities. Synchronous unless a promise stands on the way.
 *
 * Only own properties are read, and no functions. Of a list one item is enough: a document with several owners belongs to each.
 */
export function compareOwner(value: unknown, path: readonly string[], caller: Caller, step = 0): Maybe<Ownership> {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => compareOwner(settled, path, caller, step));
  if (!Array.isArray(value)) return compareOne(value, path, caller, step);
  return compareAny(value, (item: unknown) =>
    isPromise(item)
      ? Promise.resolve(item).then((settled) => compareOne(settled, path, caller, step))
      : compareOne(item, path, caller, step),
  );
}

/** Whether the value of an argument names the caller. Of a list every item must, and there must be one. */
export function namesCaller(value: unknown, caller: Caller): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((item) => isCaller(item, caller));
  return isCaller(value, caller);
}

/** Compares items of which one is enough. */
export function compareAny<T>(items: readonly T[], compare: (item: T) => Maybe<Ownership>): Maybe<Ownership> {
  let found: Ownership = 'foreign';
  let pending: Promise<Ownership>[] | undefined;
  for (const item of items) {
    const one = compare(item);
    if (one === 'owned') return one;
    if (one === 'unresolved') found = one;
    if (typeof one === 'string') continue;
    // If a later item decides first, nothing else handles a rejection of this one, and it would end the process.
    void one.catch(() => {});
    pending ??= [];
    pending.push(one);
  }
  if (!pending) return found;
  return Promise.all(pending).then(
    (settled) => settled.find((one) => one === 'owned') ?? settled.find((one) => one === 'unresolved') ?? found,
  );
}

function compareOne(value: unknown, path: readonly string[], caller: Caller, step: number): Maybe<Ownership> {
  const key = path[step];
  if (key === undefined) return isCaller(value, caller) ? 'owned' : 'foreign';
  if (value === null || value === undefined) return 'foreign';
  if (typeof value !== 'object') return 'unresolved';
  refuseDelegated(value);
  if (!Object.hasOwn(value, key)) return 'unresolved';
  const next = (value as Record<string, unknown>)[key];
  return typeof next === 'function' ? 'unresolved' : compareOwner(next, path, caller, step + 1);
}

function isCaller(value: unknown, { identities, normalize }: Caller): boolean {
  const owner = normalize(value);
  return owner !== null && identities.includes(owner);
}

/** Text as it is, whole numbers as decimal text. Anything else matches no caller. */
export function normalizeOwner(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : null;
}

/** The application's `normalizeOwner`, with the same guarantee: a result that is not text, or empty, matches no caller. */
export function createNormalizer(custom: ((value: unknown) => string | null) | undefined): Normalize {
  if (custom === undefined) return normalizeOwner;
  return function normalizeByOption(value) {
    if (value === null || value === undefined) return null;
    const text: unknown = custom(value);
    return typeof text === 'string' && text !== '' ? text : null;
  };
}
