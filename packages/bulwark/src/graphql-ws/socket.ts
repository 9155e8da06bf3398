/** The WebSocket behind a connection of graphql-ws, if it is one of `ws`. With another library these functions do nothing. */

/** The part of a connection's context in graphql-ws that is read. */
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

/** How much may be waiting to be sent to a client. */
const maxUnreadBytes = 262_144;

/** How often to look whether a client has read. There is no event for it, because data that is still to be compressed waits as well. */
const lookAgainMilliseconds = 50;

/** How long a client may take to answer when its connection is closed. */
const closeMilliseconds = 1_000;
const ending = new WeakSet<WebSocketLike>();

/** Closes a connection, and ends it if the client does not answer in a second. `ws` by itself would wait for half a minute. */
export function closeSocket(webSocket: WebSocketLike, code: number, reason: string): void {
  webSocket.close?.(code, reason);
  if (ending.has(webSocket)) return;
  ending.add(webSocket);
  setTimeout(() => webSocket.terminate?.(), closeMilliseconds).unref();
}

/** Sends the reason, and ends the connection without waiting for the client. */
export function endNow(webSocket: WebSocketLike, code: number, reason: string): void {
  webSocket.close?.(code, reason);
  webSocket.terminate?.();
}

/** Whether a connection is closed or closing. */
export function isClosed({ extra }: Socket): boolean {
  return (findWebSocket(extra)?.readyState ?? 0) >= closing;
}

/**
 * Watches a socket that was let in.
 *
 * @param read called after graphql-ws has read a message.
 * @param gone called when it closes. The hook of graphql-ws is later than that: it waits for streams to end, which can take hours.
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
 * Stops reading from a client that does not read what it is sent. Every message has an answer, and a client could send messages and leave
 * the answers in the memory of this process until there is none left. If the client never reads on, graphql-ws ends the connection,
 * because its pings are not answered.
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

/** @returns the WebSocket of a connection; `undefined` where graphql-ws does not run on `ws`. */
export function findWebSocket(extra: unknown): WebSocketLike | undefined {
  return (extra as { readonly socket?: WebSocketLike } | undefined)?.socket;
}
