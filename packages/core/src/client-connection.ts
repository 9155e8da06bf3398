/**
 * Whether a client is still there. Work for a client that has gone is work for no one: it should stop, and make room for the
 * requests of others.
 */

import { hasMethods } from './lib/read-options.ts';

/** The part of a socket that is used: that of an HTTP request, or any other that says when it is closed. */
export interface SocketLike {
  readonly destroyed?: boolean | undefined;
  readonly once: (event: 'close', listener: () => void) => unknown;
}

/** The connection to one client, over which several requests may come one after the other or at the same time. */
export class ClientConnection {
  #isGone = false;
  readonly #watchers = new Set<() => void>();

  /** Whether it has been closed. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Calls a function when the connection closes; at once where it is closed already. Must be followed by {@link unwatch}. */
  watch(gone: () => void): void {
    if (this.#isGone) gone();
    else this.#watchers.add(gone);
  }

  /** Stops watching: a connection may be kept alive for many requests. */
  unwatch(gone: () => void): void {
    this.#watchers.delete(gone);
  }

  /** Tells all who watch that it has been closed. */
  close(): void {
    this.#isGone = true;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const gone of watchers) gone();
  }
}

const bySocket = new WeakMap<object, ClientConnection>();

/**
 * Finds or makes the connection of a socket. A socket gets one listener, whatever the number of its requests.
 *
 * @returns `undefined` for what says nothing of its end, such as the socket of a request that an adapter has made up.
 */
export function findConnection(candidate: object | undefined): ClientConnection | undefined {
  if (!candidate || !hasMethods(candidate, 'once')) return undefined;
  const socket = candidate as SocketLike;
  const known = bySocket.get(socket);
  if (known) return known;
  const connection = new ClientConnection();
  bySocket.set(socket, connection);
  if (socket.destroyed) connection.close();
  else socket.once('close', () => connection.close());
  return connection;
}
