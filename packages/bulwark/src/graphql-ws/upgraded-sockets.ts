/**
 * Stops: clients that open connections and never send `connection_init`, and clients that fill the log by breaking connections off.
 * Room: the `connection` event of the WebSocket server, because the hooks of graphql-ws see a socket only with `connection_init`.
 * Answers: 4408, and ends the connection without waiting for the client.
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

/** Which server to watch, and what to call. */
export interface UpgradedSocketsOptions {
  readonly server: WebSocketServerLike;
  /** How long a client may take to send `connection_init`. */
  readonly initTimeoutMilliseconds: number;
  /** Called with each socket as soon as it is open, before its client has sent anything. */
  readonly onOpen: (upgraded: Upgraded) => void;
  /** Gets what `onOpen` throws; the socket is then ended. */
  readonly onFailure: (error: unknown) => void;
}

/** The sockets of one server. */
export interface UpgradedSockets {
  /** To be called when a client has sent `connection_init`. @throws {Error} for a socket of another server. */
  readonly saidInit: (socket: Socket) => void;
}

const watched = new WeakSet<WebSocketServerLike>();

/** Watches the sockets of a server from their upgrade on. @throws {TypeError} for a server that is watched already. */
export function watchUpgrades({
  server,
  initTimeoutMilliseconds,
  onOpen,
  onFailure,
}: UpgradedSocketsOptions): UpgradedSockets {
  if (watched.has(server)) {
    throw new TypeError('webSocketHooks: this server already has hooks. Make them once per WebSocketServer.');
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
          'webSocketHooks: this socket belongs to another server than the option server. Pass the same one to both. If you call ' +
            "handleUpgrade() yourself, call server.emit('connection', socket, request) after it.",
        );
      }
      clearTimeout(late);
    },
  };
}

/**
 * Keeps errors of a connection out of the log. A client that resets its connection would otherwise cause an error with a stack trace for
 * each message that was still to be sent, and could fill the log. That the client has gone, or has sent a broken frame, is known from the
 * `close` event.
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
