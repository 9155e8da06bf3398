// Tokens that were taken back: a list of the application, and a list that cannot be asked.
import { createEvents, type Events } from '@graphql-bulwark/core';
import { afterAll, describe, expect, it } from 'vitest';
import { Redis } from '../../../../test/redis-client.ts';
import {
  authenticate,
  type RedisCommands,
  type RevocationOptions,
  type RevocationQuery,
  redisDenyList,
} from '../../src/index.ts';
import { reasonOf, refusedBy } from '../refused.ts';
import { audience, bearer, issuer, signer } from '../tokens.ts';

const key = await signer();
const tolerance = 5;
const who = (revocation: RevocationOptions, clockToleranceSeconds = tolerance, events?: Events) =>
  authenticate({
    issuer,
    audience,
    algorithms: ['ES256'],
    key: key.publicKey,
    clockToleranceSeconds,
    revocation,
    events,
  });

const clients: Redis[] = [];

function connected(url: string): Redis {
  const client = new Redis(url, { enableOfflineQueue: false, lazyConnect: true, retryStrategy: null });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

afterAll(() => {
  for (const client of clients) client.disconnect();
});

describe('a list that cannot be asked', () => {
  const never = new Promise<boolean>(() => {});
  const dead = (): RedisCommands => connected('redis://127.0.0.1:1');

  it.each<[string, () => RevocationOptions]>([
    ['because its Redis is dead', () => redisDenyList({ client: dead() })],
    ['because it does not answer', () => ({ isRevoked: () => never, timeoutMilliseconds: 20 })],
    [
      'because it fails',
      () => ({
        isRevoked: () => {
          throw new Error('db at 10.0.0.5');
        },
      }),
    ],
    ['because it answers with something else', () => ({ isRevoked: () => undefined as never })],
    ['because it answers with a text', () => ({ isRevoked: async () => 'no' as never })],
  ])('a deny-list that cannot be asked %s refuses with 503, and lets in where that is allowed', async (_, make) => {
    const token = bearer(await key.sign({ jti: 't1' }));
    const options = make();
    const { isRevoked } = options;
    const refused = await refusedBy(who(options), token);
    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE', status: 503, reason: 'revocation unknown' });
    expect(refused.message).toBe('Service temporarily unavailable');
    const log: string[] = [];
    const events = createEvents(
      () => {},
      () => ({ warn() {}, error: (text) => void log.push(text) }),
    );
    const allowing = who({ isRevoked, timeoutMilliseconds: 20, dangerouslyAllowOnFailure: true }, tolerance, events);
    expect(await reasonOf(allowing, token)).toBe('let in');
    expect(await reasonOf(allowing, token)).toBe('let in');
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('revocation unknown, and let pass');
    expect(await who(options)({ headers: {} })).toBeNull();
  });
});

it.each<[string, object]>([
  ['no function', {}],
  ['a misspelt option', { isRevoked: () => false, timeoutMs: 5 }],
  ['no timeout', { isRevoked: () => false, timeoutMilliseconds: 0 }],
  ['a permission that is none', { isRevoked: () => false, dangerouslyAllowOnFailure: 'yes' }],
])('the option revocation with %s keeps the server from starting', (_, revocation) => {
  expect(() => who(revocation as RevocationOptions)).toThrow(TypeError);
});

it('a deny-list that is an instance of a class is called with its own state', async () => {
  class Listed {
    readonly #ids = new Set(['t1']);
    isRevoked({ jti }: RevocationQuery): boolean {
      return this.#ids.has(jti ?? '');
    }
  }
  const asked = who(new Listed());
  expect(await reasonOf(asked, bearer(await key.sign({ jti: 't1' })))).toBe('revoked');
  expect(await reasonOf(asked, bearer(await key.sign({ jti: 't2' })))).toBe('let in');
});
