/**
 * Where a request comes from: the socket's address, or the one that a trusted proxy wrote.
 *
 * `X-Forwarded-For` grows to the right, and only its right end was written by proxies one runs. So trusted hops are counted
 * from the right, and what stands left of them is never read: a client can put anything there. Where their number varies, their
 * networks are listed instead: the client is the first address from the right that is in none of them.
 */
import { BlockList, isIP } from 'node:net';
import { atLeast, between, fullListOf, type OptionTable, readOptions } from './lib/read-options.ts';

export interface ClientAddressOptions {
  /** Proxies of one's own between the client and this process. 0: the socket's address. @default 0 */
  readonly trustedHops?: number | undefined;
  /** The networks of one's own proxies, for example `['10.0.0.0/8', 'fd00::/8']`, in place of `trustedHops`. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Bits of an IPv6 address that name one client. @default 64 */
  readonly ipv6PrefixBits?: number | undefined;
}

/** The part of an HTTP request that names its sender; `http.IncomingMessage` and Express requests fit. */
export interface RequestOrigin {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
  readonly headers?: { readonly [name: string]: string | readonly string[] | undefined } | undefined;
}

const optionTable = {
  trustedHops: { default: 0, check: atLeast(0) },
  trustedProxies: { check: checkNetworks },
  ipv6PrefixBits: { default: 64, check: between(1, 128) },
} satisfies OptionTable<ClientAddressOptions>;

/**
 * Compiles the options to a function from a request to its normalised address, or `null` where there is none.
 *
 * @throws {TypeError} for an option out of range.
 */
export function clientAddress(options: ClientAddressOptions = {}): (request: RequestOrigin) => string | null {
  const { trustedHops, trustedProxies, ipv6PrefixBits } = readOptions('clientAddress', options, optionTable);
  if (trustedProxies !== undefined && options.trustedHops !== undefined) {
    throw new TypeError('Give trustedHops or trustedProxies, not both.');
  }
  const isTrusted = trustedProxies && createNetworkTest(trustedProxies);
  return ({ socket, headers }) => {
    const remote = socket?.remoteAddress ?? '';
    const ofSocket = normalizeAddress(remote, ipv6PrefixBits);
    if (trustedHops === 0 && !isTrusted) return ofSocket;
    const hops = readForwardedHops(headers);
    if (!isTrusted) return normalizeAddress(hops.at(-trustedHops) ?? '', ipv6PrefixBits) ?? ofSocket;

    // Each address was written by the one to its right, so it counts while that one is a proxy of ours.
    let client = remote;
    for (let hop = hops.length - 1; hop >= 0 && isTrusted(client); hop -= 1) {
      const next = hops[hop] ?? '';
      if (normalizeAddress(next) === null) break;
      client = next;
    }
    return normalizeAddress(client, ipv6PrefixBits) ?? ofSocket;
  };
}

/** The entries of `X-Forwarded-For`, from the client to the last proxy, as they were written: one may be empty or no address. */
export function readForwardedHops(headers: RequestOrigin['headers']): string[] {
  const header = headers?.['x-forwarded-for'];
  return (typeof header === 'string' ? header : (header?.join(',') ?? '')).split(',');
}

/**
 * Whether an address is in one of these networks.
 *
 * @throws {TypeError} for what is no address and no network in CIDR notation (RFC 4632, RFC 4291 section 2.3).
 */
export function createNetworkTest(list: readonly string[]): (address: string) => boolean {
  checkNetworks('trustedProxies', list);
  const blocks = new BlockList();
  for (const network of list) {
    const { address, prefix, family } = parseNetwork(network);
    blocks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const whole = normalizeAddress(address, 128)?.replace('/128', '');
    return whole !== undefined && blocks.check(whole, isIP(whole) === 4 ? 'ipv4' : 'ipv6');
  };
}

function checkNetworks(option: string, list: unknown): void {
  fullListOf("networks such as '10.0.0.0/8'", isNetwork)(option, list);
}

/** A prefix of 0 would trust the whole world, and with it whatever a client writes. */
function isNetwork(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const { address, prefix, family, longest } = parseNetwork(text);
  return family !== 0 && !address.includes('%') && prefix >= 1 && prefix <= longest;
}

function parseNetwork(text: string): { address: string; prefix: number; family: number; longest: number } {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  return { address, prefix: bits === undefined ? longest : Number(bits), family, longest };
}

/**
 * One spelling per client: no port, brackets or zone; IPv4 that stands in IPv6, mapped or translated (RFC 6052), as IPv4; IPv6 cut
 * to its prefix. `null` for anything else.
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

/** `::ffff:0:0/96`, and `64:ff9b::/96` behind a translator: cut to a prefix, all of IPv4 would be one client. */
const ipv4Prefixes: readonly string[] = [[0, 0, 0, 0, 0, 0xffff].join(), [0x64, 0xff9b, 0, 0, 0, 0].join()];

/** The eight groups of a valid IPv6 address (RFC 4291 section 2.2). */
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
