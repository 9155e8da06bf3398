/**
 * Puts a guard's parts together: claims, arguments, policies, owners, in this order, until one says no.
 *
 * Synchronous unless a policy, a loader or a property is not. Whatever throws or rejects denies.
 */
import { isPromise } from '@graphql-bulwark/core';
import type { GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import { OperationTypeNode } from 'graphql';
import { type Denials, type Denied, type Where, whyOf } from './denials.ts';
import { type Guarded, type GuardedField, ownerModeOf } from './guarded.ts';
import type { LoaderBook } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import { forgetOthers, type Memo } from './memo.ts';
import { type Answer, anyOwned, type Claimant, namesCaller, type Ownership, ownership } from './owner.ts';
import type { OwnerRule } from './owner-rule.ts';
import type { Asking, PolicyBook } from './policies.ts';
import { type Standings, verdicts } from './standing.ts';

/** One question to a guard. */
export interface Question {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly memo: Memo;
  readonly source: unknown;
  readonly args: Readonly<Record<string, unknown>>;
  readonly info?: GraphQLResolveInfo | undefined;
}

export interface Judge {
  /** Claims alone. */
  claims(guarded: Guarded, contextValue: unknown): Denied | undefined;
  /** A field, before its resolver. */
  field(guarded: GuardedField, question: Question): Maybe<Denied | undefined>;
  /** An object, as `source`. */
  object(guarded: Guarded, question: Question): Maybe<Denied | undefined>;
  /** What is passed in, by claims alone. */
  input(guarded: GuardedField, args: Question['args'], contextValue: unknown): Denied[];
  /** The arguments, with what is left out filled in. */
  completed(guarded: GuardedField, args: Question['args'], contextValue: unknown): Question['args'];
}

export interface Parts {
  readonly standings: Standings;
  readonly policies: PolicyBook;
  readonly loaders: LoaderBook;
  readonly denials: Denials;
}

const none = {};

/** A part that was passed in, or that an owner misses. */
interface Found {
  readonly guarded: Guarded;
  readonly value: unknown;
  readonly present: boolean;
}

/** `missing`: a loader found nothing. */
type Loaded = Ownership | 'missing';

export function judge({ standings, policies, loaders, denials }: Parts): Judge {
  const claims: Judge['claims'] = (guarded, contextValue) => {
    const verdict = standings.judge(contextValue, guarded.slot);
    return verdict === verdicts.allowed ? undefined : { guarded, ...whyOf(verdict), mode: 'ERROR' };
  };

  const askingOf = (guarded: Guarded, question: Question): Asking => {
    const principal = standings.principalOf(question.contextValue);
    forgetOthers(question.memo, principal);
    return {
      ...question,
      coordinate: guarded.coordinate,
      principal,
      failed: (error) => {
        denials.failed(guarded, error, question.memo);
      },
    };
  };

  const policy = (guarded: Guarded, question: Question): Maybe<Denied | undefined> => {
    if (guarded.policies.length === 0) return undefined;
    const agreed = policies.judge(guarded.policies, askingOf(guarded, question));
    return after(agreed, (yes) => {
      if (yes) return undefined;
      const anonymous = standings.principalOf(question.contextValue) === null;
      const code = anonymous ? 'UNAUTHENTICATED' : 'FORBIDDEN';
      return { guarded, code, reason: 'no policy passed', mode: 'ERROR' };
    });
  };

  /** Any of the owners; a bypass is asked first. */
  const owned = (
    guarded: Guarded,
    question: Question,
    ask: (rule: OwnerRule, claimant: Claimant) => Maybe<Loaded>,
  ): Maybe<Denied | undefined> => {
    if (guarded.owners.length === 0) return undefined;
    for (const { bypass, text } of guarded.owners) {
      if (!bypass || !standings.holdsRoles(question.contextValue, bypass)) continue;
      denials.bypassed(guarded, text, question);
      return undefined;
    }
    const failed = (error: unknown): Ownership => {
      denials.failed(guarded, error, question.memo);
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
      const code = missing || mode === 'NOT_FOUND' ? 'NOT_FOUND' : 'FORBIDDEN';
      const reason = settled === 'unresolved' ? 'OWNER_UNRESOLVED' : missing ? 'no such object' : 'owner';
      return { guarded, code, reason, mode };
    });
  };

  const owner = (guarded: Guarded, question: Question): Maybe<Denied | undefined> =>
    owned(guarded, question, (rule, claimant) =>
      rule.loader === undefined
        ? ownership(question.source, rule.path, claimant)
        : after(loaders.load(rule.loader, askingOf(guarded, question)), (found) => ofLoaded(found, rule, claimant)),
    );

  const fieldOwner = (guarded: GuardedField, question: Question): Maybe<Denied | undefined> =>
    owned(guarded, question, (rule, claimant) => {
      if (rule.loader !== undefined) {
        const found = loaders.load(rule.loader, askingOf(guarded, question));
        return after(found, (settled) => ofLoaded(settled, rule, claimant));
      }
      if (rule.arg) return ofArgument(question.args, rule.arg, claimant, rule.optional === true) ? 'owned' : 'foreign';
      return ownership(question.source, rule.path, claimant);
    });

  const inputOwner = ({ guarded, value, present }: Found, question: Question): Maybe<Denied | undefined> =>
    owned(guarded, question, (rule, claimant) => {
      if (present) return namesCaller(value, claimant) ? 'owned' : 'foreign';
      const writes = question.operation.operation === OperationTypeNode.MUTATION;
      // What a mutation leaves out it does not set; what a query leaves out it does not restrict.
      return (rule.optional ?? (rule.place === 'input' && writes)) || isPreset(rule, claimant) ? 'owned' : 'foreign';
    });

  const founds = (guarded: GuardedField, args: Question['args']): Found[] => {
    const found: Found[] = [];
    const seen = new Set<Guarded>();
    guarded.find?.(args, (part, value, present) => {
      // Only an owner looks at the value.
      if (seen.has(part) && part.owners.length === 0) return;
      seen.add(part);
      found.push({ guarded: part, value, present });
    });
    return found;
  };

  const passedIn = (guarded: GuardedField, question: Question): Maybe<Denied | undefined> =>
    guarded.find &&
    firstOf(founds(guarded, question.args), (found) => {
      const steps = [
        () =>
          found.present || found.guarded.owners.length > 0 ? claims(found.guarded, question.contextValue) : undefined,
        () => policy(found.guarded, question),
        () => inputOwner(found, question),
      ];
      return firstOf(steps, (step) => step());
    });

  return {
    claims,
    field: (guarded, question) =>
      firstOf(
        [
          () => claims(guarded, question.contextValue),
          () => passedIn(guarded, question),
          () => policy(guarded, question),
          () => fieldOwner(guarded, question),
        ],
        (step) => step(),
      ),
    object(guarded, question) {
      const ofPolicy = () => policy(guarded, { ...question, args: none });
      const ofOwner = () => owner(guarded, question);
      // Of an object that is hidden no policy says a word.
      const rest = ownerModeOf(guarded) === 'ERROR' ? [ofPolicy, ofOwner] : [ofOwner, ofPolicy];
      return firstOf([() => claims(guarded, question.contextValue), ...rest], (step) => step());
    },
    input: (guarded, args, contextValue) =>
      founds(guarded, args).flatMap((found) => claims(found.guarded, contextValue) ?? []),
    completed(guarded, args, contextValue) {
      let completed: Record<string, unknown> | undefined;
      for (const { name, claim, list } of guarded.presets) {
        if (Object.hasOwn(args, name)) continue;
        const { identities } = standings.claimant(contextValue, claim);
        completed ??= { ...args };
        completed[name] = list ? [...identities] : identities[0];
      }
      return completed ?? args;
    },
  };
}

/** Where an operation stands, for what is told of it. */
export function whereOf({ contextValue, operation, memo, info }: Question): Where {
  return { contextValue, operation, memo, info };
}

/** One identity fills in an argument; several would be a guess. */
function isPreset({ preset }: OwnerRule, { identities }: Claimant): boolean {
  return preset && identities.length === 1;
}

/** An object, the ids of its owners, or several objects of which every one must be owned. */
function ofLoaded(found: unknown, rule: OwnerRule, claimant: Claimant): Maybe<Loaded> {
  if (found === null || found === undefined) return 'missing';
  if (!Array.isArray(found)) return ownership(found, typeof found === 'object' ? rule.path : [], claimant);
  if (found.length === 0) return 'missing';
  if (!found.some((one) => typeof one === 'object')) return ownership(found, [], claimant);
  const notOwned = firstOf(found as unknown[], (one) =>
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
