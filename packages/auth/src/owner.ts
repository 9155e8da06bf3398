/**
 * Who owns an object: one of the caller's claims against a property of the object itself.
 *
 * It reads the object that the resolver returned, never the client's selection. Whatever is missing, empty or of another kind
 * is nobody's: two absent values are not equal.
 */
import { type Principal, show } from '@graphql-bulwark/core';
import { claimAt } from './claims.ts';
import { type DirectiveArguments, knownArguments } from './directives.ts';

export interface OwnerRule {
  readonly text: string;
  /** Keys that lead to the owner: `owner.id` is `['owner', 'id']`. */
  readonly path: readonly string[];
  readonly claim: string;
}

/** `unresolved`: the property is not there, which is rather a mistake of the server than of the caller. */
export type Ownership = 'owned' | 'foreign' | 'unresolved';

export type Answer = Ownership | Promise<Ownership>;

/** @throws {TypeError} naming the coordinate, for a path that leads nowhere. */
export function ownerRule(use: DirectiveArguments, coordinate: string): OwnerRule {
  knownArguments(use, 'owner', coordinate, ['field', 'claim']);
  const { field = 'ownerId', claim = 'sub' } = use;
  for (const [name, value] of Object.entries({ field, claim })) {
    if (typeof value !== 'string' || value.split('.').some((key) => key.trim() === '')) {
      throw new TypeError(
        `${coordinate}: ${name} of @owner must be a name or names joined by dots, but is ${show(value)}.`,
      );
    }
  }
  const text = `@owner(field: ${JSON.stringify(field)}, claim: ${JSON.stringify(claim)})`;
  return { text, path: (field as string).split('.'), claim: claim as string };
}

/** What the principal's claim says, in comparable form. None: no object can be owned. */
export function identities({ claims }: Principal, claim: string): readonly string[] {
  const named = claimAt(claims, claim) ?? claimAt(claims, claim.split('.'));
  const values: unknown[] = Array.isArray(named) ? named : [named];
  return values.map(normalized).filter((value) => value !== null);
}

/**
 * Compares what stands at the end of a path with the caller's identities. Synchronous unless a promise stands on the way.
 *
 * Only own properties count, and no functions. A list stands for any of its elements.
 */
export function ownership(value: unknown, path: readonly string[], caller: readonly string[], step = 0): Answer {
  if (isPromise(value)) return Promise.resolve(value).then((settled) => ownership(settled, path, caller, step));
  if (!Array.isArray(value)) return ofOne(value, path, caller, step);
  return anyOwned(value, (item: unknown) =>
    isPromise(item)
      ? Promise.resolve(item).then((settled) => ofOne(settled, path, caller, step))
      : ofOne(item, path, caller, step),
  );
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

function ofOne(value: unknown, path: readonly string[], caller: readonly string[], step: number): Answer {
  const key = path[step];
  if (key === undefined) {
    const owner = normalized(value);
    return owner !== null && caller.includes(owner) ? 'owned' : 'foreign';
  }
  if (value === null || value === undefined) return 'foreign';
  if (typeof value !== 'object' || !Object.hasOwn(value, key)) return 'unresolved';
  const next = (value as Record<string, unknown>)[key];
  return typeof next === 'function' ? 'unresolved' : ownership(next, path, caller, step + 1);
}

/** Both sides of every comparison: text as it is, whole numbers as decimal text. Anything else is nobody. */
function normalized(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : null;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
