/** What becomes of an error that a control threw: the refusal that stands, and the event that tells of it. */
import type { GraphQLError } from 'graphql';
import type { Control } from '../control.ts';
import { factsOfRefusal, REFUSALS, refusalCode, refuse } from '../errors/refusal.ts';
import { toldOf } from '../errors/schema-details.ts';
import type { EventDetails, EventOrigin, Events } from '../events/events.ts';

/** @returns the refusal that the client gets, or `undefined` where the control only reports. */
export function verdict(
  control: Pick<Control, 'name' | 'mode'>,
  thrown: unknown,
  events: Events,
  origin: EventOrigin,
): GraphQLError | undefined {
  const reportOnly = control.mode === 'report';
  const outcome = reportOnly ? 'reported' : 'refused';
  if (refusalCode(thrown) === undefined) {
    const errorId = events.logged(`control '${control.name}' failed`, thrown);
    events.emit({ type: 'failure', where: control.name, errorId }, outcome, origin);
    return reportOnly ? undefined : refuse('INTERNAL_SERVER_ERROR', { reason: errorId });
  }
  const refusal = thrown as GraphQLError;
  events.emit(eventOf(control.name, refusal), outcome, origin);
  for (const further of factsOfRefusal(refusal)?.also ?? []) {
    if (factsOfRefusal(further)?.coordinate) events.emit(eventOf(control.name, further), outcome, origin);
  }
  return reportOnly ? undefined : refusal;
}

/** A refusal in the operator's words. */
export function eventOf(control: string, refusal: GraphQLError): EventDetails {
  const code = refusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR';
  const {
    message,
    also = [],
    limit,
    actual,
    maximum,
    coordinate,
    rule,
    policy,
    reason,
    retryAfterSeconds,
    dearest,
  } = factsOfRefusal(refusal) ?? {};
  const where = coordinate === undefined ? {} : { coordinate };
  const why = reason === undefined ? {} : { reason };
  const type = limit === undefined ? REFUSALS[code].event : 'limit.exceeded';
  switch (type) {
    case 'limit.exceeded':
      return {
        type,
        control,
        code,
        limit: limit ?? code,
        actual: actual ?? Number.NaN,
        maximum: maximum ?? Number.NaN,
        ...where,
        ...(dearest && { dearest }),
      };
    case 'access.denied':
      return { type, control, code, ...where, ...(rule !== undefined && { rule }), ...why };
    case 'rate.limited':
      return {
        type,
        control,
        code,
        ...where,
        ...(policy !== undefined && { policy }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      };
    case 'introspection.blocked':
      return { type, control, code, ...where };
    case 'request.invalid':
      return { type, code, ...why, ...(message !== undefined && { details: toldOf([refusal, ...also]) }) };
    case 'failure':
      return { type, where: control, ...why };
  }
}
