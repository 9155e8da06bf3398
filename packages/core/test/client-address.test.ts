import { clientAddress } from '@graphql-bulwark/core';
import { normalizeAddress } from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';

const from = (remoteAddress: string | undefined, forwarded?: string | string[]) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

describe('clientAddress', () => {
  it('the client address is that of the socket unless a proxy is trusted, whatever the client forwards', () => {
    expect(clientAddress()(from('192.0.2.7', '9.9.9.9'))).toBe('192.0.2.7');
  });

  it('R9: with one trusted hop the client address is the rightmost one, so spoofed entries to its left have no effect', () => {
    const address = clientAddress({ trustedHops: 1 });
    expect(address(from('10.0.0.9', '9.9.9.9, 10.0.0.1'))).toBe('10.0.0.1');
    expect(address(from('10.0.0.9', '8.8.8.8, 7.7.7.7, 10.0.0.1'))).toBe('10.0.0.1');
    expect(address(from('10.0.0.9', ['9.9.9.9', '10.0.0.1']))).toBe('10.0.0.1');
  });

  it('the address of a Request of the Fetch standard is read from its Headers, and null where no proxy is trusted', () => {
    const request = new Request('http://127.0.0.1/', { headers: { 'X-Forwarded-For': '9.9.9.9, 10.0.0.1' } });
    expect(clientAddress({ trustedHops: 1 })(request)).toBe('10.0.0.1');
    expect(clientAddress()(request)).toBeNull();
    expect(clientAddress({ trustedProxies: ['10.0.0.0/8'] })(request)).toBeNull();
  });

  it('several trusted hops are counted from the right', () => {
    expect(clientAddress({ trustedHops: 2 })(from('10.0.0.9', '9.9.9.9, 203.0.113.5, 10.0.0.1'))).toBe('203.0.113.5');
  });

  it('the client address is that of the socket when the header is short, missing or unreadable', () => {
    const address = clientAddress({ trustedHops: 2 });
    for (const header of ['10.0.0.1', undefined, 'x, y, z', ''])
      expect(address(from('192.0.2.7', header))).toBe('192.0.2.7');
  });

  it('the client address is null where no address is known', () => {
    expect(clientAddress()(from(undefined))).toBeNull();
    expect(clientAddress()({})).toBeNull();
  });

  it('clientAddress refuses options out of range', () => {
    for (const trustedHops of [-1, 1.5, Number.NaN]) expect(() => clientAddress({ trustedHops })).toThrow(TypeError);
    for (const ipv6PrefixBits of [0, 129]) expect(() => clientAddress({ ipv6PrefixBits })).toThrow(TypeError);
  });
});

describe('normalizeAddress', () => {
  it('R10: all IPv6 addresses of one /64 network are one client', () => {
    expect(normalizeAddress('2001:db8::1')).toBe(normalizeAddress('2001:db8::ffff'));
    expect(normalizeAddress('2001:db8:0:1::1')).not.toBe(normalizeAddress('2001:db8::1'));
    expect(normalizeAddress('2001:db8:a:b:c:d:e:f')).toBe('2001:db8:a:b:0:0:0:0/64');
    expect(normalizeAddress('2001:db8:a:b::', 40)).toBe('2001:db8:0:0:0:0:0:0/40');
    expect(normalizeAddress('2001:db8::1', 128)).toBe('2001:db8:0:0:0:0:0:1/128');
  });

  it.each([
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['[2001:db8::1]:443', '2001:db8:0:0:0:0:0:0/64'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/64'],
    [' 1.2.3.4 ', '1.2.3.4'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:201', '192.0.2.1'],
    ['64:ff9b:1::192.0.2.1', '64:ff9b:1:0:0:0:0:0/64'],
    ['64:ff9b::1:c000:201', '64:ff9b:0:0:0:0:0:0/64'],
  ])('the address %s is written as %s', (text, address) => {
    expect(normalizeAddress(text)).toBe(address);
  });

  it.each(['', 'unknown', '1.2.3', '999.1.1.1', '1.2.3.4, 5.6.7.8', '::1::', '[::1', '1'.repeat(100_000)])(
    'the text %j is no address',
    (text) => {
      expect(normalizeAddress(text)).toBeNull();
    },
  );
});

describe('trustedProxies', () => {
  const address = clientAddress({ trustedProxies: ['10.0.0.0/8', '192.0.2.1', 'fd00::/8'] });

  it.each<[string, string, string | undefined, string]>([
    ['the socket where nobody forwards', '203.0.113.9', undefined, '203.0.113.9'],
    ['the socket where a stranger forwards', '203.0.113.9', '8.8.8.8', '203.0.113.9'],
    ['R9 what the last proxy wrote, not what the client did', '10.0.0.1', '9.9.9.9, 203.0.113.5', '203.0.113.5'],
    ['what is left of two proxies', '10.0.0.1', '9.9.9.9, 203.0.113.5, 10.1.2.3', '203.0.113.5'],
    ['what is left of proxies of both kinds', 'fd00::1', '203.0.113.5, 192.0.2.1', '203.0.113.5'],
    ['what is left of a proxy in mapped form', '::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['the leftmost proxy where all are', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the last proxy that wrote an address', '10.0.0.1', '203.0.113.5, unknown', '10.0.0.1'],
    ['the proxy where it wrote nothing', '10.0.0.1', '', '10.0.0.1'],
    ['no neighbour of a single address', '192.0.2.2', '8.8.8.8', '192.0.2.2'],
    ['R10 the network of an IPv6 client', '10.0.0.1', '2001:db8::ffff', '2001:db8:0:0:0:0:0:0/64'],
  ])('trustedProxies find %s', (_, remoteAddress, forwarded, expected) => {
    expect(address(from(remoteAddress, forwarded))).toBe(expected);
  });

  it.each([
    [[]],
    ['10.0.0.0/8'],
    [['0.0.0.0/0']],
    [['::/0']],
    [['10.0.0.0/33']],
    [['fd00::/129']],
    [['10.0.0/8']],
    [['proxy.example']],
    [['fe80::1%eth0']],
    [['10.0.0.0/8/8']],
    [[5]],
  ])('trustedProxies of %j keep the server from starting', (trustedProxies) => {
    expect(() => clientAddress({ trustedProxies: trustedProxies as string[] })).toThrow(TypeError);
  });

  it('trustedProxies beside trustedHops, or misspelt, keep the server from starting', () => {
    expect(() => clientAddress({ trustedHops: 1, trustedProxies: ['10.0.0.0/8'] })).toThrow(/not both/);
    expect(() => clientAddress({ trustedProxys: ['10.0.0.0/8'] } as object)).toThrow(/did you mean/);
  });
});
