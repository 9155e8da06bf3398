/** One connection of graphql-ws: what it is known by, who was let in, and until when. */
import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Principal, SecurityContext } from '@graphql-bulwark/core';
import { longestTimer, readRefusalCode } from '@graphql-bulwark/core/internal';
import { deriveRequest } from '../context.ts';
import { RunningOperations } from './running-operations.ts';
import { closeSocket, findWebSocket, type Socket, watchSocket } from './socket.ts';

/** What a connection is known by. */
export interface Connection {
  /** As the client sent them in `connection_init`. */
  readonly connectionParams: Readonly<Record<string, unknown>>;
  /** What the WebSocket library adds: with `ws`, `{ socket, request }`. */
  readonly extra: unknown;
}

export function findConnection({ connectionParams = {}, extra }: Socket): Connection {
  return { connectionParams, extra };
}

/** The request that was upgraded, as `ws` hands it on. */
export function findUpgradeRequest({ extra }: Pick<Connection, 'extra'>): IncomingMessage {
  return (extra as { readonly request: IncomingMessage }).request;
}

const credentialNames = ['authorization', 'x-api-key'];

/** The upgrade request, with the credentials of `connectionParams` among its headers. One in both places is one too many. */
export function buildRequest(connection: Connection): IncomingMessage {
  const request = findUpgradeRequest(connection);
  const headers: Record<string, string | string[] | undefined> = { ...request.headers };
  const rawHeaders = [...request.rawHeaders];
  for (const [name, value] of Object.entries(connection.connectionParams)) {
    const header = name.toLowerCase();
    if (!credentialNames.includes(header)) continue;
    // What is no text is no credential, and must not pass for none.
    const sent = typeof value === 'string' ? value : '';
    headers[header] = headers[header] === undefined ? sent : [headers[header], sent].flat();
    rawHeaders.push(header, sent);
  }
  return deriveRequest(request, { headers, rawHeaders });
}

/** Closes a connection for what was thrown: 1013 (try again later) where we cannot know who is asking, otherwise 4403. */
export function chooseClose({ extra }: Pick<Connection, 'extra'>, thrown: unknown): void {
  const webSocket = findWebSocket(extra);
  if (!webSocket) return;
  if (readRefusalCode(thrown) === 'SERVICE_UNAVAILABLE') closeSocket(webSocket, 1013, 'Try again later');
  else closeSocket(webSocket, 4403, 'Forbidden');
}

/**
 * A stream is executed with the rights that it began with: a caller who has others by now has to ask again. Claims are rights as
 * well: owners are compared with them, and policies read them.
 */
export function haveSameRights(now: Principal | null, before: Principal | null | undefined): boolean {
  if (!now || !before) return !now && !before;
  const rightsOf = ({ id, roles, scopes, claims }: Principal) => [
    id,
    roles.toSorted(),
    scopes.toSorted(),
    { ...claims },
  ];
  // A token that is remembered is the same principal for each event.
  return now === before || isDeepStrictEqual(rightsOf(now), rightsOf(before));
}

/** A connection that was let in. It is closed when the credential of its caller ends. */
export class OpenConnection {
  readonly security: SecurityContext;
  readonly running: RunningOperations;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;

  /** @param gone told once the socket has closed. */
  constructor(socket: Socket, security: SecurityContext, maxOperations: number, gone: () => void) {
    this.#socket = socket;
    this.security = security;
    this.running = new RunningOperations(maxOperations);
    this.#closeAtEnd();
    watchSocket(socket, () => socket.subscriptions && this.running.endUnlisted(socket.subscriptions), gone);
  }

  #closeAtEnd(): void {
    const expiresAt = this.security.principal?.expiresAt;
    if (expiresAt === undefined) return;
    const left = expiresAt * 1_000 - Date.now();
    if (!(left > 0)) {
      chooseClose(this.#socket, undefined);
      return;
    }
    // A later end is waited for in steps.
    this.#timer = setTimeout(() => this.#closeAtEnd(), Math.min(left, longestTimer)).unref();
  }

  /** Ends the streams of a connection that is gone. */
  end(): void {
    clearTimeout(this.#timer);
    this.running.end();
  }
}
