/** The options of `useServer` of graphql-ws, made from a Bulwark or from its parts. */
import type { SecuredContext } from '@graphql-bulwark/core';
import { asGraphQLError, requireKnownOptions } from '@graphql-bulwark/core/internal';
import type { GraphQLSchema } from 'graphql';
import type { HttpRequest } from '../context.ts';
import type { Bulwark } from '../create.ts';
import { buildRequest, closeConnection } from './connection.ts';
import { composeWebSocketHooks, type WebSocketBounds, type WebSocketHooks } from './hooks.ts';
import type { WebSocketServerLike } from './upgraded-sockets.ts';

export type { Connection } from './connection.ts';
export { composeWebSocketHooks, type WebSocketBounds, type WebSocketHooks, type WebSocketParts } from './hooks.ts';
export type { Socket, WebSocketLike } from './socket.ts';
export type { WebSocketServerLike } from './upgraded-sockets.ts';

/** What {@link webSocketHooks} needs beside a Bulwark. */
export interface WebSocketHooksOptions<C extends SecuredContext> extends WebSocketBounds {
  /** The schema that `bulwark.secure()` returned. */
  readonly schema: GraphQLSchema;
  /** The `WebSocketServer` that is passed to `useServer`, too: its sockets are counted from their upgrade on. */
  readonly server: WebSocketServerLike;
  /** Makes the rest of the context, for each operation. */
  readonly context?: ((request: HttpRequest) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>) | undefined;
}

/** The values are checked by {@link composeWebSocketHooks}, which also has the defaults. */
const optionNames = [
  'schema',
  'server',
  'context',
  'initTimeoutMilliseconds',
  'maxTokens',
  'maxOperations',
] as const satisfies readonly (keyof WebSocketHooksOptions<SecuredContext>)[];

/**
 * Makes the options with which a WebSocket server of graphql-ws has the protection of a server over HTTP: every operation is checked, and
 * its errors are masked.
 *
 * `Authorization` and `X-API-Key` may stand in `connectionParams`, because browsers can set no headers for WebSockets. They are verified
 * for the connection, for each operation and for each event. So a stream ends when its token expires or is revoked, and when its caller has
 * other roles, scopes or claims than at its start.
 *
 * The option `sockets` of `createBulwark` limits open sockets, operations and events. A socket counts for its address from its upgrade on,
 * and for its caller when it is let in. Above the limit a socket is closed with 4403. An operation or an event above its limit is an error,
 * and the socket stays open.
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
        return await make({ req: buildRequest(connection) });
      } catch (thrown) {
        // Making the context authenticates the caller as well, so an error here can mean that the credential is not valid any more.
        closeConnection(connection, thrown);
        throw thrown;
      }
    },
    // Masking logs unexpected errors.
    onFailure: (error) => void bulwark.mask({ errors: [asGraphQLError(error)] }),
  });
}
