/**
 * Stops: clients that hold connections open with requests that never end, or send headers without end.
 * Room: Node's HTTP server, before any framework.
 * Answers: 408 for a slow request, 431 for large headers (RFC 6585 section 5), both by Node itself.
 */
import type { ServerOptions } from 'node:http';
import { atLeast, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';

/** How long and how large requests may be before they are read. */
export interface HttpLimits {
  /** Seconds for a whole request, its body included. Whole number, 1 or more. @default 30 */
  readonly requestSeconds?: number | undefined;
  /** Seconds for the headers. Whole number, 1 or more. Left out: 10, or `requestSeconds` where that is less. */
  readonly headersSeconds?: number | undefined;
  /** Bytes of all headers together. Whole number, 1024 or more. @default 16384 */
  readonly maxHeaderBytes?: number | undefined;
  /** Seconds for which an idle connection is kept open. Whole number, 1 or more. @default 5 */
  readonly keepAliveSeconds?: number | undefined;
}

const optionTable = {
  requestSeconds: { default: 30, check: atLeast(1) },
  headersSeconds: { check: atLeast(1) },
  maxHeaderBytes: { default: 16_384, check: atLeast(1_024) },
  keepAliveSeconds: { default: 5, check: atLeast(1) },
} satisfies OptionTable<HttpLimits>;

/**
 * Makes the options for `http.createServer()`, and for `http` of Fastify.
 *
 * @throws {TypeError} for an invalid option.
 * @example createServer(httpLimits({ requestSeconds: 10 }), app)
 */
export function httpLimits(options: HttpLimits = {}): ServerOptions {
  const settings = readOptions('httpLimits', options, optionTable);
  const { requestSeconds, maxHeaderBytes, keepAliveSeconds } = settings;
  const { headersSeconds = Math.min(10, requestSeconds) } = settings;
  if (headersSeconds > requestSeconds) {
    throw new TypeError(
      `httpLimits: headersSeconds (${headersSeconds}) must not be more than requestSeconds (${requestSeconds}).`,
    );
  }
  return {
    requestTimeout: requestSeconds * 1_000,
    headersTimeout: headersSeconds * 1_000,
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveSeconds * 1_000,
    // Node looks for connections that are too slow in this interval, which by default is 30 seconds.
    connectionsCheckingInterval: 1_000,
  };
}
