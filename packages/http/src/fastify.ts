/**
 * Stops: bodies that are too large, compressed or not JSON, scripts of other sites, and responses shown as pages.
 * Room: Fastify 5, in front of the GraphQL route.
 * Answers: 413, 415 and 400 as JSON in the form of GraphQL errors; never the messages of the framework.
 */
import type { ServerOptions } from 'node:http';
import { aFunction, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import type { FastifyInstance, FastifyReply, FastifyServerOptions } from 'fastify';
import { type HttpLimits, httpLimits } from './http-limits.ts';
import { type HttpSecurityOptions, httpSecurityTable, printError } from './options.ts';
import { createHeaderSteps } from './security-headers.ts';
import { createUnreadStep } from './unread-answers.ts';
import { describeUnreadable, isJson } from './unreadable-body.ts';

/**
 * Sets up an instance for GraphQL: call it before the route is added.
 *
 * @throws {TypeError} for an invalid option.
 * @example
 * const app = fastify(fastifyLimits())
 * fastifySecurity(app, { allowedOrigins: ['https://app.example.com'] })
 */
export function fastifySecurity(app: FastifyInstance, options: FastifySecurityOptions = {}): void {
  const { onError, ...security } = readOptions('fastifySecurity', options, optionTable);
  const steps = [...createUnreadStep(security.unreadSeconds), ...createHeaderSteps(security)];
  app.addHook('onRequest', (request, reply, done) => {
    const run = (index: number): void => {
      const step = steps[index];
      if (!step) {
        done();
        return;
      }
      step(request.raw, reply.raw, (error) => (error === undefined ? run(index + 1) : done(error as Error)));
    };
    // CORS answers a preflight on the raw response, so Fastify must not answer it again.
    if (request.method === 'OPTIONS') reply.hijack();
    run(0);
  });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { bodyLimit: security.maxBodyBytes, parseAs: 'string' }, (request, body, done) => {
    const coding = request.headers['content-encoding'] ?? 'identity';
    if (coding !== 'identity' || !isJson(request.headers['content-type'])) {
      done(Object.assign(new Error('not JSON'), { statusCode: 415 }));
      return;
    }
    void parse(request, body as string, done);
  });
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = describeUnreadable(error);
    if (status >= 500) onError(error);
    return reply.status(status).send(body);
  });
}

/**
 * Makes the options for `fastify()`. They repeat some limits of `http` under names of Fastify, which would otherwise set its own defaults.
 *
 * @throws {TypeError} for an invalid option.
 * @example fastify(fastifyLimits({ requestSeconds: 10 }))
 */
export function fastifyLimits(options: HttpLimits = {}): FastifyLimits {
  const http = httpLimits(options);
  return {
    http,
    requestTimeout: http.requestTimeout ?? 0,
    keepAliveTimeout: http.keepAliveTimeout ?? 0,
    // Fastify calls this for a URL that cannot be read, before there is a route with hooks.
    frameworkErrors(error, _request, reply) {
      const { status, body } = describeUnreadable(error);
      (reply as FastifyReply).status(status).send(body);
    },
  };
}

/** What {@link fastifyLimits} sets. */
export interface FastifyLimits {
  readonly http: ServerOptions;
  /** Milliseconds. */
  readonly requestTimeout: number;
  /** Milliseconds. */
  readonly keepAliveTimeout: number;
  readonly frameworkErrors: NonNullable<FastifyServerOptions['frameworkErrors']>;
}

/** Options of {@link fastifySecurity}. */
export interface FastifySecurityOptions extends HttpSecurityOptions {
  /** Gets the errors that are not the client's fault. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const optionTable = {
  ...httpSecurityTable,
  onError: { default: printError, check: aFunction },
} satisfies OptionTable<FastifySecurityOptions>;
