/** Reports every outcome of authentication as an event: who came in, and why a credential was refused. */
import { type Events, type Principal, type SecurityContext, securityContext } from '@graphql-bulwark/core';
import { type EventDetails, readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';

/**
 * Finds the caller and reports the outcome: `auth.success`, or `auth.failure`, `auth.expired`, `auth.revoked` or `auth.locked`.
 * An anonymous request is no event.
 *
 * @param events where the event goes. Left out: nothing is reported.
 * @param asked what is known of the request, for the event: its address, for example.
 * @throws what `findCaller` throws, unchanged.
 */
export async function reportOutcome(
  events: Events | undefined,
  asked: SecurityContext,
  findCaller: () => Promise<Principal | null>,
): Promise<Principal | null> {
  try {
    const principal = await findCaller();
    if (events && principal) {
      const { authMethod: method, keyId } = principal;
      const security = securityContext({ ...asked, principal });
      events.emit({ type: 'auth.success', method, ...(keyId !== undefined && { keyId }) }, 'noted', { security });
    }
    return principal;
  } catch (thrown) {
    const code = readRefusalCode(thrown) ?? 'INTERNAL_SERVER_ERROR';
    const { reason = 'failure', keyId, cause } = readRefusalFacts(thrown) ?? {};
    const details: EventDetails = {
      type: selectEventType(reason),
      code,
      reason,
      ...(keyId !== undefined && { keyId }),
      ...(events && cause !== undefined && { errorId: logOncePerMinute(events, reason, cause) }),
    };
    events?.emit(details, 'refused', { security: asked });
    throw thrown;
  }
}

const minuteMilliseconds = 60_000;

interface LoggedFailure {
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
  readonly errorId: string;
}

/** Reason of a failure -> when it was last logged, and under which id. */
const loggedFailures = new WeakMap<Events, Map<string, LoggedFailure>>();

/**
 * Logs a failure once a minute per reason: a store that is down fails for every request.
 *
 * @returns the id under which the failure stands in the log.
 */
export function logOncePerMinute(events: Events, reason: string, cause: unknown): string {
  const byReason = loggedFailures.get(events) ?? new Map<string, LoggedFailure>();
  loggedFailures.set(events, byReason);
  const last = byReason.get(reason);
  if (last && performance.now() - last.since < minuteMilliseconds) return last.errorId;
  const errorId = events.logged(`authentication: ${reason}`, cause);
  byReason.set(reason, { since: performance.now(), errorId });
  return errorId;
}

function selectEventType(reason: string): 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked' {
  if (reason === 'expired' || reason === 'revoked' || reason === 'locked') return `auth.${reason}`;
  return 'auth.failure';
}
