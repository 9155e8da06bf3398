/**
 * Stops: connections held open by requests that never end, and header blocks that never stop.
 * Room: Node's HTTP server, before any framework.
 * Answers: 408 for a slow request, 431 for large headers (RFC 6585 section 5), both by Node itself.
 */
import type { ServerOptions } from 'node:http';
import { knownOptions, wholeNumber } from '@graphql-bulwark/core';

export interface HttpLimits {
  /** Seconds for a whole request, its body included. @default 30 */
  readonly requestSeconds?: number | undefined;
  /** Seconds for the headers. Left out: 10, or `requestSeconds` where that is less. */
  readonly headersSeconds?: number | undefined;
  /** Bytes of all headers together. @default 16384 */
  readonly maxHeaderBytes?: number | undefined;
  /** Seconds for which an idle connection is kept. @default 5 */
  readonly keepAliveSeconds?: number | undefined;
}

/**
 * Options for `http.createServer()`, and for `http` of Fastify.
 *
 * @throws {TypeError} for a value that cannot be meant.
 * @example createServer(httpLimits({ requestSeconds: 10 }), app)
 */
export function httpLimits(options: HttpLimits = {}): ServerOptions {
  knownOptions('httpLimits', options, ['requestSeconds', 'headersSeconds', 'maxHeaderBytes', 'keepAliveSeconds']);
  const { requestSeconds = 30, maxHeaderBytes = 16_384, keepAliveSeconds = 5 } = options;
  const { headersSeconds = Math.min(10, requestSeconds) } = options;
  const requestTimeout = wholeNumber('httpLimits: requestSeconds', requestSeconds) * 1_000;
  const headersTimeout = wholeNumber('httpLimits: headersSeconds', headersSeconds) * 1_000;
  if (headersTimeout > requestTimeout) {
    throw new TypeError('httpLimits: headersSeconds must not be more than requestSeconds.');
  }
  return {
    requestTimeout,
    headersTimeout,
    maxHeaderSize: wholeNumber('httpLimits: maxHeaderBytes', maxHeaderBytes, 1_024),
    keepAliveTimeout: wholeNumber('httpLimits: keepAliveSeconds', keepAliveSeconds) * 1_000,
    // How often Node looks for connections that are too slow; by itself only every 30 seconds.
    connectionsCheckingInterval: Math.min(1_000, headersTimeout),
  };
}
