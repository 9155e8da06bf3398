/**
 * Stops: connections that are opened and never say who they are, and logs that are filled by clients that break off.
 * Room: the `connection` event of the WebSocket server: the hooks of graphql-ws first see a socket in `connection_init`.
 * Answers: 4408, and ends the connection without waiting for the client to agree.
 */
import type { IncomingMessage } from 'node:http';
import { endNow, type Socket, type WebSocketLike } from './socket.ts';

/** A socket as it comes out of the upgrade. */
export interface Upgraded {
  readonly socket: WebSocketLike;
  readonly request: IncomingMessage;
}

/** The part of a `WebSocketServer` of `ws` that is used. */
export interface WebSocketServerLike {
  on(event: 'connection', listener: (socket: WebSocketLike, request: IncomingMessage) => void): unknown;
}

export interface UpgradedSocketsOptions {
  readonly server: WebSocketServerLike;
  readonly initTimeoutMilliseconds: number;
  /** Told of each socket as soon as it is open, before its client has said anything. */
  readonly onOpen: (upgraded: Upgraded) => void;
  /** Told of what `onOpen` throws: the socket is ended. */
  readonly onFailure: (error: unknown) => void;
}

export interface UpgradedSockets {
  /** Its client has sent `connection_init` in time. @throws {Error} for a socket of another server. */
  readonly saidInit: (socket: Socket) => void;
}

const watched = new WeakSet<WebSocketServerLike>();

/** @throws {TypeError} for a server that was given before. */
export function watchUpgrades({
  server,
  initTimeoutMilliseconds,
  onOpen,
  onFailure,
}: UpgradedSocketsOptions): UpgradedSockets {
  if (watched.has(server)) {
    throw new TypeError(
      'webSocketHooks: server is watched already, and only one would let its sockets in: call this once.',
    );
  }
  watched.add(server);
  const waiting = new WeakMap<object, NodeJS.Timeout>();

  server.on('connection', (socket, request) => {
    silence(socket);
    const late = setTimeout(endNow, initTimeoutMilliseconds, socket, 4408, 'Connection initialisation timeout').unref();
    waiting.set(socket, late);
    socket.once?.('close', () => clearTimeout(late));
    try {
      onOpen({ socket, request });
    } catch (error) {
      onFailure(error);
      endNow(socket, 4403, 'Forbidden');
    }
  });

  return {
    saidInit({ extra }) {
      const { socket } = (extra ?? {}) as Partial<Upgraded>;
      const late = socket && waiting.get(socket);
      if (!late) {
        throw new Error(
          'webSocketHooks: this socket is of another server than the option server: give both the same. After handleUpgrade() of ' +
            "your own, say so: server.emit('connection', socket, request).",
        );
      }
      clearTimeout(late);
    },
  };
}

/**
 * How a socket closes tells that its client has gone or has sent a broken frame. Reported as errors, each answer that was still to
 * be sent would become a line with a stack, and clients that reset their connections would fill the log.
 */
function silence(socket: WebSocketLike): void {
  const { send, emit } = socket;
  if (!send || !emit) return;
  socket.send = (...values) => {
    const sent = values.at(-1);
    send.apply(socket, typeof sent === 'function' ? [...values.slice(0, -1), () => sent()] : values);
  };
  socket.emit = (event, ...values) => event === 'error' || emit.call(socket, event, ...values);
}
