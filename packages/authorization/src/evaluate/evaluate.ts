/**
 * Runs the checks of a guard, which its schema compiled to a list, until one says no.
 *
 * Synchronous unless a policy, a loader or a property is not. Whatever throws or rejects denies.
 */
import { isPromise } from '@graphql-bulwark/core/internal';
import type { Check, Found, Guarded, GuardedField } from '../compile/compiled-rules.ts';
import type { Denied, Question, Reports } from './access-request.ts';
import { forgetBefore, forgetOthers } from './answer-cache.ts';
import type { LoaderBook } from './loaders.ts';
import { after, firstOf, type Maybe } from './maybe.ts';
import { ownerJudge } from './owner.ts';
import type { Asking, PolicyBook } from './policies.ts';
import { type Standings, verdicts, whyOf } from './roles-and-scopes.ts';

export interface Judge {
  /** Claims alone. */
  claims(guarded: Guarded, contextValue: unknown): Denied | undefined;
  /** All checks of a guard: of a field before its resolver, of an object as `source`, or of a part that is passed in. */
  evaluate(guarded: Guarded, question: Question): Maybe<Denied | undefined>;
  /** What is passed in, by claims alone. */
  input(guarded: GuardedField, args: Question['args'], contextValue: unknown): Denied[];
}

export interface Parts {
  readonly standings: Standings;
  readonly policies: PolicyBook;
  readonly loaders: LoaderBook;
  readonly reports: Reports;
}

type RunCheck = (guarded: Guarded, question: Question) => Maybe<Denied | undefined>;

export function judge({ standings, policies, loaders, reports }: Parts): Judge {
  const owners = ownerJudge({ standings, loaders, reports }, askingOf);

  const runs: Readonly<Record<Check, RunCheck>> = {
    claims: checkClaims,
    arguments: checkArguments,
    presets: fillInPresets,
    policies: checkPolicies,
    owners: owners.check,
  };

  function evaluate(guarded: Guarded, question: Question, from = 0): Maybe<Denied | undefined> {
    const { checks } = guarded;
    for (let i = from; i < checks.length; i += 1) {
      const denied = runs[checks[i] as Check](guarded, question);
      if (isPromise(denied)) return denied.then((settled) => settled ?? evaluate(guarded, question, i + 1));
      if (denied) return denied;
    }
    return undefined;
  }

  function claims(guarded: Guarded, contextValue: unknown): Denied | undefined {
    const verdict = standings.judge(contextValue, guarded.slot);
    return verdict === verdicts.allowed ? undefined : { guarded, ...whyOf(verdict), mode: 'ERROR' };
  }

  function checkClaims(guarded: Guarded, question: Question): Denied | undefined {
    return claims(guarded, question.contextValue);
  }

  /** What is passed in, each part by the checks of its own. */
  function checkArguments(guarded: GuardedField, question: Question): Maybe<Denied | undefined> {
    return firstOf(founds(guarded, question.args), (part) => {
      const asked = { ...question, part };
      if (part.present) return evaluate(part.guarded, asked);
      // Of what may be left out nothing is asked where it is.
      return after(owners.check(part.guarded, asked), (denied) => denied && evaluate(part.guarded, asked));
    });
  }

  /** What is left out is filled in, for the checks that follow and for the resolver. */
  function fillInPresets({ presets = [] }: GuardedField, question: Question): undefined {
    for (const { name, claim, list } of presets) {
      if (Object.hasOwn(question.args, name)) continue;
      const { identities } = standings.claimant(question.contextValue, claim);
      question.args = { ...question.args, [name]: list ? [...identities] : identities[0] };
    }
  }

  function checkPolicies(guarded: Guarded, question: Question): Maybe<Denied | undefined> {
    const agreed = policies.agree(guarded.policies, askingOf(guarded, question));
    return agreed === true ? undefined : after(agreed, (yes) => (yes ? undefined : disagreed(guarded, question)));
  }

  function disagreed(guarded: Guarded, { contextValue }: Question): Denied {
    const code = standings.principalOf(contextValue) === null ? 'UNAUTHENTICATED' : 'FORBIDDEN';
    return { guarded, code, reason: 'no policy passed', mode: 'ERROR' };
  }

  function askingOf(guarded: Guarded, question: Question): Asking {
    const { contextValue, memo, info, resolved } = question;
    const principal = standings.principalOf(contextValue);
    forgetOthers(memo, principal);
    forgetBefore(memo, info, resolved);
    return {
      ...question,
      coordinate: guarded.coordinate,
      principal,
      failed: (error) => {
        reports.failed(guarded, error, memo);
      },
    };
  }

  return {
    claims,
    evaluate,
    input: (guarded, args, contextValue) =>
      founds(guarded, args).flatMap((found) => (found.present ? (claims(found.guarded, contextValue) ?? []) : [])),
  };
}

/** The guarded parts of what is passed in: each guard once, unless an owner looks at the value. */
function founds(guarded: GuardedField, args: Question['args']): Found[] {
  const found: Found[] = [];
  const seen = new Set<Guarded>();
  guarded.find?.(args, (part, value, present) => {
    if (seen.has(part) && part.owners.length === 0) return;
    seen.add(part);
    found.push({ guarded: part, value, present });
  });
  return found;
}
