/** What every test here needs: an application of Nest on a free port, HTTP and graphql-ws against it. */
import type { AddressInfo } from 'node:net';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type BulwarkOptions, createBulwark, type Principal, refuse } from 'graphql-bulwark';
import { createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

export type Platform = 'express' | 'fastify';

/** `Bearer ada` is ada; those who are in `roles` have a role; `Bearer -` is a bad credential. */
const roles: Readonly<Record<string, readonly string[]>> = { chef: ['CHEF'] };

export function bulwarkFor(options: Partial<BulwarkOptions> = {}) {
  return createBulwark({
    authenticate({ headers: { authorization } }): Principal | null {
      if (authorization === undefined) return null;
      const id = authorization.replace('Bearer ', '');
      if (id === '-') throw refuse('UNAUTHENTICATED');
      return { id, claims: { sub: id }, roles: roles[id] ?? [], scopes: [], authMethod: 'test' };
    },
    introspection: { allow: false },
    strictMessages: true,
    onEvent: () => {},
    logger: { warn: () => {}, error: () => {} },
    ...options,
  });
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  readonly body: any;
}

export interface Api {
  readonly app: INestApplication;
  readonly url: string;
  readonly post: (query: string, caller?: string, variables?: object) => Promise<Answer>;
  /** Every result of one operation over graphql-ws; `close` holds the code where the connection was closed instead. */
  readonly stream: (query: string, caller?: string) => Stream;
}

export interface Stream {
  // biome-ignore lint/suspicious/noExplicitAny: results of every shape.
  readonly results: any[];
  readonly ended: Promise<{ readonly closed?: number }>;
  readonly end: () => void;
}

/** Stopped when the test has finished. */
export async function start(
  module: Type,
  platform: Platform = 'express',
  prepare?: (app: INestApplication) => void,
): Promise<Api> {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false });
  onTestFinished(async () => app.close());
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/graphql`;
  return {
    app,
    url,
    async post(query, caller, variables) {
      const headers = {
        'content-type': 'application/json',
        ...(caller !== undefined && { authorization: `Bearer ${caller}` }),
      };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      return { status: response.status, body: await response.json() };
    },
    stream(query, caller) {
      const client = createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        ...(caller !== undefined && { connectionParams: { authorization: `Bearer ${caller}` } }),
      });
      const results: unknown[] = [];
      let end = (): void => {};
      const ended = new Promise<{ closed?: number }>((resolve, reject) => {
        end = client.subscribe(
          { query },
          {
            next: (result) => void results.push(result),
            error(thrown) {
              if (Array.isArray(thrown)) {
                results.push({ errors: thrown });
                resolve({});
              } else if (typeof (thrown as { code?: unknown }).code === 'number') {
                resolve({ closed: (thrown as { code: number }).code });
              } else reject(thrown as Error);
            },
            complete: () => resolve({}),
          },
        );
      });
      onTestFinished(async () => client.dispose());
      return { results, ended, end: () => end() };
    },
  };
}
