/** Every outcome of authentication as an event: who came in, and why somebody did not. */
import {
  type EventDetails,
  type Events,
  factsOfRefusal,
  type Principal,
  refusalCode,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';

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
    const code = refusalCode(thrown) ?? 'INTERNAL_SERVER_ERROR';
    const { reason = 'failure', keyId } = factsOfRefusal(thrown) ?? {};
    const details: EventDetails = { type: typeOf(reason), code, reason, ...(keyId !== undefined && { keyId }) };
    events?.emit(details, 'refused', { security: asked });
    throw thrown;
  }
}

function typeOf(reason: string): 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked' {
  if (reason === 'expired' || reason === 'revoked' || reason === 'locked') return `auth.${reason}`;
  return 'auth.failure';
}
