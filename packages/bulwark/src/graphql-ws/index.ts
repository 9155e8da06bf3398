/** graphql-ws: what `useServer` gets, from a Bulwark or from parts. */
import type { SecuredContext } from '@graphql-bulwark/core';
import { asGraphQLError, requireKnownOptions } from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import type { HttpRequest } from '../context.ts';
import type { Bulwark } from '../create.ts';
import { buildRequest, chooseClose } from './connection.ts';
import { composeWebSocketHooks, type WebSocketBounds, type WebSocketHooks } from './hooks.ts';
import type { WebSocketServerLike } from './upgraded-sockets.ts';

export type { Connection } from './connection.ts';
export { composeWebSocketHooks, type WebSocketBounds, type WebSocketHooks, type WebSocketParts } from './hooks.ts';
export type { Socket, WebSocketLike } from './socket.ts';
export type { WebSocketServerLike } from './upgraded-sockets.ts';

/** What `context` is made from: the request that was upgraded, and what the client sent in `connection_init`. */
export interface WebSocketRequest extends HttpRequest {
  /** Chosen by the client, and not verified, except for the credentials of `security.principal`. */
  readonly connectionParams: Readonly<Record<string, unknown>>;
}

export interface WebSocketHooksOptions<C extends SecuredContext> extends WebSocketBounds {
  /** What came out of `bulwark.secure()`. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that `useServer` gets: its sockets count from their upgrade. */
  readonly server: WebSocketServerLike;
  /** Makes the rest of the context, for each operation. */
  readonly context?: ((request: WebSocketRequest) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>) | undefined;
}

/** The rules and defaults of what is left open here are those of {@link composeWebSocketHooks}. */
const optionNames = [
  'schema',
  'server',
  'context',
  'initTimeoutMilliseconds',
  'maxTokens',
  'maxOperations',
] as const satisfies readonly (keyof WebSocketHooksOptions<SecuredContext>)[];

/**
 * Makes the options by which a WebSocket server of graphql-ws is protected like one over HTTP: every operation is checked, and
 * its errors are masked. `Authorization` and `X-API-Key` may stand in `connectionParams`, where browsers can put them, and are
 * verified as the headers of a request are: for the connection, for each operation and for each event, so that a stream ends
 * when its token does, or is taken back, or when its caller has other roles, scopes or claims than it began with. The option `sockets`
 * of `createBulwark` bounds open sockets, operations and events: a socket counts for its address from its upgrade on, and for its
 * caller when it is let in. One too many is closed with 4403; an operation or an event too many is an error, and the socket stays
 * open.
 *
 * @throws {TypeError} for an invalid option, and for a schema that is not secured.
 * @example useServer(webSocketHooks(bulwark, { schema, server }), server)
 */
export function webSocketHooks<C extends SecuredContext>(
  bulwark: Pick<Bulwark<C>, 'context' | 'clientIp' | 'admit' | 'measure' | 'check' | 'mask' | 'sockets'>,
  options: WebSocketHooksOptions<C>,
): WebSocketHooks {
  requireKnownOptions('webSocketHooks', options, optionNames);
  const identify = bulwark.context();
  const make = bulwark.context(options.context);
  return composeWebSocketHooks<C>({
    ...options,
    admit: bulwark.admit,
    measure: bulwark.measure,
    check: bulwark.check,
    mask: bulwark.mask,
    clientIp: bulwark.clientIp,
    limits: bulwark.sockets,
    authenticate: async (connection) => (await identify({ req: buildRequest(connection) })).security.principal,
    async context(connection) {
      try {
        return await make({ req: buildRequest(connection), connectionParams: connection.connectionParams });
      } catch (thrown) {
        // It asks who is calling, as well.
        chooseClose(connection, thrown);
        throw thrown;
      }
    },
    // Logs what is unexpected.
    onFailure: (error) => void bulwark.mask({ errors: [asGraphQLError(error)] }),
  });
}
