/** The WebSocket behind a connection of graphql-ws, where it is one of `ws`. Of any other, nothing is known and nothing is done. */

/** The part of graphql-ws's context that is read. */
export interface Socket {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
  readonly extra: unknown;
}

interface WebSocketLike {
  readonly readyState?: number;
  readonly bufferedAmount?: number;
  readonly isPaused?: boolean;
  readonly close?: (code: number, reason: string) => void;
  readonly pause?: () => void;
  readonly resume?: () => void;
  readonly on?: (event: 'message', listener: () => void) => void;
  readonly once?: (event: 'close', listener: () => void) => void;
}

/** `WebSocket.CLOSED`. */
const closed = 3;

/** What may wait for a client to read it. */
const maxUnreadBytes = 262_144;

/** No event tells that a client has read: what is still to be compressed waits as well. */
const lookAgainMilliseconds = 50;

export function close({ extra }: Socket): void {
  webSocketOf(extra)?.close?.(4403, 'Forbidden');
}

export function isClosed({ extra }: Socket): boolean {
  return webSocketOf(extra)?.readyState === closed;
}

/** @param gone not by the hook of graphql-ws alone: that waits for streams to end, and a silent one may not for hours. */
export function watch(socket: Socket, gone: () => void): void {
  const webSocket = webSocketOf(socket.extra);
  webSocket?.once?.('close', gone);
  webSocket?.on?.('message', () => holdBack(socket));
}

/**
 * Reads no more of a client that does not read: every message has an answer, and answers that nobody takes would wait in the
 * memory of this process until there is none left. What graphql-ws pings, and is not answered, it ends.
 */
export function holdBack({ extra }: Socket): void {
  const webSocket = webSocketOf(extra);
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

function webSocketOf(extra: unknown): WebSocketLike | undefined {
  return (extra as { readonly socket?: WebSocketLike } | undefined)?.socket;
}
