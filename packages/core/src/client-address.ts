/**
 * Where a request comes from: the socket's address, or the one that a trusted proxy wrote.
 *
 * `X-Forwarded-For` grows to the right, and only its right end was written by proxies one runs. So trusted hops are counted
 * from the right, and what stands left of them is never read: a client can put anything there.
 */
import { isIP } from 'node:net';
import { wholeNumber } from './options.ts';

export interface ClientAddressOptions {
  /** Proxies of one's own between the client and this process. 0: the socket's address. @default 0 */
  readonly trustedHops?: number | undefined;
  /** Bits of an IPv6 address that name one client. @default 64 */
  readonly ipv6PrefixBits?: number | undefined;
}

/** The part of an HTTP request that names its sender; `http.IncomingMessage` and Express requests fit. */
export interface RequestOrigin {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
  readonly headers?: { readonly [name: string]: string | readonly string[] | undefined } | undefined;
}

/**
 * Compiles the options to a function from a request to its normalised address, or `null` where there is none.
 *
 * @throws {TypeError} for an option out of range.
 */
export function clientAddress(options: ClientAddressOptions = {}): (request: RequestOrigin) => string | null {
  const { trustedHops = 0, ipv6PrefixBits = 64 } = options;
  wholeNumber('trustedHops', trustedHops, 0);
  if (wholeNumber('ipv6PrefixBits', ipv6PrefixBits, 1) > 128) {
    throw new TypeError(`ipv6PrefixBits must be at most 128, but is ${ipv6PrefixBits}.`);
  }
  return ({ socket, headers }) => {
    const ofSocket = normalizeAddress(socket?.remoteAddress ?? '', ipv6PrefixBits);
    if (trustedHops === 0) return ofSocket;
    const header = headers?.['x-forwarded-for'];
    const hops = (typeof header === 'string' ? header : (header?.join(',') ?? '')).split(',');
    return normalizeAddress(hops.at(-trustedHops) ?? '', ipv6PrefixBits) ?? ofSocket;
  };
}

/** One spelling per client: no port, brackets or zone; IPv4-mapped IPv6 as IPv4; IPv6 cut to its prefix. `null` for anything else. */
export function normalizeAddress(text: string, ipv6PrefixBits = 64): string | null {
  const trimmed = text.trim();
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.split('%', 1)[0] ?? '';
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6) return null;
  const groups = expand(address);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const [high = 0, low = 0] = groups.slice(6);
  if (mapped) return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  const cut = groups.map((group, i) => {
    const bits = Math.min(16, Math.max(0, ipv6PrefixBits - 16 * i));
    return (group & (0xffff << (16 - bits)) & 0xffff).toString(16);
  });
  return `${cut.join(':')}/${ipv6PrefixBits}`;
}

/** The eight groups of a valid IPv6 address (RFC 4291 section 2.2). */
function expand(address: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [a = 0, b = 0, c = 0, d = 0] = dotted ? dotted.slice(1).map(Number) : [];
  const hex = dotted
    ? `${address.slice(0, dotted.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    : address;
  const [left = '', right] = hex.split('::');
  const groups = (side: string): number[] => (side ? side.split(':').map((group) => Number.parseInt(group, 16)) : []);
  if (right === undefined) return groups(left);
  const [head, tail] = [groups(left), groups(right)];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
