/**
 * Judges the owners of a guard: of an object, of what a field is asked for, of what is passed in. Any of them is enough, and a
 * bypass is asked first. Whatever throws or rejects is no owner.
 */
import { isPromise } from '@graphql-bulwark/core/internal';
import { OperationTypeNode } from 'graphql';
import { type Found, type Guarded, ownerModeOf } from '../compile/compiled-rules.ts';
import type { OwnerRule } from '../compile/owner-rule.ts';
import type { Denied, Question, Reports } from './access-request.ts';
import { isDelegated } from './delegated-objects.ts';
import type { LoaderBook } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import {
  type Answer,
  anyOwned,
  type Claimant,
  namesCaller,
  normalized,
  type Ownership,
  ownership,
} from './owner-identity.ts';
import type { Asking } from './policies.ts';
import { type Pass, type Standings, surelyPasses, verdicts } from './roles-and-scopes.ts';

/** `missing`: a loader found nothing. */
type Loaded = Ownership | 'missing';

export interface OwnerJudge {
  /** An object, a field before its resolver, or a part that was passed in or is missing. */
  readonly check: (guarded: Guarded, question: Question) => Maybe<Denied | undefined>;
}

interface Parts {
  readonly standings: Standings;
  readonly loaders: LoaderBook;
  readonly reports: Reports;
}

export function ownerJudge(
  { standings, loaders, reports }: Parts,
  askingOf: (guarded: Guarded, question: Question) => Asking,
): OwnerJudge {
  /** Any of the owners; a bypass is asked first. */
  const owned = (
    guarded: Guarded,
    question: Question,
    ask: (rule: OwnerRule, claimant: Claimant) => Maybe<Loaded>,
  ): Maybe<Denied | undefined> => {
    if (guarded.owners.length === 0) return undefined;
    for (const { bypass, text } of guarded.owners) {
      if (!bypass || !standings.holdsRoles(question.contextValue, bypass)) continue;
      reports.bypassed(guarded, text, question);
      return undefined;
    }
    const failed = (error: unknown): Ownership => {
      reports.failed(guarded, error, question.memo);
      return 'unresolved';
    };
    let missing = false;
    const noted = (answer: Loaded): Ownership => {
      missing ||= answer === 'missing';
      return answer === 'missing' ? 'foreign' : answer;
    };
    const answer: Answer = anyOwned(guarded.owners, (rule) => {
      try {
        const one = ask(rule, standings.claimant(question.contextValue, rule.claim));
        return isPromise(one) ? one.then(noted).catch(failed) : noted(one);
      } catch (error) {
        return failed(error);
      }
    });
    return after(answer, (settled) => {
      if (settled === 'owned') return undefined;
      const mode = ownerModeOf(guarded);
      const isSomebody = standings.principalOf(question.contextValue) !== null;
      const code = missing || mode === 'NOT_FOUND' ? 'NOT_FOUND' : isSomebody ? 'FORBIDDEN' : 'UNAUTHENTICATED';
      return { guarded, code, reason: reasonOf(settled, missing, guarded, question), mode };
    });
  };

  function reasonOf(answer: Ownership, missing: boolean, { owners }: Guarded, { contextValue }: Question): string {
    if (answer === 'unresolved') return 'OWNER_UNRESOLVED';
    if (missing) return 'no such object';
    if (!standings.principalOf(contextValue)) return 'anonymous';
    const names = owners.some(({ claim }) => standings.claimant(contextValue, claim).identities.length > 0);
    return names ? 'owner' : 'no owner claim';
  }

  /** A property of the object itself, an argument, or what a loader finds. */
  function ownsPlace(guarded: Guarded, question: Question, rule: OwnerRule, claimant: Claimant): Maybe<Loaded> {
    // Nobody owns anything without being someone.
    if (!standings.principalOf(question.contextValue)) return 'foreign';
    if (rule.loader !== undefined) {
      const found = loaders.load(rule.loader, askingOf(guarded, question));
      return after(withoutPromises(found), (loaded) => ofAnswer(loaded, rule, question.args, claimant));
    }
    if (rule.arg) return ofArgument(question.args, rule.arg, claimant, rule.optional === true) ? 'owned' : 'foreign';
    // One of many rows would open all of them.
    return Array.isArray(question.source) ? 'unresolved' : ownership(question.source, rule.path, claimant);
  }

  return {
    check(guarded, question) {
      const { part } = question;
      return owned(guarded, question, (rule, claimant) =>
        part ? ownsPart(part, question, rule, claimant) : ownsPlace(guarded, question, rule, claimant),
      );
    },
  };
}

function ownsPart({ present, value }: Found, question: Question, rule: OwnerRule, claimant: Claimant): Ownership {
  if (present) return namesCaller(value, claimant) ? 'owned' : 'foreign';
  const writes = question.operation.operation === OperationTypeNode.MUTATION;
  // What a mutation leaves out it does not set; what a query leaves out it does not restrict.
  return (rule.optional ?? (rule.place === 'input' && writes)) || isPreset(rule, claimant) ? 'owned' : 'foreign';
}

/** One identity fills in an argument; several would be a guess. */
function isPreset({ preset }: OwnerRule, { identities }: Claimant): boolean {
  return preset && identities.length === 1;
}

/** What was loaded, without the promises in its lists: waited for at once, so that none rejects unheard. */
function withoutPromises(found: unknown): Maybe<unknown> {
  if (isPromise(found)) return Promise.resolve(found).then(withoutPromises);
  if (!Array.isArray(found)) return found;
  const items = found.map(withoutPromises);
  return items.some(isPromise) ? Promise.all(items) : items;
}

/** @throws {TypeError} for an answer that does not say of which of the requested rows it is. */
function ofAnswer(found: unknown, rule: OwnerRule, args: Question['args'], claimant: Claimant): Maybe<Loaded> {
  const requested = rule.countRows?.(args) ?? 'one';
  if (requested === 'one' || found === null || found === undefined) return ofLoaded(found, rule, claimant);
  const loader = `loader '${rule.loader}'`;
  if (requested === 'unsaid') {
    if (!Array.isArray(found)) return ofLoaded(found, rule, claimant);
    throw new TypeError(
      `${loader} returned a list, of rows or of owners: name the argument that names the rows with arg`,
    );
  }
  if (Array.isArray(found) && found.length === requested) return ofEach(found, rule, claimant);
  const returned = Array.isArray(found) ? `${found.length}` : 'no list';
  throw new TypeError(
    `${loader} was asked for ${requested} rows and must return one entry for each, but returned ${returned}`,
  );
}

/** One row: an object, the ids of its owners, or several objects of which every one must be owned. */
function ofLoaded(found: unknown, rule: OwnerRule, claimant: Claimant): Maybe<Loaded> {
  if (found === null || found === undefined) return 'missing';
  if (!Array.isArray(found)) return ownership(found, typeof found === 'object' ? rule.path : [], claimant);
  return found.length > 0 && !found.some((one) => typeof one === 'object')
    ? ownership(found, [], claimant)
    : ofEach(found, rule, claimant);
}

function ofEach(found: readonly unknown[], rule: OwnerRule, claimant: Claimant): Maybe<Loaded> {
  if (found.length === 0) return 'missing';
  const notOwned = firstOf(found, (one) =>
    after(ofLoaded(one, rule, claimant), (answer) => (answer === 'owned' ? undefined : answer)),
  );
  return after(notOwned, (answer) => answer ?? 'owned');
}

/** The argument at the end of a path. Lists on the way: every element must name the caller. */
function ofArgument(value: unknown, path: readonly string[], claimant: Claimant, optional: boolean, step = 0): boolean {
  const key = path[step];
  if (key === undefined) return namesCaller(value, claimant);
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((item) => ofArgument(item, path, claimant, optional, step));
  }
  if (typeof value !== 'object' || value === null) return false;
  if (!Object.hasOwn(value, key)) return optional;
  return ofArgument((value as Record<string, unknown>)[key], path, claimant, optional, step + 1);
}

export interface Glance {
  /** Whether an object may surely be seen. */
  one(value: unknown, contextValue: unknown): boolean;
  /** Whether all of them may surely be seen. What is no object is not seen. */
  all(values: readonly unknown[], contextValue: unknown): boolean;
}

const never: Glance = { one: () => false, all: () => false };

export function atAGlance({ slot, policies, owners }: Guarded, standings: Standings): Glance {
  if (policies.length > 0) return never;
  const [owner] = owners;
  if (!owner) {
    const passes = (_: unknown, contextValue: unknown): boolean =>
      standings.judge(contextValue, slot) === verdicts.allowed;
    return { one: passes, all: passes };
  }
  const [key, ...deeper] = owner.path;
  // One owner that stands in the object itself.
  if (owners.length > 1 || owner.loader !== undefined || key === undefined || deeper.length > 0) return never;
  return new PlainOwner(standings, slot, owner.claim, key);
}

/**
 * Reads an owner that is one property. What throws there is judged again, where the failure is told.
 *
 * Reading a context or an object may run code that asks about another caller: the texts are read at once after the pass.
 */
class PlainOwner implements Glance {
  readonly standings: Standings;
  readonly slot: number;
  readonly claim: string;
  readonly key: string;
  /** Whom objects were compared with last, and the texts that name them. */
  readonly pass: Pass;
  identities: Identities = nobody;

  constructor(standings: Standings, slot: number, claim: string, key: string) {
    this.standings = standings;
    this.slot = slot;
    this.claim = claim;
    this.key = key;
    this.pass = standings.newPass();
  }

  one(value: unknown, contextValue: unknown): boolean {
    try {
      return (
        (surelyPasses(this.pass, contextValue) || this.meets(contextValue)) && owns(this.identities, value, this.key)
      );
    } catch {
      return false;
    }
  }

  all(values: readonly unknown[], contextValue: unknown): boolean {
    try {
      if (!surelyPasses(this.pass, contextValue) && !this.meets(contextValue)) return false;
      const { identities, key } = this;
      for (const value of values) if (!owns(identities, value, key) && !isNothing(value)) return false;
      return true;
    } catch {
      return false;
    }
  }

  /** Remembers a caller who passes. Not one whom nothing names, or whose owners the application compares: they are judged. */
  meets(contextValue: unknown): boolean {
    const caller = this.standings.passing(contextValue, this.slot, this.claim);
    if (caller?.claimant.normalize !== normalized) return false;
    const [first, ...others] = caller.claimant.identities;
    if (first === undefined) return false;
    this.identities = { first, others };
    this.pass.security = caller.security;
    this.pass.of = caller.of;
    return true;
  }
}

/** The texts that name a caller: mostly one. */
interface Identities {
  readonly first: string;
  readonly others: readonly unknown[];
}

const nobody: Identities = { first: '', others: [] };

/** Whether a text that stands in the object itself names the caller. */
function owns({ first, others }: Identities, value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return false;
  if (isDelegated(value)) return false;
  const owner = (value as Record<string, unknown>)[key];
  return owner === first || others.includes(owner);
}

/** What graphql-js answers with `null`, with an error or without. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value instanceof Error;
}
