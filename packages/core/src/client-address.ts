/**
 * Where a request comes from: the address of the socket, or the one that a trusted proxy wrote.
 *
 * Each proxy appends to `X-Forwarded-For`, so only the right end of that header was written by one's own proxies; a client
 * can write anything to the left of it. So trusted hops are counted from the right, and the rest is never read. Where the
 * number of proxies varies, their networks are listed instead: the client is the first address from the right that is in none
 * of them.
 */
import { BlockList, isIP } from 'node:net';
import { atLeast, between, fullListOf, type OptionTable, readOptions } from './lib/read-options.ts';
import { type RequestHeaders, readHeaderValues } from './request-headers.ts';

/** Options of {@link clientAddress}. */
export interface ClientAddressOptions {
  /**
   * Number of one's own proxies between the client and this process. Whole number; 0 uses the address of the socket.
   *
   * @default 0
   */
  readonly trustedHops?: number | undefined;
  /**
   * Networks of one's own proxies in CIDR notation, such as `['10.0.0.0/8', 'fd00::/8']`, in place of `trustedHops`. Left
   * out: none.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Bits of an IPv6 address that name one client, from 1 to 128: a client usually has a whole /64 network. @default 64 */
  readonly ipv6PrefixBits?: number | undefined;
}

/**
 * The part of an HTTP request that names its sender; `http.IncomingMessage` and Express requests fit. A `Request` of the Fetch
 * standard fits as well, and has no socket: its address is `null` unless `trustedHops` finds one in its headers.
 */
export interface RequestOrigin {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
  readonly headers?: RequestHeaders | undefined;
}

const optionTable = {
  trustedHops: { default: 0, check: atLeast(0) },
  trustedProxies: { check: checkNetworks },
  ipv6PrefixBits: { default: 64, check: between(1, 128) },
} satisfies OptionTable<ClientAddressOptions>;

/**
 * Compiles the options to a function from a request to its normalised address, or `null` where there is none.
 *
 * @throws {TypeError} for an invalid option, and for both `trustedHops` and `trustedProxies`.
 */
export function clientAddress(options: ClientAddressOptions = {}): (request: RequestOrigin) => string | null {
  const { trustedHops, trustedProxies, ipv6PrefixBits } = readOptions('clientAddress', options, optionTable);
  if (trustedProxies !== undefined && options.trustedHops !== undefined) {
    throw new TypeError('clientAddress: give trustedHops or trustedProxies, not both.');
  }
  const isTrusted = trustedProxies && createNetworkTest(trustedProxies);
  return function findClientAddress({ socket, headers }) {
    const remote = socket?.remoteAddress ?? '';
    const ofSocket = normalizeAddress(remote, ipv6PrefixBits);
    if (trustedHops === 0 && !isTrusted) return ofSocket;
    const hops = readForwardedHops(headers);
    if (!isTrusted) return normalizeAddress(hops.at(-trustedHops) ?? '', ipv6PrefixBits) ?? ofSocket;

    // Each address was written by the host to its right, so it is believed while that host is one's own proxy.
    let client = remote;
    for (let hop = hops.length - 1; hop >= 0 && isTrusted(client); hop -= 1) {
      const next = hops[hop] ?? '';
      if (normalizeAddress(next) === null) break;
      client = next;
    }
    return normalizeAddress(client, ipv6PrefixBits) ?? ofSocket;
  };
}

/** Splits `X-Forwarded-For`, from the client to the last proxy. An entry may be empty or no address. */
export function readForwardedHops(headers: RequestOrigin['headers']): string[] {
  return readHeaderValues(headers, 'x-forwarded-for').join(',').split(',');
}

/**
 * Compiles networks to the test of whether an address is in one of them.
 *
 * @param list addresses, and networks in CIDR notation (RFC 4632, RFC 4291 section 2.3).
 * @throws {TypeError} for any other entry.
 */
export function createNetworkTest(list: readonly string[]): (address: string) => boolean {
  checkNetworks('trustedProxies', list);
  const blocks = new BlockList();
  for (const network of list) {
    const { address, prefix, family } = parseNetwork(network);
    blocks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return function isInNetworks(address) {
    const whole = normalizeAddress(address, 128)?.replace('/128', '');
    return whole !== undefined && blocks.check(whole, isIP(whole) === 4 ? 'ipv4' : 'ipv6');
  };
}

function checkNetworks(option: string, list: unknown): void {
  fullListOf("networks such as '10.0.0.0/8'", isNetwork)(option, list);
}

/** A prefix of 0 is refused: it would trust every host, and so whatever a client writes. */
function isNetwork(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const { address, prefix, family, longest } = parseNetwork(text);
  return family !== 0 && !address.includes('%') && prefix >= 1 && prefix <= longest;
}

/** Parses an address or network. `family` is 0 where it is neither; `longest` is the number of bits in an address. */
function parseNetwork(text: string): { address: string; prefix: number; family: number; longest: number } {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  return { address, prefix: bits === undefined ? longest : Number(bits), family, longest };
}

/**
 * Writes the address of one client in one way: without port, brackets and zone, an IPv4 address within an IPv6 one (mapped,
 * or translated as in RFC 6052) as IPv4, and IPv6 cut to its prefix, as in `2001:db8:0:1:0:0:0:0/64`.
 *
 * @returns `null` for a text that is no address.
 */
export function normalizeAddress(text: string, ipv6PrefixBits = 64): string | null {
  const trimmed = text.trim();
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.split('%', 1)[0] ?? '';
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6) return null;
  const groups = expandGroups(address);
  const [high = 0, low = 0] = groups.slice(6);
  if (ipv4Prefixes.includes(groups.slice(0, 6).join())) return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  const cut = groups.map((group, i) => {
    const bits = Math.min(16, Math.max(0, ipv6PrefixBits - 16 * i));
    return (group & (0xffff << (16 - bits)) & 0xffff).toString(16);
  });
  return `${cut.join(':')}/${ipv6PrefixBits}`;
}

/** `::ffff:0:0/96`, and `64:ff9b::/96` behind a translator. Cut to an IPv6 prefix, all IPv4 clients would be one. */
const ipv4Prefixes: readonly string[] = [[0, 0, 0, 0, 0, 0xffff].join(), [0x64, 0xff9b, 0, 0, 0, 0].join()];

/** Reads the eight groups of a valid IPv6 address (RFC 4291 section 2.2). */
function expandGroups(address: string): number[] {
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
