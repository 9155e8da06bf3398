/** The HTTP client of the showcase: one POST, and whatever came back. */

import { promisify } from 'node:util';
import { gzip as zip } from 'node:zlib';

export interface GraphQLAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export interface Answer extends GraphQLAnswer {
  /** Of HTTP; 101 for what came over a WebSocket, 0 when nothing came in time. */
  readonly status: number;
  readonly text: string;
  /** One per operation of a batch; one otherwise. */
  readonly results: readonly GraphQLAnswer[];
  /** `extensions.code` of the first error, or the code and reason with which a WebSocket was closed. */
  readonly code: string | undefined;
}

export interface Sent {
  readonly query?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly token?: string;
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string;
  /** In place of query, variables and extensions: this text. */
  readonly body?: string;
  readonly gzip?: boolean;
  /** The address that the proxy in front would have written. Left out: that of {@link comeFrom}. */
  readonly from?: string;
}

let address = '203.0.113.1';

/** Every attacker and every honest client has an address of its own: what one of them does is not counted for the next. */
export function comeFrom(sender: string): void {
  address = sender;
}

export function cameFrom(): string {
  return address;
}

let recorded: Set<string> | undefined;

/** Collects every text that is sent while the work goes on, over HTTP and WebSockets, as a build of the clients would list them. */
export async function recordTexts(work: () => Promise<unknown>): Promise<readonly string[]> {
  const texts = new Set<string>();
  recorded = texts;
  try {
    await work();
  } finally {
    recorded = undefined;
  }
  return [...texts];
}

/** Notes a text that is about to be sent. */
export function noteText(query: string | undefined): void {
  if (query !== undefined) recorded?.add(query);
}

const compress = promisify<string, Buffer>(zip);

export async function send(
  url: string,
  { token, apiKey, body, gzip, from = address, ...request }: Sent,
): Promise<Answer> {
  noteText(request.query);
  const text = body ?? JSON.stringify(request);
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-forwarded-for': from };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (apiKey !== undefined) headers['x-api-key'] = apiKey;
  if (gzip) headers['content-encoding'] = 'gzip';
  const payload = gzip ? new Uint8Array(await compress(text)) : text;
  try {
    const signal = AbortSignal.timeout(20_000);
    const response = await fetch(url, { method: 'POST', headers, body: payload, signal });
    return read(response.status, await response.text());
  } catch (error) {
    return read(0, error instanceof Error ? error.name : 'no answer');
  }
}

export function read(status: number, text: string): Answer {
  let results: readonly GraphQLAnswer[] = [];
  try {
    const parsed = JSON.parse(text) as GraphQLAnswer | readonly GraphQLAnswer[];
    results = Array.isArray(parsed) ? (parsed as readonly GraphQLAnswer[]) : [parsed as GraphQLAnswer];
  } catch {
    // Not JSON: a page, or nothing. The status and the text say what there is to say.
  }
  const code = results.flatMap((result) => result.errors ?? [])[0]?.extensions?.code;
  return { ...results[0], status, text, results, code };
}

/** The value at a path of the data, or undefined. Lists are entered by index. */
export function at(answer: GraphQLAnswer, ...path: readonly (string | number)[]): unknown {
  let value: unknown = answer.data;
  for (const key of path) value = (value as Record<string | number, unknown> | null | undefined)?.[key];
  return value ?? undefined;
}
