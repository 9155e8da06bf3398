/**
 * Whether the caller owns an object, the row a field is about, or a value that is passed in.
 *
 * Of several `@owner` at one coordinate one is enough, and roles in `bypass` are looked at first. What throws or rejects is
 * denied.
 */
import { isPromise } from '@graphql-bulwark/core/internal';
import { OperationTypeNode } from 'graphql';
import { type Guarded, type GuardedPart, getOwnerMode } from '../compile/compiled-rules.ts';
import type { OwnerRule } from '../compile/owner-rule.ts';
import type { AccessRequest, Denial, EvaluationReports } from './access-request.ts';
import { isDelegated } from './delegated-objects.ts';
import type { LoaderRegistry } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import {
  type Caller,
  compareAny,
  compareOwner,
  namesCaller,
  normalizeOwner,
  type Ownership,
} from './owner-identity.ts';
import type { PolicyRequest } from './policies.ts';
import { type CallerGrants, decisions, isLastAllowed } from './roles-and-scopes.ts';

/** `missing`: a loader found no such row. */
type Comparison = Ownership | 'missing';

interface Parts {
  readonly grants: CallerGrants;
  readonly loaders: LoaderRegistry;
  readonly reports: EvaluationReports;
}

/** Makes the check `owners`: of an object, of a field before its resolver, or of a part that is passed in or left out. */
export function createOwnerCheck(
  { grants, loaders, reports }: Parts,
  createLoaderRequest: (guarded: Guarded, request: AccessRequest) => PolicyRequest,
): (guarded: Guarded, request: AccessRequest) => Maybe<Denial | undefined> {
  function checkOwners(guarded: Guarded, request: AccessRequest): Maybe<Denial | undefined> {
    const { owners } = guarded;
    const { contextValue, part } = request;
    if (owners.length === 0) return undefined;
    for (const { bypass, text } of owners) {
      if (!bypass || !grants.holdsRoles(contextValue, bypass)) continue;
      reports.reportBypass(guarded, text, request);
      return undefined;
    }
    const fail = (error: unknown): Ownership => {
      reports.logFailure(guarded, error, request.cache);
      return 'unresolved';
    };
    let isMissing = false;
    const noteMissing = (comparison: Comparison): Ownership => {
      isMissing ||= comparison === 'missing';
      return comparison === 'missing' ? 'foreign' : comparison;
    };
    const compared = compareAny(owners, (rule) => {
      try {
        const caller = grants.identify(contextValue, rule.claim);
        const one = part ? comparePart(part, request, rule, caller) : comparePlace(guarded, request, rule, caller);
        return isPromise(one) ? one.then(noteMissing).catch(fail) : noteMissing(one);
      } catch (error) {
        return fail(error);
      }
    });
    return after(compared, (ownership) => {
      if (ownership === 'owned') return undefined;
      const mode = getOwnerMode(guarded);
      const isKnown = grants.getPrincipal(contextValue) !== null;
      const code = isMissing || mode === 'NOT_FOUND' ? 'NOT_FOUND' : isKnown ? 'FORBIDDEN' : 'UNAUTHENTICATED';
      return { guarded, code, reason: explainDenial(ownership, isMissing, guarded, contextValue), mode };
    });
  }

  /** For the operator's event. */
  function explainDenial(ownership: Ownership, isMissing: boolean, { owners }: Guarded, contextValue: unknown): string {
    if (ownership === 'unresolved') return 'OWNER_UNRESOLVED';
    if (isMissing) return 'no such object';
    if (!grants.getPrincipal(contextValue)) return 'anonymous';
    const hasClaim = owners.some(({ claim }) => grants.identify(contextValue, claim).identities.length > 0);
    return hasClaim ? 'owner' : 'no owner claim';
  }

  /** Compares what a loader finds, an argument, or a property of the object itself. */
  function comparePlace(guarded: Guarded, request: AccessRequest, rule: OwnerRule, caller: Caller): Maybe<Comparison> {
    // An anonymous caller owns nothing, so no loader needs to be asked.
    if (!grants.getPrincipal(request.contextValue)) return 'foreign';
    if (rule.loader !== undefined) {
      const found = loaders.load(rule.loader, createLoaderRequest(guarded, request));
      return after(awaitItems(found), (rows) => compareRows(rows, rule, request.args, caller));
    }
    if (rule.arg) {
      return compareArgument(request.args, rule.arg, caller, rule.optional === true) ? 'owned' : 'foreign';
    }
    // A list in place of an object is a mistake of the resolver, and one owned row must not open the others.
    return Array.isArray(request.source) ? 'unresolved' : compareOwner(request.source, rule.path, caller);
  }

  return checkOwners;
}

/** Compares the value of an argument or input field. One that is left out passes only where its rule says so. */
function comparePart(
  { present, value }: GuardedPart,
  { operation }: AccessRequest,
  rule: OwnerRule,
  caller: Caller,
): Ownership {
  if (present) return namesCaller(value, caller) ? 'owned' : 'foreign';
  // A mutation does not set an input field that is left out, while a query that leaves out a filter asks for every row.
  const mayBeLeftOut = rule.optional ?? (rule.place === 'input' && operation.operation === OperationTypeNode.MUTATION);
  // `preset` fills in the caller's identity. Of several identities none may be picked.
  return mayBeLeftOut || (rule.preset && caller.identities.length === 1) ? 'owned' : 'foreign';
}

/** Compares the argument at the end of a path. Of a list on the way every item must name the caller. */
function compareArgument(
  value: unknown,
  path: readonly string[],
  caller: Caller,
  optional: boolean,
  step = 0,
): boolean {
  const key = path[step];
  if (key === undefined) return namesCaller(value, caller);
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((item) => compareArgument(item, path, caller, optional, step));
  }
  if (typeof value !== 'object' || value === null) return false;
  if (!Object.hasOwn(value, key)) return optional;
  return compareArgument((value as Record<string, unknown>)[key], path, caller, optional, step + 1);
}

/** What was loaded, without promises in its lists. All are awaited together, so that none rejects without a handler. */
function awaitItems(found: unknown): Maybe<unknown> {
  if (isPromise(found)) return Promise.resolve(found).then(awaitItems);
  if (!Array.isArray(found)) return found;
  const items = found.map(awaitItems);
  return items.some(isPromise) ? Promise.all(items) : items;
}

/**
 * Compares what a loader returned for the rows that it was asked for.
 *
 * @throws {TypeError} for a list of which it is not certain whether its items are rows (each must be owned) or the owners of one
 * row (one is enough).
 */
function compareRows(found: unknown, rule: OwnerRule, args: AccessRequest['args'], caller: Caller): Maybe<Comparison> {
  const requested = rule.countRows?.(args) ?? 'one';
  if (requested === 'one' || found === null || found === undefined) return compareRow(found, rule, caller);
  const loader = `loader '${rule.loader}'`;
  if (requested === 'unsaid') {
    if (!Array.isArray(found)) return compareRow(found, rule, caller);
    throw new TypeError(
      `${loader} returned a list, of rows or of owners: name the argument that names the rows with arg`,
    );
  }
  if (Array.isArray(found) && found.length === requested) return compareEachRow(found, rule, caller);
  const returned = Array.isArray(found) ? `${found.length}` : 'no list';
  throw new TypeError(
    `${loader} was asked for ${requested} rows and must return one entry for each, but returned ${returned}`,
  );
}

/** Compares one row: an object, an id, a list of ids of which one is enough, or a list of objects of which each must be owned. */
function compareRow(found: unknown, rule: OwnerRule, caller: Caller): Maybe<Comparison> {
  if (found === null || found === undefined) return 'missing';
  if (!Array.isArray(found)) return compareOwner(found, typeof found === 'object' ? rule.path : [], caller);
  return found.length > 0 && !found.some((one) => typeof one === 'object')
    ? compareOwner(found, [], caller)
    : compareEachRow(found, rule, caller);
}

function compareEachRow(found: readonly unknown[], rule: OwnerRule, caller: Caller): Maybe<Comparison> {
  if (found.length === 0) return 'missing';
  const notOwned = firstOf(found, (one) =>
    after(compareRow(one, rule, caller), (comparison) => (comparison === 'owned' ? undefined : comparison)),
  );
  return after(notOwned, (comparison) => comparison ?? 'owned');
}

/** Answers the common cases of a rule on a type without making an object. `false` says nothing: evaluate the rule. */
export interface FastPath {
  /** Whether the object is certainly allowed. */
  allows(value: unknown, contextValue: unknown): boolean;
  /** Whether all of these are certainly allowed. `null` and errors are. */
  allowsAll(values: readonly unknown[], contextValue: unknown): boolean;
}

const noFastPath: FastPath = { allows: () => false, allowsAll: () => false };

/** Makes the fast path of a guarded type: for roles and scopes, and for one owner that is a property of the object itself. */
export function createFastPath({ slot, policies, owners }: Guarded, grants: CallerGrants): FastPath {
  if (policies.length > 0) return noFastPath;
  const [owner] = owners;
  if (!owner) {
    const allows = (_: unknown, contextValue: unknown): boolean =>
      grants.decide(contextValue, slot) === decisions.allowed;
    return { allows, allowsAll: allows };
  }
  const [key, ...deeper] = owner.path;
  if (owners.length > 1 || owner.loader !== undefined || key === undefined || deeper.length > 0) return noFastPath;
  return createOwnerFastPath(grants, slot, owner.claim, key);
}

/**
 * Compares an owner that is one property. What throws is left to the evaluation, which logs it.
 *
 * A getter of a context or an object may run code that asks about another caller. So the identities are read directly after the
 * caller was recognised, and nothing runs in between.
 */
function createOwnerFastPath(grants: CallerGrants, slot: number, claim: string, key: string): FastPath {
  /** The caller of the last comparison. */
  const last = grants.createLastAllowed();
  let identities: readonly unknown[] = [];

  /** Remembers a caller that the rule lets pass. With `normalizeOwner` the rule is evaluated instead. */
  function recognize(contextValue: unknown): boolean {
    const allowed = grants.findAllowed(contextValue, slot, claim);
    if (allowed?.caller.normalize !== normalizeOwner) return false;
    identities = allowed.caller.identities;
    last.security = allowed.security;
    last.principal = allowed.principal;
    return true;
  }

  return {
    allows(value, contextValue) {
      try {
        return (isLastAllowed(last, contextValue) || recognize(contextValue)) && isOwned(identities, value, key);
      } catch {
        return false;
      }
    },
    allowsAll(values, contextValue) {
      try {
        if (!isLastAllowed(last, contextValue) && !recognize(contextValue)) return false;
        const current = identities;
        for (const value of values) if (!isOwned(current, value, key) && !isNothing(value)) return false;
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Whether a text in the object itself is an identity of the caller. Numbers, paths and promises are left to the evaluation. */
function isOwned(identities: readonly unknown[], value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return false;
  if (isDelegated(value)) return false;
  const owner = (value as Record<string, unknown>)[key];
  return owner === identities[0] ? owner !== undefined : identities.includes(owner);
}

/** Whether graphql-js answers a value with `null`, or with an error that the resolver returned. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}
