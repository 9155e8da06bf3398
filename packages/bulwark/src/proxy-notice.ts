/** Notices a proxy that `clientAddress` does not know of: all who come through it share one address, and what is limited by it. */
import { type ClientAddressOptions, inNetworks, normalizeAddress, type RequestOrigin } from '@graphql-bulwark/core';

/** Where proxies of one's own stand (RFC 1918, RFC 4193, RFC 6598, loopback). Anybody else who sends the header makes it up. */
const isPrivate = inNetworks([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '::1',
  'fc00::/7',
]);

/** Told of each request; warns once. `trustedHops: 0` says that there is no proxy. */
export function proxyNotice(
  { trustedHops, trustedProxies }: ClientAddressOptions,
  warn: (message: string) => void,
): (request: RequestOrigin) => void {
  let isTold = trustedHops !== undefined;
  const isKnown = trustedProxies ? inNetworks(trustedProxies) : () => false;
  return ({ socket, headers }) => {
    if (isTold || headers?.['x-forwarded-for'] === undefined) return;
    const remote = socket?.remoteAddress ?? '';
    if (remote !== '' && (!isPrivate(remote) || isKnown(remote))) return;
    isTold = true;
    warn(
      `clientAddress: a proxy at ${normalizeAddress(remote, 128) ?? 'no address'} forwards requests, and clientAddress does not ` +
        'say that it is yours. Its address counts for all that come through it: one client can use up what all may do. ' +
        'Give trustedHops or trustedProxies; trustedHops: 0 where there is none.',
    );
  };
}
