/** The WebSocket behind a connection of graphql-ws, where it is one of `ws`. Of any other, nothing is known and nothing is done. */

/** The part of graphql-ws's context that is read. */
export interface Socket {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: unknown;
  /** Operations that run, by their ids. */
  readonly subscriptions?: Readonly<Record<string, unknown>> | undefined;
}

/** The part of a WebSocket of `ws` that is used. */
export interface WebSocketLike {
  readonly readyState?: number;
  readonly bufferedAmount?: number;
  readonly isPaused?: boolean;
  readonly close?: (code: number, reason: string) => void;
  readonly terminate?: () => void;
  readonly pause?: () => void;
  readonly resume?: () => void;
  readonly on?: (event: 'message', listener: () => void) => void;
  readonly once?: (event: 'close', listener: () => void) => void;
  send?: (...values: unknown[]) => void;
  emit?: (event: string, ...values: unknown[]) => boolean;
}

/** `WebSocket.CLOSING` and `WebSocket.CLOSED`. */
const closing = 2;
const closed = 3;

/** What may wait for a client to read it. */
const maxUnreadBytes = 262_144;

/** No event tells that a client has read: what is still to be compressed waits as well. */
const lookAgainMilliseconds = 50;

/** How long a client that was let in, or was refused, may take to answer a close. */
const closeMilliseconds = 1_000;
const ending = new WeakSet<WebSocketLike>();

/** Closes, and ends the connection of a client that leaves the close unanswered: `ws` would wait for half a minute. */
export function closeSocket(webSocket: WebSocketLike, code: number, reason: string): void {
  webSocket.close?.(code, reason);
  if (ending.has(webSocket)) return;
  ending.add(webSocket);
  setTimeout(() => webSocket.terminate?.(), closeMilliseconds).unref();
}

/** Says why, and ends the connection without waiting for the client. */
export function endNow(webSocket: WebSocketLike, code: number, reason: string): void {
  webSocket.close?.(code, reason);
  webSocket.terminate?.();
}

export function isClosed({ extra }: Socket): boolean {
  return (findWebSocket(extra)?.readyState ?? 0) >= closing;
}

/**
 * @param read told after graphql-ws has read a message.
 * @param gone not by the hook of graphql-ws alone: that waits for streams to end, and a silent one may not for hours.
 */
export function watchSocket(socket: Socket, read: () => void, gone: () => void): void {
  const webSocket = findWebSocket(socket.extra);
  webSocket?.once?.('close', gone);
  webSocket?.on?.('message', () => {
    read();
    holdBack(socket);
  });
}

/**
 * Reads no more of a client that does not read: every message has an answer, and answers that are not taken would wait in the
 * memory of this process until there is none left. What graphql-ws pings, and is not answered, it ends.
 */
export function holdBack({ extra }: Socket): void {
  const webSocket = findWebSocket(extra);
  if (!webSocket?.pause || webSocket.isPaused || !isUnread(webSocket)) return;
  webSocket.pause();
  const readOn = (): void => {
    if (isUnread(webSocket)) setTimeout(readOn, lookAgainMilliseconds).unref();
    else webSocket.resume?.();
  };
  readOn();
}

function isUnread({ readyState, bufferedAmount = 0 }: WebSocketLike): boolean {
  return readyState !== closed && bufferedAmount > maxUnreadBytes;
}

export function findWebSocket(extra: unknown): WebSocketLike | undefined {
  return (extra as { readonly socket?: WebSocketLike } | undefined)?.socket;
}
