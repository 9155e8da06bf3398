/**
 * Notices when `clientAddress` does not fit the proxies in front of the server. Behind a proxy that it does not know, all clients have the
 * address of the proxy and share its limits. And a client that can reach the server without passing the proxies that it counts can write
 * any address into the header.
 */
import type { ClientAddressOptions, RequestOrigin } from '@graphql-bulwark/core';
import { createNetworkTest, normalizeAddress, readForwardedHops } from '@graphql-bulwark/core/internal';

/**
 * Networks in which an operator's own proxies are (RFC 1918, RFC 4193, RFC 6598, loopback). A sender in another network is a client that
 * has invented the header, and no reason for a warning.
 */
const isPrivate = createNetworkTest([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '::1',
  'fc00::/7',
]);

/**
 * Makes a function that checks each request. It warns once, so that health checks that do not come through the proxies do not fill the log.
 */
export function createProxyNotice(
  options: ClientAddressOptions,
  warn: (message: string) => void,
): (request: RequestOrigin) => void {
  const describeMistake =
    options.trustedHops === undefined ? describeUnknownProxy(options) : describeMissingProxy(options.trustedHops);
  let isTold = false;
  return (request) => {
    const mistake = isTold ? undefined : describeMistake(request);
    if (mistake === undefined) return;
    isTold = true;
    warn(`clientAddress: ${mistake}`);
  };
}

type DescribeMistake = (request: RequestOrigin) => string | undefined;

/** Describes a request that was forwarded by a proxy that no option names. */
function describeUnknownProxy({ trustedProxies }: ClientAddressOptions): DescribeMistake {
  const isKnown = trustedProxies ? createNetworkTest(trustedProxies) : () => false;
  return ({ socket, headers }) => {
    if (headers?.['x-forwarded-for'] === undefined) return undefined;
    const remote = socket?.remoteAddress ?? '';
    if (remote !== '' && (!isPrivate(remote) || isKnown(remote))) return undefined;
    return (
      `a proxy at ${findSender(remote)} forwards requests, and clientAddress does not ` +
      'say that it is yours. All clients behind it count as one address, so one of them can use up the limits of all. ' +
      'Give trustedHops or trustedProxies; trustedHops: 0 where there is none.'
    );
  };
}

/** Describes a request that passed fewer proxies than `trustedHops` counts. */
function describeMissingProxy(trustedHops: number): DescribeMistake {
  return ({ socket, headers }) => {
    const passed = readForwardedHops(headers).filter((hop) => hop.trim() !== '').length;
    if (passed >= trustedHops) return undefined;
    return (
      `trustedHops is ${trustedHops}, but a request from ${findSender(socket?.remoteAddress)} has ${passed} in X-Forwarded-For, ` +
      'so it did not come through all of your proxies. A client that can do so may write any address into that header, and ' +
      'limits by address do not hold it. Let nothing but your proxies and health checks connect to this server, or give the number ' +
      'of proxies that every request passes: trustedHops: 0 where there is none.'
    );
  };
}

function findSender(remoteAddress: string | undefined): string {
  return normalizeAddress(remoteAddress ?? '', 128) ?? 'no address';
}
