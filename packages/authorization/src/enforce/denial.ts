/**
 * How a guard says no: to the client in constant words, and not more often than it is worth reading; to the operator once per
 * coordinate and operation, with how often.
 */
import type { Events } from '@graphql-bulwark/core';
import { deny, type EventDetails, securityOf } from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLError } from 'graphql';
import type { Denied, Path, Reports, Where } from '../evaluate/access-request.ts';
import type { Memo, Memos, Shown } from '../evaluate/answer-cache.ts';

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

/** @returns a function that makes an error, or one that says that there are more, and then none. */
export function errorCap(
  maxErrorsPerField: number | false,
): (where: Where, make: () => GraphQLError) => GraphQLError | undefined {
  return (where, make) => {
    const shown = shownOf(where);
    shown.count += 1;
    if (maxErrorsPerField === false || shown.count <= maxErrorsPerField) return make();
    return shown.count === maxErrorsPerField + 1 ? more(where) : undefined;
  };
}

/** That a field has more errors than it shows: the same one each time, also where nothing but an error can stand. */
export function more(where: Where): GraphQLError {
  const shown = shownOf(where);
  shown.more ??= deny('ERRORS_OMITTED', located(where, where.info?.path));
  return shown.more;
}

/** What places an error in document and answer. */
export function located(
  { info }: Where,
  path: Path | undefined,
): { nodes?: readonly FieldNode[]; path: (string | number)[] } {
  const keys: (string | number)[] = [];
  for (let at = path; at; at = at.prev) keys.push(at.key);
  return { ...(info && { nodes: info.fieldNodes }), path: keys.toReversed() };
}

function shownOf({ memo, info, operation }: Where): Shown {
  // graphql-js makes one array per field of a selection set, for all objects of a list.
  const field = info?.fieldNodes ?? operation;
  let shown = memo.shown.get(field);
  if (!shown) {
    shown = { count: 0 };
    memo.shown.set(field, shown);
  }
  return shown;
}

/** To throw in a resolver that finds nothing, so that a hidden object and a missing one look alike. */
export function notFound(): GraphQLError {
  return deny('NOT_FOUND');
}
