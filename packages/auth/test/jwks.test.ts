import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { factsOfRefusal, refusalCode } from '@graphql-bulwark/core';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Authenticate, authenticate } from '../src/index.ts';
import { audience, bearer, issuer, type Signer, signer } from './tokens.ts';

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

const trusting = (jwksUrl: string | URL): Authenticate =>
  authenticate({ issuer, audience, algorithms: ['ES256'], jwksUrl, jwksTimeoutMilliseconds: 250 });

const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'allowed',
    (thrown: unknown) => refusalCode(thrown),
  );

/** An issuer whose keys can change, and that counts who asks for them. */
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

describe('keys over HTTP', () => {
  it('are fetched once for many tokens', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(url);
    const token = await first.sign();
    await Promise.all(Array.from({ length: 20 }, () => who(bearer(token))));
    expect(await who(bearer(token))).toMatchObject({ id: 'u1' });
    expect(fetches()).toBe(1);
  });

  it('are not fetched before a token needs them', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(new URL(url));
    expect(await who({ headers: {} })).toBeNull();
    expect(await codeOf(who({ headers: { authorization: 'Basic x' } }))).toBe('UNAUTHENTICATED');
    expect(fetches()).toBe(0);
  });

  it('are fetched once for a storm of unknown key ids, each of which is 401', async () => {
    const { url, fetches } = await identityProvider();
    const who = trusting(url);
    const storm = await Promise.all(Array.from({ length: 30 }, (_, i) => unknown.sign({}, { kid: `x${i}` })));
    const codes = await Promise.all(storm.map((token) => codeOf(who(bearer(token)))));
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']));
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');
    expect(fetches()).toBe(1);
  });

  it('are picked up after a rotation, once the last fetch has cooled down', async () => {
    const { url, keys, fetches } = await identityProvider();
    const who = trusting(url);
    expect(await codeOf(who(bearer(await first.sign())))).toBe('allowed');

    keys.splice(0, 1, second);
    expect(await codeOf(who(bearer(await second.sign())))).toBe('UNAUTHENTICATED');

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    expect(await codeOf(who(bearer(await second.sign())))).toBe('allowed');
    expect(await codeOf(who(bearer(await first.sign())))).toBe('UNAUTHENTICATED');
    expect(fetches()).toBe(2);
  });

  it('are tried one by one for a token without a key id', async () => {
    const { url, keys } = await identityProvider();
    keys.push(second);
    const who = trusting(url);
    expect(await codeOf(who(bearer(await second.sign({}, { kid: undefined } as never))))).toBe('allowed');
    expect(await codeOf(who(bearer(await unknown.sign({}, { kid: undefined } as never))))).toBe('UNAUTHENTICATED');
    const expired = await second.sign({ exp: 1 }, { kid: undefined } as never);
    const thrown: unknown = await who(bearer(expired)).catch((error: unknown) => error);
    expect(factsOfRefusal(thrown)?.reason).toBe('expired');
  });
});

describe('J11 an issuer that does not give its keys is 503, whoever asks', () => {
  it.each<[string, RequestListener]>([
    ['silent', () => {}],
    ['failing', (_, response) => response.writeHead(500).end('oops: db at 10.0.0.5')],
    ['redirecting', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['answering with a page', (_, response) => response.end('<html>')],
    ['answering with something else', (_, response) => response.end('{"keys":{}}')],
    ['answering half', (_, response) => response.write('{"keys":[')],
    ['hanging up', (request) => request.socket.destroy()],
  ])('%s', async (_, answer) => {
    const who = trusting(await listen(answer));
    const thrown: unknown = await who(bearer(await first.sign())).catch((error: unknown) => error);

    expect(refusalCode(thrown)).toBe('SERVICE_UNAVAILABLE');
    expect(thrown).toMatchObject({
      message: 'Service temporarily unavailable',
      extensions: { http: { status: 503 } },
    });
    const { headers } = (thrown as { extensions: { http: { headers: Map<string, string> } } }).extensions.http;
    expect(headers.get('retry-after')).toBe('10');
    expect(factsOfRefusal(thrown)?.reason).toMatch(/^(ERR_[A-Z_]+|keys unavailable)$/);
    expect(await codeOf(who(bearer(await unknown.sign())))).toBe('SERVICE_UNAVAILABLE');
    expect(await who({ headers: {} })).toBeNull();
  });

  it('dead', async () => {
    const url = await listen(() => {});
    const [server] = servers.splice(0);
    server?.close();
    await once(server ?? process, 'close');
    expect(await codeOf(trusting(url)(bearer(await first.sign())))).toBe('SERVICE_UNAVAILABLE');
  });

  it('and serves again when it is back', async () => {
    let works = false;
    const who = trusting(
      await listen((_, response) =>
        works ? response.end(JSON.stringify({ keys: [first.jwk] })) : response.writeHead(500).end(),
      ),
    );
    const token = await first.sign();
    expect(await codeOf(who(bearer(token)))).toBe('SERVICE_UNAVAILABLE');
    works = true;
    expect(await codeOf(who(bearer(token)))).toBe('allowed');
  });
});
