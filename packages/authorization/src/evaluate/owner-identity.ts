/**
 * Who owns an object: one of the caller's claims against a property of the object itself.
 *
 * It reads the object that the resolver returned, never the client's selection. Whatever is missing, empty or of another kind
 * is nobody's: two absent values are not equal.
 */
import type { Principal } from '@graphql-bulwark/core';
import { isPromise, readClaim } from '@graphql-bulwark/core/internal';
import { refuseDelegated } from './delegated-objects.ts';

/** `unresolved`: the property is not there, which is rather a mistake of the server than of the caller. */
export type Ownership = 'owned' | 'foreign' | 'unresolved';

export type Answer = Ownership | Promise<Ownership>;

/** Both sides of every comparison in comparable form; `null` is nobody. */
export type Normalize = (value: unknown) => string | null;

/** What the principal's claim says, in comparable form. None: no object can be owned. */
export function identities({ claims }: Principal, claim: string, normalize: Normalize): readonly string[] {
  const named = readClaim(claims, claim) ?? readClaim(claims, claim.split('.'));
  const values: unknown[] = Array.isArray(named) ? named : [named];
  return values.map(normalize).filter((value) => value !== null);
}

/** Whom an owner is compared with, and how. */
export interface Claimant {
  readonly identities: readonly string[];
  readonly normalize: Normalize;
}

/**
 * Compares what stands at the end of a path with the caller's identities. Synchronous unless a promise stands on the way.
 *
 * Only own properties count, and no functions. A list stands for any of its elements.
 */
export function ownership(value: unknown, path: readonly string[], caller: Claimant, step = 0): Answer {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => ownership(settled, path, caller, step));
  if (!Array.isArray(value)) return ofOne(value, path, caller, step);
  return anyOwned(value, (item: unknown) =>
    isPromise(item)
      ? Promise.resolve(item).then((settled) => ofOne(settled, path, caller, step))
      : ofOne(item, path, caller, step),
  );
}

/** Whether a value of an argument names the caller. Of a list every element must, and there must be one. */
export function namesCaller(value: unknown, { identities: known, normalize }: Claimant): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((item) => isOneOf(item, known, normalize));
  return isOneOf(value, known, normalize);
}

/** The answer for several of which one is enough. */
export function anyOwned<T>(items: readonly T[], ask: (item: T) => Answer): Answer {
  let found: Ownership = 'foreign';
  let pending: Promise<Ownership>[] | undefined;
  for (const item of items) {
    const one = ask(item);
    if (one === 'owned') return one;
    if (one === 'unresolved') found = one;
    if (typeof one === 'string') continue;
    // Should the rest decide without it, its rejection must not end the process.
    void one.catch(() => {});
    pending ??= [];
    pending.push(one);
  }
  if (!pending) return found;
  return Promise.all(pending).then(
    (settled) => settled.find((one) => one === 'owned') ?? settled.find((one) => one === 'unresolved') ?? found,
  );
}

function ofOne(value: unknown, path: readonly string[], caller: Claimant, step: number): Answer {
  const key = path[step];
  if (key === undefined) return isOneOf(value, caller.identities, caller.normalize) ? 'owned' : 'foreign';
  if (value === null || value === undefined) return 'foreign';
  if (typeof value !== 'object') return 'unresolved';
  refuseDelegated(value);
  if (!Object.hasOwn(value, key)) return 'unresolved';
  const next = (value as Record<string, unknown>)[key];
  return typeof next === 'function' ? 'unresolved' : ownership(next, path, caller, step + 1);
}

function isOneOf(value: unknown, known: readonly string[], normalize: Normalize): boolean {
  const owner = normalize(value);
  return owner !== null && known.includes(owner);
}

/** Text as it is, whole numbers as decimal text. Anything else is nobody. */
export function normalized(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : null;
}

/** A hook of the application's own, held to the same: what is not text, or empty, is nobody. */
export function normalizer(own: ((value: unknown) => string | null) | undefined): Normalize {
  if (own === undefined) return normalized;
  return (value) => {
    if (value === null || value === undefined) return null;
    const text: unknown = own(value);
    return typeof text === 'string' && text !== '' ? text : null;
  };
}
