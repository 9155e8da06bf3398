/**
 * How a guard says no: to the client in constant words, and not more often than it is worth reading; to the operator once per
 * coordinate and operation, with how often.
 */
import type { Events } from '@graphql-bulwark/core';
import { deny, type EventDetails, findSecurityContext } from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';
import type { Denied, Path, Reports, Where } from '../evaluate/access-request.ts';
import type { Memo, Memos } from '../evaluate/answer-cache.ts';
import { errorCap, located } from './error-cap.ts';

export interface Denials extends Reports {
  /**
   * The denial as an error, counted; located where a path is given. `undefined` when the client has read enough of this
   * field's denials, the last of them that there are more.
   */
  errorOf(denied: Denied, where: Where, path?: Path): GraphQLError | undefined;
  /** Counts a denial of which the client does not hear. */
  noted(denied: Denied, where: Where): void;
  /** Tells the operator of the denials of what was executed with this context. */
  answered(contextValue: unknown): void;
}

export function denials(events: Events | undefined, memos: Memos, maxErrorsPerField: number | false): Denials {
  const cap = errorCap(maxErrorsPerField);
  const emit = (details: EventDetails, outcome: 'refused' | 'noted', { contextValue, operation }: Where): void =>
    events?.emit(details, outcome, {
      security: findSecurityContext(contextValue),
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
