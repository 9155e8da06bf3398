/**
 * How a guard says no: to the client in constant words, and not more often than it is worth reading; to the operator once per
 * coordinate and operation, with how often.
 */
import { deny, type EventDetails, type Events, type RefusalCode, securityOf } from '@graphql-bulwark/core';
import type { GraphQLError, GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import { errorCap, located, type Path } from './error-cap.ts';
import type { Guarded } from './guarded.ts';
import type { Memo, Memos } from './memo.ts';
import type { OwnerMode } from './owner-rule.ts';
import { type Verdict, verdicts } from './standing.ts';

/** Who asked, in which operation. */
export interface Where {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly memo: Memo;
  /** The field that is denied, or whose value is. */
  readonly info?: GraphQLResolveInfo | undefined;
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
   * The denial as an error, counted; located where a path is given. `undefined` when the client has read enough of this
   * field's denials, the last of them that there are more.
   */
  errorOf(denied: Denied, where: Where, path?: Path): GraphQLError | undefined;
  /** Counts a denial of which the client does not hear. */
  noted(denied: Denied, where: Where): void;
  /** Tells the operator of the denials of what was executed with this context. */
  answered(contextValue: unknown): void;
  /** Tells the operator that a role was let pass where an owner was asked for. */
  bypassed(guarded: Guarded, rule: string, where: Where): void;
  /** Logs what should not have failed, once per coordinate and operation. */
  failed(guarded: Guarded, error: unknown, memo: Memo): void;
}

/** Denials of one coordinate in one operation. */
export interface Tally {
  count: number;
  /** Tells the operator; `undefined` once it is told. */
  tell: ((count: number) => void) | undefined;
}

/** Why a verdict that is not `allowed` says no. */
export function whyOf(verdict: Verdict): Why {
  if (verdict === verdicts.anonymous) return { code: 'UNAUTHENTICATED', reason: 'anonymous' };
  return { code: 'FORBIDDEN', reason: verdict === verdicts.noScope ? 'no scope passed' : 'no role passed' };
}

export function denials(events: Events | undefined, memos: Memos, maxErrorsPerField: number | false): Denials {
  const cap = errorCap(maxErrorsPerField);
  const emit = (details: EventDetails, outcome: 'refused' | 'noted', { contextValue, operation }: Where): void =>
    events?.emit(details, outcome, {
      security: securityOf(contextValue),
      operationType: operation.operation,
      operationName: operation.name?.value,
    });
  const tellAll = (memo: Memo): void => {
    memo.tells = false;
    for (const tally of memo.tallies.values()) {
      tally.tell?.(tally.count);
      tally.tell = undefined;
    }
  };
  const noted: Denials['noted'] = ({ guarded: { coordinate, rule }, code, reason }, where) => {
    const { memo } = where;
    const tally = memo.tallies.get(coordinate);
    if (tally) {
      tally.count += 1;
      return;
    }
    const details = { type: 'access.denied', control: 'authorization', code, coordinate, rule, reason } as const;
    const tell = (count: number): void => emit({ ...details, ...(count > 1 && { count }) }, 'refused', where);
    memo.tallies.set(coordinate, { count: 1, tell });
    if (memo.ends || memo.tells) return;
    // Nobody says when this operation is answered: tell when what runs now has run.
    memo.tells = true;
    queueMicrotask(() => tellAll(memo));
  };
  return {
    errorOf(denied, where, path) {
      noted(denied, where);
      const { guarded, code, reason } = denied;
      const make = () =>
        deny(code, { coordinate: guarded.coordinate, rule: guarded.rule, reason, ...(path && located(where, path)) });
      // What does not exist says so each time: what is hidden would be told from it by saying less.
      return code === 'NOT_FOUND' ? make() : cap(where, make);
    },
    noted,
    answered(contextValue) {
      for (const memo of memos.ended(contextValue)) tellAll(memo);
    },
    bypassed({ coordinate }, rule, where) {
      const { bypassed } = where.memo;
      if (bypassed.has(coordinate)) return;
      bypassed.add(coordinate);
      emit({ type: 'access.bypassed', control: 'authorization', coordinate, rule }, 'noted', where);
    },
    failed({ coordinate }, error, { logged }) {
      if (logged.has(coordinate)) return;
      logged.add(coordinate);
      events?.logged(`the rule of ${coordinate} could not be judged`, error);
    },
  };
}
