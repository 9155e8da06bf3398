/** How a guard says no: to the client in constant words, to the operator once per coordinate and operation. */
import { deny, type Events, type RefusalCode, securityOf } from '@graphql-bulwark/core';
import type { GraphQLError, GraphQLResolveInfo } from 'graphql';
import type { Guarded } from './rule-index.ts';
import { type Verdict, verdicts } from './standing.ts';

/** Who asked for what. */
export interface Asking {
  readonly contextValue: unknown;
  readonly info: GraphQLResolveInfo;
}

export interface Denials {
  /**
   * Throws the denial, or rejects with it once anything of ours in this operation was asynchronous: graphql-js drops the
   * promises of a list when a later item throws, and a dropped rejection ends the process.
   */
  no(guarded: Guarded, why: Why, asking: Asking): Promise<never>;
  /** Hands on a promise of ours, which graphql-js may drop. */
  later<T>(promise: Promise<T>, asking: Asking): Promise<T>;
  /** Logs what should not have failed, once per coordinate and operation. */
  failed(guarded: Guarded, error: unknown, asking: Asking): void;
}

export interface Why {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** Why a verdict that is not `allowed` says no. */
export function whyOf(verdict: Verdict): Why {
  if (verdict === verdicts.anonymous) return { code: 'UNAUTHENTICATED', reason: 'anonymous' };
  return { code: 'FORBIDDEN', reason: verdict === verdicts.noScope ? 'no scope passed' : 'no role passed' };
}

interface Operation {
  readonly told: Set<string>;
  readonly logged: Set<string>;
  asynchronous: boolean;
}

export function denials(events: Events | undefined): Denials {
  // graphql-js makes the object of coerced variables anew for each execution; a context may serve several.
  const operations = new WeakMap<object, Operation>();

  function operationOf({ info }: Asking): Operation {
    let operation = operations.get(info.variableValues);
    if (!operation) {
      operation = { told: new Set(), logged: new Set(), asynchronous: false };
      operations.set(info.variableValues, operation);
    }
    return operation;
  }

  return {
    no(guarded, { code, reason }, asking) {
      const { coordinate, rule } = guarded;
      const operation = operationOf(asking);
      if (!operation.told.has(coordinate)) {
        operation.told.add(coordinate);
        const { operation: definition } = asking.info;
        events?.emit({ type: 'access.denied', control: 'authorization', code, coordinate, rule, reason }, 'refused', {
          security: securityOf(asking.contextValue),
          operationType: definition.operation,
          operationName: definition.name?.value,
        });
      }
      const denial: GraphQLError = deny(code, { coordinate, rule, reason });
      if (!operation.asynchronous) throw denial;
      return Watched.reject(denial);
    },
    later(promise, asking) {
      operationOf(asking).asynchronous = true;
      return new Watched((resolve, reject) => {
        promise.then(resolve, reject);
      });
    },
    failed({ coordinate }, error, asking) {
      const { logged } = operationOf(asking);
      if (logged.has(coordinate)) return;
      logged.add(coordinate);
      events?.logged(`the owner of a ${coordinate} could not be read`, error);
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
