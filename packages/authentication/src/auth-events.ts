/** Every outcome of authentication as an event: who came in, and why somebody did not. */
import { type Events, type Principal, type SecurityContext, securityContext } from '@graphql-bulwark/core';
import { type EventDetails, readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';

/** Does the work and reports what came of it; what it throws goes on. Nobody asking for anything is no event. */
export async function reported(
  events: Events | undefined,
  asked: SecurityContext,
  work: () => Promise<Principal | null>,
): Promise<Principal | null> {
  try {
    const principal = await work();
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
      type: typeOf(reason),
      code,
      reason,
      ...(keyId !== undefined && { keyId }),
      ...(events && cause !== undefined && { errorId: loggedOnce(events, reason, cause) }),
    };
    events?.emit(details, 'refused', { security: asked });
    throw thrown;
  }
}

const minute = 60_000;

/** By what failed: when it was logged, and under which id. */
const logs = new WeakMap<Events, Map<string, { readonly since: number; readonly errorId: string }>>();

/** Logs once a minute: a store that is down fails for everyone. @returns the id under which it stands. */
export function loggedOnce(events: Events, reason: string, cause: unknown): string {
  const known = logs.get(events) ?? new Map<string, { readonly since: number; readonly errorId: string }>();
  logs.set(events, known);
  const last = known.get(reason);
  if (last && performance.now() - last.since < minute) return last.errorId;
  const errorId = events.logged(`authentication: ${reason}`, cause);
  known.set(reason, { since: performance.now(), errorId });
  return errorId;
}

function typeOf(reason: string): 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked' {
  if (reason === 'expired' || reason === 'revoked' || reason === 'locked') return `auth.${reason}`;
  return 'auth.failure';
}
