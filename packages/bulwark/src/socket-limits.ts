/** Limits of sockets as the hooks of a WebSocket server ask them: what is refused is told, and nothing is thrown. */
import { type Events, eventOf, refuse, type SecurityContext } from '@graphql-bulwark/core';
import type { SocketLimits } from '@graphql-bulwark/rate-limit';
import type { GraphQLError } from 'graphql';

/** @param isEnforced `false`: what is over a limit is told of, and let through. */
export function toldLimits(limits: SocketLimits, events: Events, isEnforced: boolean): SocketLimits {
  function judged(refusal: GraphQLError | undefined, security: SecurityContext): GraphQLError | undefined {
    if (refusal) tellLimited(refusal, security, events, isEnforced ? 'refused' : 'reported');
    return isEnforced ? refusal : undefined;
  }
  /** What a function of the application's threw, graphql-ws would write into the reason for which it closes the socket. */
  function failed(error: unknown): GraphQLError {
    return refuse('INTERNAL_SERVER_ERROR', { reason: events.logged('limits of sockets failed', error) });
  }
  return {
    open(socket, security) {
      const tooMany = limits.open(socket, security);
      if (tooMany) judged(tooMany.refusal, security);
      return isEnforced ? tooMany : undefined;
    },
    authenticating: limits.authenticating,
    connect: (socket, security) => judged(limits.connect(socket, security), security),
    disconnect: limits.disconnect,
    refused: limits.refused,
    subscribe: async (security) => limits.subscribe(security).then((refusal) => judged(refusal, security), failed),
    next: async (security, contextValue) =>
      limits.next(security, contextValue).then((refusal) => judged(refusal, security), failed),
  };
}

/** One event for a refusal of the rate limit that no control made. */
export function tellLimited(
  refusal: GraphQLError,
  security: SecurityContext,
  events: Events,
  outcome: 'refused' | 'reported' = 'refused',
): void {
  events.emit(eventOf('rate-limit', refusal), outcome, { security });
}
