import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEvents, type SecurityEvent } from '@graphql-bulwark/core';
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Authenticate, authenticate } from '../../src/index.ts';
import { audience, bearer, issuer, type Signer, signer } from '../tokens.ts';

const [first, second, unknown] = [await signer('k1'), await signer('k2'), await signer('k9')];
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
}

const trusting = (jwksUrl: string | URL, more: object = {}): Authenticate =>
  authenticate({ issuer, audience, algorithms: ['ES256'], jwksUrl, jwksTimeoutMilliseconds: 250, ...more });

/** A cached token needs no key, and these tests are about keys. */
const uncached = { maxCachedTokens: false };

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'allowed',
    (thrown: unknown) => readRefusalCode(thrown),
  );

/** Sets the clock ahead. Timers stay real. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 * seconds });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** An issuer whose keys can change, and which counts the requests for them. */
async function identityProvider(): Promise<{ url: string; keys: Signer[]; fetches: () => number }> {
  const keys = [first];
  let fetches = 0;
  const url = await listen((_request, response) => {
    fetches += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  return { url, keys, fetches: () => fetches };
}

describe('a key set over HTTP', () => {
  it('a key set is fetched once for many tokens', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(url);
    const token = await first.sign();
    await Promise.all(Array.from({ length: 20 }, () => who(bearer(token))));
    expect(await who(bearer(token))).toMatchObject({ id: 'u1' });
    expect(fetches()).toBe(1);
  });

  it('a key set is not fetched before a token needs it', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(new URL(url));
    expect(await who({ headers: {} })).toBeNull();
    expect(await codeOf(who({ headers: { authorization: 'Basic x' } }))).toBe('UNAUTHENTICATED');
    expect(fetches()).toBe(0);
  });

  it('attack: a storm of unknown key ids causes one fetch, and each token is refused with 401', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(url);
    const storm = await Promise.all(Array.from({ length: 30 }, (_, i) => unknown.sign({}, { kid: `x${i}` })));
    const codes = await Promise.all(storm.map((token) => codeOf(who(bearer(token)))));
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']));
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    expect(fetches()).toBe(1);
  });

  it('a rotated key is found when the last fetch is more than 30 seconds old', async () => {
    const { url, keys, fetches } = await identityProvider();
    const who = trusting(url);
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');

    keys.splice(0, 1, second);
    expect(await codeOf(who(bearer(await second.sign())))).toBe('UNAUTHENTICATED');

    later(31);
    expect(await codeOf(who(bearer(await second.sign())))).toBe('allowed');
    expect(await codeOf(who(bearer(await first.sign())))).toBe('UNAUTHENTICATED');
    expect(fetches()).toBe(2);
  });

  it('every fitting key is tried for a token without a key id', async () => {
    const { url, keys } = await identityProvider();
    keys.push(second);
    const who = trusting(url);
    expect(await codeOf(who(bearer(await second.sign({}, { kid: undefined } as never))))).toBe('allowed');
    expect(await codeOf(who(bearer(await unknown.sign({}, { kid: undefined } as never))))).toBe('UNAUTHENTICATED');
    const expired = await second.sign({ exp: 1 }, { kid: undefined } as never);
    const thrown: unknown = await who(bearer(expired)).catch((error: unknown) => error);
    expect(readRefusalFacts(thrown)?.reason).toBe('expired');
  });
});

/** Answers with one long chunk after the other, and counts how many were taken. */
function endless(taken: { chunks: number }): RequestListener {
  return (_, response) => {
    response.setHeader('content-type', 'application/json');
    const more = (): void => {
      while (taken.chunks < 10_000) {
        taken.chunks += 1;
        if (!response.write(' '.repeat(65_536))) {
          response.once('drain', more);
          return;
        }
      }
    };
    more();
  };
}

describe('an issuer that does not give its keys', () => {
  it.each<[string, string, RequestListener]>([
    ['silent', 'timeout', () => {}],
    ['failing', 'status', (_, response) => response.writeHead(500).end('oops: db at 10.0.0.5')],
    ['redirecting', 'status', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['answering with a page', 'content type', (_, response) => response.end('<html>')],
    [
      'answering with its keys as a page',
      'content type',
      (_, response) => response.setHeader('content-type', 'text/html').end(JSON.stringify({ keys: [first.jwk] })),
    ],
    ['answering with no JSON', 'not a key set', (_, response) => json(response, '<html>')],
    ['answering with something else', 'not a key set', (_, response) => json(response, '{"keys":{}}')],
    ['answering half', 'timeout', (_, response) => response.writeHead(200, { 'content-type': jsonType }).write('{"ke')],
    ['hanging up', 'unreachable', (request) => request.socket.destroy()],
    ['answering without end', 'too large', endless({ chunks: 0 })],
  ])(
    'J11: tokens of an issuer that is %s are answered with 503, and an anonymous request passes',
    async (_, reason, answer) => {
      const who = trusting(await listen(answer));
      const thrown: unknown = await who(bearer(await first.sign())).catch((error: unknown) => error);

      expect(readRefusalCode(thrown)).toBe('SERVICE_UNAVAILABLE');
      expect(thrown).toMatchObject({
        message: 'Service temporarily unavailable',
        extensions: { http: { status: 503 } },
      });
      const { headers } = (thrown as { extensions: { http: { headers: Map<string, string> } } }).extensions.http;
      expect(headers.get('retry-after')).toBe('1');
      expect(readRefusalFacts(thrown)?.reason).toBe(reason);
      expect(await codeOf(who(bearer(await unknown.sign())))).toBe('SERVICE_UNAVAILABLE');
      expect(await who({ headers: {} })).toBeNull();
    },
  );

  it('J11: tokens of an issuer whose server is gone are answered with 503', async () => {
    const url = await listen(() => {});
    const [server] = servers.splice(0);
    server?.close();
    await once(server ?? process, 'close');
    expect(await codeOf(trusting(url)(bearer(await first.sign())))).toBe('SERVICE_UNAVAILABLE');
  });

  it('an endless answer of an issuer is not read to the end', async () => {
    const taken = { chunks: 0 };
    expect(await codeOf(trusting(await listen(endless(taken)))(bearer(await first.sign())))).toBe(
      'SERVICE_UNAVAILABLE',
    );
    expect(taken.chunks).toBeLessThan(1_000);
  });

  it('a failing issuer does not affect the tokens of another issuer', async () => {
    const dead = await listen((request) => request.socket.destroy());
    const { url } = await identityProvider();
    const other = 'https://other.example.com/';
    const each = { audience, algorithms: ['ES256'] };
    const who = authenticate({
      issuers: [
        { ...each, issuer, jwksUrl: url },
        { ...each, issuer: other, jwksUrl: dead },
      ],
    });
    expect(await codeOf(who(bearer(await first.sign({ iss: other }))))).toBe('SERVICE_UNAVAILABLE');
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    expect(await codeOf(who({ headers: {} }))).toBe('allowed');
  });
});

const jsonType = 'application/jwk-set+json; charset=utf-8';
const json = (response: ServerResponse, body: string): unknown =>
  response.setHeader('content-type', jsonType).end(body);

describe('an issuer that fails', () => {
  /** An issuer that fails or answers, as `state.works` says. */
  async function moody(works: boolean): Promise<{ url: string; state: { works: boolean; fetches: number } }> {
    const state = { works, fetches: 0 };
    const url = await listen((_, response) => {
      state.fetches += 1;
      if (state.works) json(response, JSON.stringify({ keys: [first.jwk] }));
      else response.writeHead(500).end();
    });
    return { url, state };
  }

  it('a failing issuer is asked again after 1, 2 and 4 seconds and not for each token', async () => {
    const { url, state } = await moody(false);
    const who = trusting(url);
    const token = await first.sign();
    const start = Date.now();
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const fetchesAt = async (milliseconds: number): Promise<number> => {
      vi.setSystemTime(start + milliseconds);
      const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(who(bearer(token)))));
      expect(new Set(codes)).toEqual(new Set(['SERVICE_UNAVAILABLE']));
      return state.fetches;
    };
    expect(await fetchesAt(0)).toBe(1);
    expect(await fetchesAt(900)).toBe(1);
    expect(await fetchesAt(1_100)).toBe(2);
    expect(await fetchesAt(3_000)).toBe(2);
    expect(await fetchesAt(3_200)).toBe(3);
    expect(await fetchesAt(7_100)).toBe(3);
    expect(await fetchesAt(7_300)).toBe(4);
  });

  it('an issuer that recovers has its tokens accepted again, and both states are reported as events', async () => {
    const { url, state } = await moody(false);
    const seen: SecurityEvent[] = [];
    const who = trusting(url, {
      events: createEvents(
        (event) => seen.push(event),
        () => console,
      ),
    });
    const token = await first.sign();
    expect(await codeOf(who(bearer(token)))).toBe('SERVICE_UNAVAILABLE');
    state.works = true;
    later(2);
    expect(await codeOf(who(bearer(token)))).toBe('allowed');
    expect(seen.map(({ type }) => type)).toEqual(['issuer.down', 'auth.failure', 'issuer.up', 'auth.success']);
    expect(seen[0]).toMatchObject({ issuer, reason: 'status' });
    expect(JSON.stringify(seen)).not.toContain(token);
  });

  it('the last keys of a failing issuer are used for jwksStaleSeconds and no longer', async () => {
    const { url, state } = await moody(true);
    const who = trusting(url, { ...uncached, jwksStaleSeconds: 120 });
    const fresh = async (): Promise<unknown> => codeOf(who(bearer(await first.sign())));
    expect(await fresh()).toBe('allowed');
    state.works = false;
    later(601);
    expect(await fresh()).toBe('allowed');
    expect(await codeOf(who(bearer(await unknown.sign())))).toBe('SERVICE_UNAVAILABLE');
    later(100);
    expect(await fresh()).toBe('allowed');
    later(30);
    expect(await fresh()).toBe('SERVICE_UNAVAILABLE');
    state.works = true;
    later(70);
    expect(await fresh()).toBe('allowed');
  });

  it('with jwksStaleSeconds 0 the keys of a failing issuer are used for ten minutes and no longer', async () => {
    const { url, state } = await moody(true);
    const who = trusting(url, { ...uncached, jwksStaleSeconds: 0 });
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    state.works = false;
    later(601);
    expect(await codeOf(who(bearer(await first.sign())))).toBe('SERVICE_UNAVAILABLE');
  });

  it('attack: tokens with crafted key ids are refused and do not make the issuer count as down', async () => {
    const { url, state } = await moody(true);
    const who = trusting(url);
    for (const kid of ['__proto__', 'constructor', '', '../jwks', 'x'.repeat(1_000)]) {
      expect(await codeOf(who(bearer(await unknown.sign({}, { kid }))))).toBe('UNAUTHENTICATED');
    }
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    expect(state.fetches).toBe(1);
  });

  it('secrets and private keys in a published set are ignored, and its public keys are used', async () => {
    const secret = { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', kid: 'k1' };
    const url = await listen((_, response) =>
      json(response, JSON.stringify({ keys: [secret, { ...second.jwk, d: 'AAAA' }, first.jwk] })),
    );
    const who = trusting(url);
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    expect(await codeOf(who(bearer(await second.sign())))).toBe('UNAUTHENTICATED');
  });

  it('unusable keys in a published set are ignored, and its other keys are used (RFC 7517 section 5)', async () => {
    const rsa = await signer('r1', 'RS256');
    const { kty, n, e } = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' });
    const keys = [
      { kty, n, e },
      { kty, n, e, kid: 'short' },
      { kty: 'RSA' },
      { kty: 'RSA', n: 5, e: 5 },
      { kty: 'RSA', n: '%%%', e: 'AQAB', kid: 'r1' },
      { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', kid: 'broken' },
      { kty: 'quantum' },
      {},
      rsa.jwk,
    ];
    const url = await listen((_, response) => json(response, JSON.stringify({ keys })));
    const who = trusting(url, { algorithms: ['RS256', 'ES256'] });
    expect(await codeOf(who(bearer(await rsa.sign())))).toBe('allowed');
    expect(await codeOf(who(bearer(await rsa.sign({}, { kid: undefined } as never))))).toBe('allowed');
    expect(await codeOf(who(bearer(await rsa.sign({}, { kid: 'short' }))))).toBe('UNAUTHENTICATED');
    expect(await codeOf(who(bearer(await first.sign({}, { kid: 'broken' }))))).toBe('UNAUTHENTICATED');
  });
});
