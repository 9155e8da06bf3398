/**
 * How a guard denies: to the client with a constant message, and no more often than a client would read; to the operator once per
 * coordinate and operation, with a count.
 */
import type { Events } from '@graphql-bulwark/core';
import { deny, type EventDetails, findSecurityContext } from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLError } from 'graphql';
import type { AccessContext, Denial, EvaluationReports, Path } from '../evaluate/access-request.ts';
import type { AnswerCache, AnswerCaches, FieldErrors } from '../evaluate/answer-cache.ts';

export interface DenialReporter extends EvaluationReports {
  /**
   * Counts the denial and makes its error, located if a path is given. `undefined` once the field has as many errors as the client
   * may read, the last of which says that others are left out.
   */
  createError(denial: Denial, context: AccessContext, path?: Path): GraphQLError | undefined;
  /** Counts a denial of which the client does not learn. */
  count(denial: Denial, context: AccessContext): void;
  /** Reports the denials of what was executed with this context to the operator. */
  report(contextValue: unknown): void;
}

/** @param maxErrorsPerField in one operation, whatever the number of lists and objects that the field stands in. */
export function createDenialReporter(
  events: Events | undefined,
  caches: AnswerCaches,
  maxErrorsPerField: number | false,
): DenialReporter {
  function emit(details: EventDetails, outcome: 'refused' | 'noted', { contextValue, operation }: AccessContext): void {
    events?.emit(details, outcome, {
      security: findSecurityContext(contextValue),
      operationType: operation.operation,
      operationName: operation.name?.value,
    });
  }

  function reportAll(cache: AnswerCache): void {
    cache.isReportScheduled = false;
    for (const denials of cache.denialCounts.values()) {
      denials.report?.(denials.count);
      denials.report = undefined;
    }
  }

  function count({ guarded: { coordinate, rule }, code, reason }: Denial, context: AccessContext): void {
    const { cache } = context;
    const known = cache.denialCounts.get(coordinate);
    if (known) {
      known.count += 1;
      return;
    }
    const details = { type: 'access.denied', control: 'authorization', code, coordinate, rule, reason } as const;
    const report = (times: number): void =>
      emit({ ...details, ...(times > 1 && { count: times }) }, 'refused', context);
    cache.denialCounts.set(coordinate, { count: 1, report });
    if (cache.endIsAwaited || cache.isReportScheduled) return;
    // Without the control no hook tells that the operation is answered: report once the code that runs now has run.
    cache.isReportScheduled = true;
    queueMicrotask(() => reportAll(cache));
  }

  return {
    createError(denial, context, path) {
      count(denial, context);
      const { guarded, code, reason } = denial;
      const facts = { coordinate: guarded.coordinate, rule: guarded.rule, reason };
      const create = () => deny(code, { ...facts, ...(path && locateError(context, path)) });
      // A missing object has its error each time. If hidden ones had fewer, a client could tell them apart.
      if (code === 'NOT_FOUND' || maxErrorsPerField === false) return create();
      const errors = getFieldErrors(context);
      errors.count += 1;
      if (errors.count <= maxErrorsPerField) return create();
      return errors.count === maxErrorsPerField + 1 ? getOmittedError(context) : undefined;
    },
    count,
    report(contextValue) {
      for (const cache of caches.end(contextValue)) reportAll(cache);
    },
    reportBypass({ coordinate }, rule, context) {
      const { reportedBypasses } = context.cache;
      if (reportedBypasses.has(coordinate)) return;
      reportedBypasses.add(coordinate);
      emit({ type: 'access.bypassed', control: 'authorization', coordinate, rule }, 'noted', context);
    },
    logFailure({ coordinate }, error, { loggedFailures }) {
      if (loggedFailures.has(coordinate)) return;
      loggedFailures.add(coordinate);
      events?.logged(`the rule of ${coordinate} could not be evaluated`, error);
    },
  };
}

/** The error that says that a field has more errors than it shows: one per field, also where only an error can stand. */
export function getOmittedError(context: AccessContext): GraphQLError {
  const errors = getFieldErrors(context);
  errors.omitted ??= deny('ERRORS_OMITTED', locateError(context, context.info?.path));
  return errors.omitted;
}

function locateError(
  { info }: AccessContext,
  path: Path | undefined,
): { nodes?: readonly FieldNode[]; path: (string | number)[] } {
  const keys: (string | number)[] = [];
  for (let at = path; at; at = at.prev) keys.push(at.key);
  return { ...(info && { nodes: info.fieldNodes }), path: keys.toReversed() };
}

function getFieldErrors({ cache, info, operation }: AccessContext): FieldErrors {
  // graphql-js makes one array of nodes per field of a selection set, and uses it for all objects of a list.
  const field = info?.fieldNodes ?? operation;
  const errors = cache.fieldErrors.get(field) ?? { count: 0 };
  cache.fieldErrors.set(field, errors);
  return errors;
}

/**
 * The error for what does not exist. A resolver that finds nothing throws it, so that a missing object looks like one that
 * `@owner(mode: NOT_FOUND)` hides.
 *
 * @example if (!row) throw notFound();
 */
export function notFound(): GraphQLError {
  return deny('NOT_FOUND');
}
