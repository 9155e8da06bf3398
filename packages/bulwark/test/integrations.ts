// Every integration of Apollo Server, served over a real socket. What a platform does in front of it is done here.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { handlers, startServerAndCreateLambdaHandler } from '@as-integrations/aws-lambda';
import { expressMiddleware } from '@as-integrations/express5';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import { koaMiddleware } from '@as-integrations/koa';
import { startServerAndCreateNextHandler } from '@as-integrations/next';
import express from 'express';
import Fastify from 'fastify';
import type { Bulwark, SecuredContext } from 'graphql-bulwark';
import Koa from 'koa';

export interface Served {
  readonly bulwark: Bulwark;
  readonly server: ApolloServer<SecuredContext>;
  /** Told what ends what was started. */
  readonly onStop: (stop: () => unknown) => void;
}

/** Starts it with `bulwark.context()`, and returns the URL of the API. */
export type Serve = (served: Served) => Promise<string>;

async function listen(listener: RequestListener, { server, onStop }: Served): Promise<string> {
  const http = createServer(listener).listen(0, '127.0.0.1');
  await once(http, 'listening');
  onStop(async () => {
    http.closeAllConnections();
    http.close();
    await server.stop();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function listPairs({ rawHeaders }: IncomingMessage): [string, string][] {
  return rawHeaders.flatMap<[string, string]>((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? '']] : []));
}

/** Of packages that are CommonJS, TypeScript reads the other declaration of the same class. */
function asCommonJs(server: ApolloServer<SecuredContext>): never {
  return server as never;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A listener that does not lose what a handler throws. */
function listenWith(handle: Handler): RequestListener {
  return (request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
  };
}

interface LambdaAnswer {
  readonly statusCode?: number;
  readonly headers?: Record<string, string | number | boolean>;
  readonly body?: string;
}

/** The address that API Gateway names as the sender, whatever the socket is. */
export const gatewayAddress = '203.0.113.9';

/** @param makeEvent what the platform makes of a request. */
function onLambda(handler: 'v1' | 'v2' | 'alb', makeEvent: (request: IncomingMessage, body: string) => object): Serve {
  return async (served) => {
    const { bulwark, server } = served;
    const invoke = startServerAndCreateLambdaHandler(
      asCommonJs(server),
      {
        v1: handlers.createAPIGatewayProxyEventRequestHandler(),
        v2: handlers.createAPIGatewayProxyEventV2RequestHandler(),
        alb: handlers.createALBEventRequestHandler(),
      }[handler] as ReturnType<typeof handlers.createAPIGatewayProxyEventV2RequestHandler>,
      { context: bulwark.context() },
    );
    return listen(
      listenWith(async (request, response) => {
        const event = makeEvent(request, await readText(request)) as Parameters<typeof invoke>[0];
        const { statusCode = 200, headers, body } = (await invoke(event, {} as never, () => {})) as LambdaAnswer;
        response.writeHead(statusCode, headers as Record<string, string>).end(body);
      }),
      served,
    );
  };
}

/** Version 1 has headers as they were sent: the last of several, and beside it all of them. */
function makeHeaders(request: IncomingMessage) {
  const multiValueHeaders: Record<string, string[]> = {};
  for (const [name, value] of listPairs(request)) (multiValueHeaders[name] ??= []).push(value);
  const headers = Object.fromEntries(Object.entries(multiValueHeaders).map(([name, all]) => [name, all.at(-1)]));
  return { headers, multiValueHeaders };
}

/** Version 2 joins the values of one name, and has cookies in a list. */
function makeJoinedHeaders(request: IncomingMessage) {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const [sent, value] of listPairs(request)) {
    const name = sent.toLowerCase();
    if (name === 'cookie') cookies.push(...value.split('; '));
    else headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return { headers, ...(cookies.length > 0 && { cookies }) };
}

/** By name. Those of which the body is parsed before `context()` is asked are marked. */
export const integrations: readonly { readonly name: string; readonly serve: Serve; readonly isParsed: boolean }[] = [
  {
    name: 'standalone',
    isParsed: true,
    async serve({ bulwark, server, onStop }) {
      onStop(() => server.stop());
      const listenOn = { host: '127.0.0.1', port: 0 };
      return (await startStandaloneServer(server, { context: bulwark.context(), listen: listenOn })).url;
    },
  },
  {
    name: 'Express 5',
    isParsed: true,
    async serve(served) {
      const { bulwark, server } = served;
      await server.start();
      const middleware = expressMiddleware(server, { context: bulwark.context() });
      return listen(express().use('/graphql', express.json(), middleware) as RequestListener, served);
    },
  },
  {
    name: 'Fastify',
    isParsed: true,
    async serve({ bulwark, server, onStop }) {
      const app = Fastify();
      server.addPlugin(fastifyApolloDrainPlugin(app));
      await server.start();
      app.route({
        url: '/graphql',
        method: ['GET', 'POST', 'OPTIONS'],
        handler: fastifyApolloHandler(server, { context: bulwark.context() }),
      });
      onStop(async () => {
        await app.close();
        await server.stop();
      });
      return `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
    },
  },
  {
    name: 'Koa',
    isParsed: true,
    async serve(served) {
      const { bulwark, server } = served;
      await server.start();
      const app = new Koa();
      // As a parser of bodies does it.
      app.use(async ({ req, request }, next) => {
        (request as { body?: unknown }).body = JSON.parse(await readText(req));
        await next();
      });
      app.use(koaMiddleware(server, { context: bulwark.context() }));
      return listen((request, response) => void app.callback()(request, response), served);
    },
  },
  {
    name: 'a route handler of Next.js',
    isParsed: false,
    async serve(served) {
      const { bulwark, server } = served;
      const handle = startServerAndCreateNextHandler<Request, SecuredContext>(asCommonJs(server), {
        context: bulwark.context(),
      });
      return listen(
        listenWith(async (request, response) => {
          const headers = new Headers();
          for (const [name, value] of listPairs(request)) headers.append(name, value);
          const body = await readText(request);
          const url = `http://127.0.0.1${request.url}`;
          const answer = await handle(new Request(url, { method: 'POST', headers, body }));
          response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
        }),
        served,
      );
    },
  },
  {
    name: 'an API route of Next.js',
    isParsed: true,
    async serve(served) {
      const { bulwark, server } = served;
      const handle = startServerAndCreateNextHandler(asCommonJs(server), { context: bulwark.context() });
      return listen(
        listenWith(async (request, response) => {
          const body: unknown = JSON.parse(await readText(request));
          const answer = Object.assign(response, { send: (text: string) => response.end(text) });
          await handle(Object.assign(request, { query: {}, body }) as never, answer as never);
        }),
        served,
      );
    },
  },
  {
    name: 'AWS Lambda behind an HTTP API or a function URL',
    isParsed: false,
    serve: onLambda('v2', (request, body) => ({
      version: '2.0',
      rawPath: '/graphql',
      rawQueryString: '',
      ...makeJoinedHeaders(request),
      requestContext: { http: { method: 'POST', sourceIp: gatewayAddress } },
      body,
      isBase64Encoded: false,
    })),
  },
  {
    name: 'AWS Lambda behind a REST API',
    isParsed: false,
    serve: onLambda('v1', (request, body) => ({
      httpMethod: 'POST',
      path: '/graphql',
      ...makeHeaders(request),
      requestContext: { identity: { sourceIp: gatewayAddress } },
      body,
      isBase64Encoded: false,
    })),
  },
  {
    name: 'AWS Lambda behind a load balancer',
    isParsed: false,
    serve: onLambda('alb', (request, body) => ({
      httpMethod: 'POST',
      path: '/graphql',
      headers: makeJoinedHeaders(request).headers,
      multiValueHeaders: makeHeaders(request).multiValueHeaders,
      requestContext: { elb: { targetGroupArn: 'a target group' } },
      body,
      isBase64Encoded: false,
    })),
  },
];
