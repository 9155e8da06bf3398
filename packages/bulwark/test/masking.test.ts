import { createRequire } from 'node:module';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { type BulwarkOptions, createBulwark } from 'graphql-bulwark';
import { afterEach, describe, expect, it } from 'vitest';

// The library of Express, which marks what clients may read.
const express = createRequire(import.meta.url).resolve('express');
const createHttpError = createRequire(express)('http-errors') as (
  status: number,
  message: string,
  properties?: object,
) => Error;

class UpstreamError extends Error {
  readonly status = 404;
  readonly statusCode = 404;
  readonly code = 'ERR_BAD_REQUEST';
}

const thrown: Readonly<Record<string, () => unknown>> = {
  code: () => new GraphQLError('Invoice is paid', { extensions: { code: 'ALREADY_PAID' } }),
  status: () => new GraphQLError('Gone by now', { extensions: { http: { status: 410 } } }),
  missing: () => createHttpError(404, 'No such invoice'),
  conflict: () => createHttpError(409, 'Paid by another'),
  invalid: () => createHttpError(422, 'Total is negative'),
  hidden: () => createHttpError(404, 'GET http://10.0.0.7/invoices', { expose: false }),
  failure: () => createHttpError(502, 'GET http://10.0.0.7/invoices', { expose: true }),
  upstream: () => new UpstreamError('GET http://10.0.0.7/invoices'),
  text: () => new UpstreamError('GET http://10.0.0.7/invoices', { cause: 'x' }),
  plain: () => new GraphQLError('GET http://10.0.0.7/invoices'),
  wrapped: () =>
    new GraphQLError('GET http://10.0.0.7/invoices', {
      originalError: new UpstreamError('x'),
      extensions: { code: 'NOT_FOUND' },
    }),
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const ownTypes = 'type Query { fails(how: String): String @public, fine: String @public }';

interface Settings extends Partial<BulwarkOptions> {
  readonly typeDefs?: string;
  readonly formatError?: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;
}

type Answer = { status: number; text: string; errors: readonly GraphQLFormattedError[] };

async function serve({ formatError, typeDefs = ownTypes, ...options }: Settings = {}) {
  const bulwark = createBulwark({
    authenticate: () => null,
    exposure: false,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
    strictMessages: true,
    introspection: { allow: false },
    rateLimit: { refusals: false },
    ...options,
  });
  const schema = bulwark.secure(
    makeExecutableSchema({
      typeDefs: [bulwark.typeDefs, typeDefs],
      resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
      resolvers: {
        Query: {
          fails(_: unknown, { how }: { how: string }) {
            throw thrown[how]?.();
          },
          fine: () => 'fine',
        },
      },
    }),
  );
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const server = new ApolloServer(
    bulwark.apollo({
      schema,
      stopOnTerminationSignals: false,
      logger: quiet,
      ...(formatError && { formatError }),
    }),
  );
  const context = bulwark.context(({ req }) => {
    const how = req.headers['x-fails'];
    if (typeof how === 'string') throw thrown[how]?.();
    return {};
  });
  const { url } = await startStandaloneServer(server, { context, listen: { host: '127.0.0.1', port: 0 } });
  stops.push(() => server.stop());
  return async (
    query: string,
    headers: Record<string, string> = {},
    method: 'GET' | 'POST' = 'POST',
  ): Promise<Answer> => {
    const all = { 'content-type': 'application/json', ...headers };
    const response =
      method === 'GET'
        ? await fetch(`${url}?query=${encodeURIComponent(query)}`, { headers: all })
        : await fetch(url, { method: 'POST', headers: all, body: JSON.stringify({ query }) });
    const text = await response.text();
    const { errors = [] } = JSON.parse(text) as { errors?: GraphQLFormattedError[] };
    return { status: response.status, text, errors };
  };
}

const fails = (how: string): string => `{ fails(how: "${how}") }`;
const brief = ({ status, errors }: Answer): string[] =>
  errors.map(({ message, extensions }) => `${status} ${String(extensions?.['code'])} ${message}`);

describe('errors that say themselves that clients may read them', () => {
  it.each([
    ['code', '200 ALREADY_PAID Invoice is paid'],
    ['missing', '200 NOT_FOUND No such invoice'],
    ['conflict', '200 CONFLICT Paid by another'],
    ['invalid', '200 BAD_USER_INPUT Total is negative'],
  ])('pass from a resolver: %s', async (how, expected) => {
    const ask = await serve();
    expect(brief(await ask(fails(how)))).toEqual([expected]);
  });

  it('pass with their status from a resolver that sets one', async () => {
    const ask = await serve();
    expect((await ask(fails('status'))).errors).toMatchObject([{ message: 'Gone by now' }]);
  });

  it('pass from context(), with their status', async () => {
    const ask = await serve();
    expect(brief(await ask('{ fine }', { 'x-fails': 'conflict' }))).toEqual(['409 CONFLICT Paid by another']);
    expect(brief(await ask('{ fine }', { 'x-fails': 'upstream' }))).toEqual([
      '500 INTERNAL_SERVER_ERROR Internal server error',
    ]);
    expect((await ask('{ fine }')).errors).toEqual([]);
  });
});

describe('errors that merely carry a status or a code', () => {
  it.each(['hidden', 'failure', 'upstream', 'text', 'plain', 'wrapped'])('stay masked: %s', async (how) => {
    const ask = await serve();
    const answer = await ask(fails(how));
    expect(brief(answer)).toEqual(['200 INTERNAL_SERVER_ERROR Internal server error']);
    expect(answer.errors[0]?.extensions?.['errorId']).toEqual(expect.any(String));
    expect(answer.text).not.toContain('10.0.0.7');
  });

  it('pass where `expose` says so', async () => {
    const ask = await serve({ expose: (error) => error.originalError instanceof UpstreamError });
    expect((await ask(fails('upstream'))).errors).toMatchObject([{ message: 'GET http://10.0.0.7/invoices' }]);
    expect(brief(await ask(fails('plain')))).toEqual(['200 INTERNAL_SERVER_ERROR Internal server error']);
  });
});

it('over a transport of its own, bulwark.mask() shows the same and masks the same', () => {
  const bulwark = createBulwark({ authenticate: () => null, onEvent() {}, logger: { warn() {}, error() {} } });
  const seen = (how: string): unknown => {
    const originalError = thrown[how]?.() as Error;
    const { errors } = bulwark.mask({
      errors: [new GraphQLError(originalError.message, { originalError, path: ['a'] })],
    });
    return errors?.map(({ message, extensions }) => [extensions?.['code'], message]);
  };
  expect(seen('missing')).toEqual([['NOT_FOUND', 'No such invoice']]);
  expect(seen('upstream')).toEqual([['INTERNAL_SERVER_ERROR', 'Internal server error']]);
});

describe('formatError', () => {
  it('is called once with each error as the client gets it, masked ones among them, and its answer is sent', async () => {
    const seen: string[] = [];
    const ask = await serve({
      formatError(formatted, error) {
        seen.push(`${formatted.message} / ${(error as Error).message}`);
        return { ...formatted, extensions: { ...formatted.extensions, help: 'https://example.com/help' } };
      },
    });
    for (const how of ['upstream', 'code', 'missing']) {
      const { errors } = await ask(fails(how));
      expect(errors[0]?.extensions?.['help']).toBe('https://example.com/help');
      expect(errors[0]?.path).toEqual(['fails']);
    }
    expect(seen).toEqual([
      'Internal server error / Internal server error',
      'Invoice is paid / Invoice is paid',
      'No such invoice / No such invoice',
    ]);
    const [masked] = (await ask(fails('plain'))).errors;
    expect(masked?.extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      errorId: expect.any(String),
      help: 'https://example.com/help',
    });
  });

  it('adds to the constant error of a document that does not fit the schema', async () => {
    const ask = await serve({
      formatError: (formatted) => ({ ...formatted, extensions: { ...formatted.extensions, help: 'h' } }),
    });
    const { errors } = await ask('{ nope }');
    expect(errors).toEqual([
      { message: 'Invalid operation', extensions: { code: 'GRAPHQL_VALIDATION_FAILED', help: 'h' } },
    ]);
  });

  it('adds the same to the refusal of what is hidden as to that of what does not exist', async () => {
    const typeDefs = `
      type Query { open: String @public hidden: String @auth(roles: "ADMIN") }
      type Mutation { change: Int @public hidden: Int @auth(roles: "ADMIN") }`;
    const seen: string[] = [];
    const ask = await serve({
      typeDefs,
      authorization: { hideUnauthorized: true },
      formatError: (formatted, error) => {
        seen.push(`${formatted.message} / ${(error as Error).message}`);
        return { ...formatted, extensions: { ...formatted.extensions, help: 'h' } };
      },
    });
    for (const [hidden, missing] of [
      ['{ hidden }', '{ nothing }'],
      ['{ hidden open(x: 1) }', '{ nothing open(x: 1) }'],
      ['mutation { hidden }', 'mutation { nothing }'],
    ] as const) {
      for (const method of ['POST', 'GET'] as const) {
        seen.length = 0;
        const [one, other] = [await ask(hidden, {}, method), await ask(missing, {}, method)];
        expect([one.status, one.text]).toEqual([other.status, other.text]);
        expect(one.errors).toEqual([expect.objectContaining({ extensions: { code: expect.any(String), help: 'h' } })]);
        expect(seen.at(-1)).toBe('Invalid operation / Invalid operation');
      }
    }
    expect((await ask('{ open }')).errors).toEqual([]);
  });

  it('that throws leaves a masked error masked', async () => {
    const ask = await serve({
      formatError() {
        throw new Error('db password x');
      },
    });
    const answer = await ask(fails('upstream'));
    expect(brief(answer)).toEqual(['200 INTERNAL_SERVER_ERROR Internal server error']);
    expect(answer.text).not.toMatch(/10\.0\.0\.7|password/);
  });
});
