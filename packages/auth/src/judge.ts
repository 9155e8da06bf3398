/**
 * Puts a guard's parts together: claims, arguments, policies, owners, in this order, until one says no.
 *
 * Synchronous unless a policy, a loader or a property is not. Whatever throws or rejects denies.
 */
import { type Denials, type Denied, whyOf } from './denials.ts';
import { type Guarded, type GuardedField, ownerModeOf } from './guarded.ts';
import type { LoaderBook } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import { forgetBefore, forgetOthers } from './memo.ts';
import { type Found, ownerJudge } from './owner-judge.ts';
import type { Asking, PolicyBook } from './policies.ts';
import type { Question } from './question.ts';
import { type Standings, verdicts } from './standing.ts';

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

export function judge({ standings, policies, loaders, denials }: Parts): Judge {
  const claims: Judge['claims'] = (guarded, contextValue) => {
    const verdict = standings.judge(contextValue, guarded.slot);
    return verdict === verdicts.allowed ? undefined : { guarded, ...whyOf(verdict), mode: 'ERROR' };
  };

  const askingOf = (guarded: Guarded, question: Question): Asking => {
    const principal = standings.principalOf(question.contextValue);
    forgetOthers(question.memo, principal);
    forgetBefore(question.memo, question);
    return {
      ...question,
      coordinate: guarded.coordinate,
      principal,
      failed: (error) => {
        denials.failed(guarded, error, question.memo);
      },
    };
  };

  const owners = ownerJudge({ standings, loaders, denials }, askingOf);

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
        () => claims(found.guarded, question.contextValue),
        () => policy(found.guarded, question),
        () => owners.input(found, question),
      ];
      const judged = (): Maybe<Denied | undefined> => firstOf(steps, (step) => step());
      // Of what may be left out nothing is asked where it is.
      return found.present ? judged() : after(owners.input(found, question), (denied) => denied && judged());
    });

  const policyAndOwners = (guarded: Guarded, question: Question): Maybe<Denied | undefined> => {
    const steps = [() => policy(guarded, question), () => owners.place(guarded, question)];
    // Of what is hidden no policy says a word.
    return firstOf(ownerModeOf(guarded) === 'ERROR' ? steps : steps.toReversed(), (step) => step());
  };

  const completed: Judge['completed'] = (guarded, args, contextValue) => {
    let filled: Record<string, unknown> | undefined;
    for (const { name, claim, list } of guarded.presets) {
      if (Object.hasOwn(args, name)) continue;
      const { identities } = standings.claimant(contextValue, claim);
      filled ??= { ...args };
      filled[name] = list ? [...identities] : identities[0];
    }
    return filled ?? args;
  };

  return {
    claims,
    field(guarded, question) {
      const { args, contextValue } = question;
      // What the resolver gets.
      const filled = (): Question =>
        guarded.presets.length === 0 ? question : { ...question, args: completed(guarded, args, contextValue) };
      return firstOf(
        [
          () => claims(guarded, contextValue),
          () => passedIn(guarded, question),
          () => policyAndOwners(guarded, filled()),
        ],
        (step) => step(),
      );
    },
    object(guarded, question) {
      const asked = { ...question, args: none };
      const denied = claims(guarded, question.contextValue);
      if (!denied) return policyAndOwners(guarded, asked);
      // Whom a right is missing must not learn of more objects than whom it is not.
      return ownerModeOf(guarded) === 'ERROR' ? denied : after(owners.place(guarded, asked), (one) => one ?? denied);
    },
    input: (guarded, args, contextValue) =>
      founds(guarded, args).flatMap((found) => (found.present ? (claims(found.guarded, contextValue) ?? []) : [])),
    completed,
  };
}
