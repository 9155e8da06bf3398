import * as express from '@graphql-bulwark/http/express';
import * as fastify from '@graphql-bulwark/http/fastify';
import { expect, it } from 'vitest';
import * as umbrellaExpress from '../src/express.ts';
import * as umbrellaFastify from '../src/fastify.ts';
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
