/** How a guard says no: to the client in constant words, to the operator once per coordinate and operation. */
import { deny, type EventDetails, type Events, type RefusalCode, securityOf } from '@graphql-bulwark/core';
import type { GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Memo } from './memo.ts';
import type { OwnerMode } from './owner-rule.ts';
import type { Guarded } from './rule-index.ts';
import { type Verdict, verdicts } from './standing.ts';

/** Who asked, in which operation. */
export interface Where {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly memo: Memo;
}

export interface Why {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** A guard's no. */
export interface Denied extends Why {
  readonly guarded: Guarded;
  /** What stands in place of the value. */
  readonly mode: OwnerMode;
}

export interface Denials {
  /**
   * Throws the denial, or rejects with it once anything of ours in this operation was asynchronous: graphql-js drops the
   * promises of a list when a later item throws, and a dropped rejection ends the process.
   */
  no(denied: Denied, where: Where): Promise<never>;
  /** The denial as the value of a list's item, or to be thrown. Tells the operator. */
  errorOf(denied: Denied, where: Where): GraphQLError;
  /** Tells the operator that a role was let pass where an owner was asked for. */
  bypassed(guarded: Guarded, rule: string, where: Where): void;
  /** Hands on a promise of ours, which graphql-js may drop. */
  later<T>(promise: Promise<T>, memo: Memo): Promise<T>;
  /** Logs what should not have failed, once per coordinate and operation. */
  failed(guarded: Guarded, error: unknown, memo: Memo): void;
}

/** Why a verdict that is not `allowed` says no. */
export function whyOf(verdict: Verdict): Why {
  if (verdict === verdicts.anonymous) return { code: 'UNAUTHENTICATED', reason: 'anonymous' };
  return { code: 'FORBIDDEN', reason: verdict === verdicts.noScope ? 'no scope passed' : 'no role passed' };
}

export function denials(events: Events | undefined): Denials {
  const tell = (details: EventDetails, outcome: 'refused' | 'noted', key: string, where: Where): void => {
    const { told } = where.memo;
    if (told.has(key)) return;
    told.add(key);
    events?.emit(details, outcome, {
      security: securityOf(where.contextValue),
      operationType: where.operation.operation,
      operationName: where.operation.name?.value,
    });
  };
  const errorOf = ({ guarded, code, reason }: Denied, where: Where): GraphQLError => {
    const facts = { coordinate: guarded.coordinate, rule: guarded.rule, reason };
    tell({ type: 'access.denied', control: 'authorization', code, ...facts }, 'refused', guarded.coordinate, where);
    return deny(code, facts);
  };
  return {
    errorOf,
    no(denied, where) {
      const denial = errorOf(denied, where);
      if (!where.memo.asynchronous) throw denial;
      return Watched.reject(denial);
    },
    bypassed({ coordinate }, rule, where) {
      const details: EventDetails = { type: 'access.bypassed', control: 'authorization', coordinate, rule };
      tell(details, 'noted', `bypassed ${coordinate}`, where);
    },
    later(promise, memo) {
      memo.asynchronous = true;
      return new Watched((resolve, reject) => {
        promise.then(resolve, reject);
      });
    },
    failed({ coordinate }, error, { logged }) {
      if (logged.has(coordinate)) return;
      logged.add(coordinate);
      events?.logged(`the rule of ${coordinate} could not be judged`, error);
    },
  };
}

/** A promise whose rejection counts as handled, like that of every promise made from it. */
class Watched<T> extends Promise<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- graphql-js chains with `then`; this is the place to watch the chain
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const next = super.then(fulfilled, rejected);
    void Promise.prototype.then.call(next, undefined, () => {});
    return next;
  }
}
