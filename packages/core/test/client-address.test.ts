import { clientAddress, normalizeAddress } from '@graphql-bulwark/core';
import { describe, expect, it } from 'vitest';

const from = (remoteAddress: string | undefined, forwarded?: string | string[]) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

describe('clientAddress', () => {
  it('is the socket unless a proxy is trusted, whatever the client forwards', () => {
    expect(clientAddress()(from('192.0.2.7', '9.9.9.9'))).toBe('192.0.2.7');
  });

  it('R9: with one trusted hop takes the rightmost address, so the spoofed left has no effect', () => {
    const address = clientAddress({ trustedHops: 1 });
    expect(address(from('10.0.0.9', '9.9.9.9, 10.0.0.1'))).toBe('10.0.0.1');
    expect(address(from('10.0.0.9', '8.8.8.8, 7.7.7.7, 10.0.0.1'))).toBe('10.0.0.1');
    expect(address(from('10.0.0.9', ['9.9.9.9', '10.0.0.1']))).toBe('10.0.0.1');
  });

  it('counts several hops from the right', () => {
    expect(clientAddress({ trustedHops: 2 })(from('10.0.0.9', '9.9.9.9, 203.0.113.5, 10.0.0.1'))).toBe('203.0.113.5');
  });

  it('falls back to the socket when the header is short, missing or unreadable', () => {
    const address = clientAddress({ trustedHops: 2 });
    for (const header of ['10.0.0.1', undefined, 'x, y, z', ''])
      expect(address(from('192.0.2.7', header))).toBe('192.0.2.7');
  });

  it('is null without any address', () => {
    expect(clientAddress()(from(undefined))).toBeNull();
    expect(clientAddress()({})).toBeNull();
  });

  it('refuses options out of range', () => {
    for (const trustedHops of [-1, 1.5, Number.NaN]) expect(() => clientAddress({ trustedHops })).toThrow(TypeError);
    for (const ipv6PrefixBits of [0, 129]) expect(() => clientAddress({ ipv6PrefixBits })).toThrow(TypeError);
  });
});

describe('normalizeAddress', () => {
  it('R10: names one IPv6 client by its /64', () => {
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
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0:0:0:0:0/64'],
  ])('spells %s as %s', (text, address) => {
    expect(normalizeAddress(text)).toBe(address);
  });

  it.each(['', 'unknown', '1.2.3', '999.1.1.1', '1.2.3.4, 5.6.7.8', '::1::', '[::1', '1'.repeat(100_000)])(
    'knows no address in %j',
    (text) => {
      expect(normalizeAddress(text)).toBeNull();
    },
  );
});
