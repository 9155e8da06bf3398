import { dpop } from '@graphql-bulwark/authentication/dpop';
import * as express from '@graphql-bulwark/http/express';
import * as fastify from '@graphql-bulwark/http/fastify';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { expect, it } from 'vitest';
import * as umbrellaDpop from '../src/dpop.ts';
import * as umbrellaExpress from '../src/express.ts';
import * as umbrellaFastify from '../src/fastify.ts';
import { createBulwark } from '../src/index.ts';
import { redisDenyList, redisStore } from '../src/redis.ts';

it('offers all of the Express helpers at graphql-bulwark/express, so that one install is enough', () => {
  expect(umbrellaExpress).toMatchObject({ ...express });
  expect(umbrellaExpress.httpLimits({ requestSeconds: 7 }).requestTimeout).toBe(7000);
});

it('offers all of the Fastify helpers at graphql-bulwark/fastify, so that one install is enough', () => {
  expect(umbrellaFastify).toMatchObject({ ...fastify });
});

it('offers the store and the deny-list at graphql-bulwark/redis, which refuse a client that is none', () => {
  expect(() => redisStore({ client: {} })).toThrow(TypeError);
  expect(() => redisDenyList({ client: {} as never })).toThrow(TypeError);
});

it('offers dpop() at graphql-bulwark/dpop, and what it returns is accepted by authenticate', () => {
  expect(umbrellaDpop.dpop).toBe(dpop);
  const issuer = { issuer: 'https://login.example.com/', audience: 'api', algorithms: ['ES256'], jwksUrl };
  const options = { publicUrl: 'https://api.example.com/graphql', store: memoryStore() };
  expect(() => createBulwark({ authenticate: { ...issuer, dpop: umbrellaDpop.dpop(options) } })).not.toThrow();
  expect(() => createBulwark({ authenticate: { ...issuer, dpop: options as never } })).toThrow(
    'dpop must be what dpop() returns',
  );
});

const jwksUrl = 'https://login.example.com/jwks.json';
