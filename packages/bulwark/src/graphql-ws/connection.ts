/** One connection of graphql-ws: what its client sent, who its caller is, and until when it is open. */
import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { Principal, SecurityContext } from '@graphql-bulwark/core';
import { longestTimer, readRefusalCode } from '@graphql-bulwark/core/internal';
import { deriveRequest } from '../request-head.ts';
import { RunningOperations } from './running-operations.ts';
import { closeSocket, findWebSocket, type Socket, watchSocket } from './socket.ts';

/** What a connection is authenticated by. */
export interface Connection {
  /** As the client sent them in `connection_init`. */
  readonly connectionParams: Readonly<Record<string, unknown>>;
  /** What the WebSocket library adds: with `ws`, `{ socket, request }`. */
  readonly extra: unknown;
}

/** Reads a connection from the context of graphql-ws. */
export function findConnection({ connectionParams = {}, extra }: Socket): Connection {
  return { connectionParams, extra };
}

/** @returns the request that was upgraded, which `ws` passes on. */
export function findUpgradeRequest({ extra }: Pick<Connection, 'extra'>): IncomingMessage {
  return (extra as { readonly request: IncomingMessage }).request;
}

const credentialNames = ['authorization', 'x-api-key'];

/**
 * Makes a request of the upgrade request and `connectionParams`, whose credentials become headers. A credential in both places is sent
 * twice, which is refused.
 */
export function buildRequest(connection: Connection): IncomingMessage {
  const request = findUpgradeRequest(connection);
  const headers: Record<string, string | string[] | undefined> = { ...request.headers };
  const rawHeaders = [...request.rawHeaders];
  for (const [name, value] of Object.entries(connection.connectionParams)) {
    const header = name.toLowerCase();
    if (!credentialNames.includes(header)) continue;
    // A value that is no text must be refused as an invalid credential, and not be taken for an anonymous caller.
    const sent = typeof value === 'string' ? value : '';
    headers[header] = headers[header] === undefined ? sent : [headers[header], sent].flat();
    rawHeaders.push(header, sent);
  }
  return deriveRequest(request, { headers, rawHeaders }) as IncomingMessage;
}

/** Closes a connection after an error: with 1013 (try again later) where the caller could not be verified, otherwise with 4403. */
export function closeConnection({ extra }: Pick<Connection, 'extra'>, thrown: unknown): void {
  const webSocket = findWebSocket(extra);
  if (!webSocket) return;
  if (readRefusalCode(thrown) === 'SERVICE_UNAVAILABLE') closeSocket(webSocket, 1013, 'Try again later');
  else closeSocket(webSocket, 4403, 'Forbidden');
}

/**
 * Whether a caller still has the rights with which a stream began, because the stream is executed with those. Claims count as rights:
 * owners are compared with them, and policies read them.
 */
export function haveSameRights(now: Principal | null, before: Principal | null | undefined): boolean {
  if (!now || !before) return !now && !before;
  const listRights = ({ id, roles, scopes, claims }: Principal) => [
    id,
    roles.toSorted(),
    scopes.toSorted(),
    { ...claims },
  ];
  // A cached token gives the same object for each event, which need not be compared.
  return now === before || isDeepStrictEqual(listRights(now), listRights(before));
}

/** A connection that was let in. It is closed when the credential of its caller expires. */
export class OpenConnection {
  readonly security: SecurityContext;
  readonly running: RunningOperations;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;

  /** @param maxOperations that run at a time. @param gone called when the socket has closed. */
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
      closeConnection(this.#socket, undefined);
      return;
    }
    // A timer cannot be longer than about 24 days, so a later end is waited for in steps.
    this.#timer = setTimeout(() => this.#closeAtEnd(), Math.min(left, longestTimer)).unref();
  }

  /** Ends the streams of a connection that is gone. */
  end(): void {
    clearTimeout(this.#timer);
    this.running.end();
  }
}
