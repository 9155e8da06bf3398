import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BulwarkDriver, type BulwarkDriverAsyncConfig, type BulwarkDriverConfig } from '@graphql-bulwark/nestjs';
import { Plugin } from '@nestjs/apollo';
import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  Module,
  type NestInterceptor,
  Scope,
  type Type,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { GqlExecutionContext, GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { GraphQLSchema } from 'graphql';
import type { Bulwark, SecuredContext } from 'graphql-bulwark';
import { map } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { codeFirst } from './code-first.ts';
import { bulwarkFor, start } from './kit.ts';
import { Kitchen } from './kitchen.ts';
import { schemaFirst } from './schema-first.ts';

type Found = SecuredContext & Record<string, unknown>;

/** An application of one query, which tells what a resolver finds in its context. */
function telling(tell: (context: Found) => unknown, more: Partial<BulwarkDriverConfig> = {}): Type {
  @Module({
    imports: [
      GraphQLModule.forRoot<BulwarkDriverConfig>({
        driver: BulwarkDriver,
        bulwark: bulwarkFor(),
        typeDefs: 'type Query { tell: String @public }',
        resolvers: { Query: { tell: (_: unknown, __: unknown, context: Found) => JSON.stringify(tell(context)) } },
        subscriptions: { 'graphql-ws': true },
        ...more,
      }),
    ],
  })
  class TellingModule {}
  return TellingModule;
}

describe('context', () => {
  for (const platform of ['express', 'fastify'] as const) {
    it(`on ${platform}, the function of the application makes the rest of the context, over HTTP and over graphql-ws`, async () => {
      const seen: number[] = [];
      const context = (...given: unknown[]) => {
        seen.push(given.length);
        return { tenant: 'north', security: 'not this' };
      };
      const { post, stream } = await start(
        telling(
          ({ tenant, security, req }) => [tenant, security.principal?.id, typeof (req as IncomingMessage).headers],
          { context },
        ),
        platform,
      );
      expect((await post('{ tell }', 'ada')).body).toEqual({ data: { tell: '["north","ada","object"]' } });
      const live = stream('{ tell }', 'bob');
      await live.ended;
      expect(live.results).toEqual([{ data: { tell: '["north","bob","object"]' } }]);
      expect(seen).toEqual([platform === 'express' ? 1 : 2, 1]);
    });
  }

  it('an object in place of a function is copied for each request', async () => {
    const context = { count: 0 };
    const { post } = await start(
      telling(
        (own) => {
          own['count'] = Number(own['count']) + 1;
          return own['count'];
        },
        { context },
      ),
    );
    for (let i = 0; i < 2; i += 1) expect((await post('{ tell }')).body).toEqual({ data: { tell: '1' } });
    expect(context).toEqual({ count: 0 });
  });

  it('an exception of 4xx that it throws is the answer, and any other is masked', async () => {
    const thrown = [new UnauthorizedException('Which tenant?'), new Error('10.0.0.7 is down')];
    const context = (): never => {
      throw thrown.shift();
    };
    const { post } = await start(telling(() => 'never', { context }));
    expect(await post('{ tell }')).toMatchObject({
      status: 401,
      body: { errors: [{ message: 'Which tenant?', extensions: { code: 'UNAUTHENTICATED', status: 401 } }] },
    });
    const masked = await post('{ tell }');
    expect(masked.status).toBe(500);
    expect(JSON.stringify(masked.body)).not.toContain('10.0.0.7');
  });
});

describe('what Nest does beside it', () => {
  it('guards and interceptors see the request and the caller, and may refuse', async () => {
    @Injectable()
    class NotOnMondays implements CanActivate {
      canActivate(given: ExecutionContext): boolean {
        const { req, security } = GqlExecutionContext.create(given).getContext<
          SecuredContext & { req: IncomingMessage }
        >();
        if (security.principal?.id === 'monday') throw new ForbiddenException('Not on Mondays');
        return req.headers['content-type'] === 'application/json';
      }
    }
    @Injectable()
    class Shouting implements NestInterceptor {
      intercept(_: ExecutionContext, next: { handle: () => import('rxjs').Observable<unknown> }) {
        return next
          .handle()
          .pipe(map((value) => (Array.isArray(value) ? value.map((each) => ({ ...each, title: 'SOUP' })) : value)));
      }
    }
    @Module({
      imports: [codeFirst(bulwarkFor())],
      providers: [
        { provide: APP_GUARD, useClass: NotOnMondays },
        { provide: APP_INTERCEPTOR, useClass: Shouting },
      ],
    })
    class GuardedModule {}
    const { post } = await start(GuardedModule);
    expect((await post('{ recipes(first: 1) { title } }')).body).toEqual({ data: { recipes: [{ title: 'SOUP' }] } });
    expect((await post('{ recipes(first: 1) { title } }', 'monday')).body).toMatchObject({
      errors: [{ message: 'Not on Mondays', extensions: { code: 'FORBIDDEN', status: 403 } }],
    });
  });

  it('a resolver of request scope is made anew for each request, and is as guarded as any other', async () => {
    let made = 0;
    @Resolver()
    @Injectable({ scope: Scope.REQUEST })
    class ScopedResolver {
      readonly #number: number;

      constructor() {
        made += 1;
        this.#number = made;
      }

      @Query(() => String, { nullable: true })
      scoped(): string {
        return `made ${this.#number}`;
      }
    }
    const { post } = await start(codeFirst(bulwarkFor(), {}, [ScopedResolver]));
    expect((await post('{ scoped }')).body.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(made).toBe(0);
    for (const number of [1, 2])
      expect((await post('{ scoped }', 'ada')).body).toEqual({ data: { scoped: `made ${number}` } });
  });

  it('plugins that Nest finds run, and formatError of the application is asked', async () => {
    const seen: string[] = [];
    @Plugin()
    class Listening {
      async requestDidStart() {
        seen.push('request');
      }
    }
    const formatError = (error: object) => ({ ...error, message: 'sorry' });
    const { post } = await start(codeFirst(bulwarkFor(), { formatError }, [Listening]));
    const { body } = await post('{ fail(how: "bad") }');
    expect(seen).toEqual(['request']);
    expect(body.errors).toMatchObject([{ message: 'sorry', extensions: { code: 'BAD_REQUEST' } }]);
  });

  it('options may come from a provider', async () => {
    @Injectable()
    class Keys {
      readonly bulwark: Bulwark = bulwarkFor();
    }
    @Module({ providers: [Keys], exports: [Keys] })
    class KeysModule {}
    const options: BulwarkDriverAsyncConfig = {
      driver: BulwarkDriver,
      imports: [KeysModule],
      inject: [Keys],
      useFactory: ({ bulwark }: Keys) => ({ bulwark, autoSchemaFile: true }),
    };
    @Resolver()
    class SecretResolver {
      @Query(() => String, { nullable: true })
      secret(): string {
        return 'soup';
      }
    }
    @Module({ imports: [GraphQLModule.forRootAsync(options)], providers: [SecretResolver] })
    class AsyncModule {}
    const { post } = await start(AsyncModule);
    expect((await post('{ secret }')).body.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect((await post('{ secret }', 'ada')).body).toEqual({ data: { secret: 'soup' } });
  });

  it('GraphiQL is shown in development, and not where NODE_ENV is unset or production', async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const page = async () => {
      const { url } = await start(codeFirst(bulwarkFor()));
      const response = await fetch(url, { headers: { accept: 'text/html' } });
      return { status: response.status, text: await response.text() };
    };
    for (const environment of [undefined, 'production']) {
      vi.stubEnv('NODE_ENV', environment);
      expect((await page()).text).not.toMatch(/<html/i);
    }
    vi.stubEnv('NODE_ENV', 'development');
    expect((await page()).text).toMatch(/graphiql/i);
  });
});

describe('exceptions', () => {
  it('autoTransformHttpErrors: false masks them all', async () => {
    const { post } = await start(codeFirst(bulwarkFor(), { autoTransformHttpErrors: false }));
    const { body } = await post('{ fail(how: "bad") }');
    expect(body.errors).toMatchObject([
      { message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
  });

  it('preserveHttpStatusForExecutionErrors: false answers with their status', async () => {
    const { post } = await start(codeFirst(bulwarkFor(), { preserveHttpStatusForExecutionErrors: false }));
    expect((await post('{ fail(how: "conflict") }')).status).toBe(409);
    expect((await post('{ fail(how: "internal") }')).body.errors).toMatchObject([{ message: 'Internal server error' }]);
  });
});

describe('subscriptions', () => {
  const opened = (socket: WebSocket) =>
    new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve));

  it('a message that is too long closes the connection, before anything of it is parsed', async () => {
    const { url } = await start(codeFirst(bulwarkFor(), { subscriptions: { 'graphql-ws': { maxPayload: 1_000 } } }));
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await opened(socket);
    socket.send(JSON.stringify({ type: 'connection_init', payload: { filler: 'x'.repeat(1_000) } }));
    expect(await closed(socket)).toBe(1009);
  });

  it('they have a path of their own where one is given, and no other is upgraded', async () => {
    const { url } = await start(codeFirst(bulwarkFor(), { subscriptions: { 'graphql-ws': { path: '/live' } } }));
    const at = (path: string) => new WebSocket(new URL(path, url.replace('http', 'ws')), 'graphql-transport-ws');
    const live = at('/live');
    await opened(live);
    live.terminate();
    await expect(opened(at('/graphql'))).rejects.toThrow('404');
  });

  it('a gateway of the application keeps its own path', async () => {
    const { app, url } = await start(codeFirst(bulwarkFor()));
    const chat = new WebSocketServer({ noServer: true });
    app.getHttpServer().on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url === '/chat') chat.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('hello'));
    });
    const socket = new WebSocket(new URL('/chat', url.replace('http', 'ws')));
    expect(String(await new Promise((resolve) => socket.once('message', resolve)))).toBe('hello');
    socket.terminate();
  });

  it('without the option nothing is upgraded, and with installSubscriptionHandlers the path of the API is', async () => {
    const none = await start(codeFirst(bulwarkFor(), { subscriptions: {} }));
    await expect(opened(new WebSocket(none.url.replace('http', 'ws'), 'graphql-transport-ws'))).rejects.toThrow(
      /server response: 400/,
    );
    const module = telling(() => 1, { subscriptions: undefined as never, installSubscriptionHandlers: true });
    const live = (await start(module)).stream('{ tell }');
    await live.ended;
    expect(live.results).toEqual([{ data: { tell: '1' } }]);
  });

  it('the application stops although a stream is open and its client leaves the close unanswered', async () => {
    const { app, url } = await start(codeFirst(bulwarkFor()));
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
      headers: { authorization: 'Bearer ada' },
    });
    await opened(socket);
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await new Promise((resolve) => socket.once('message', resolve));
    socket.send(
      JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { recipeAdded { title } }' } }),
    );
    await expect.poll(() => app.get(Kitchen, { strict: false }).audience).toBe(1);
    socket.pause();
    await app.close();
    expect(app.getHttpServer().listening).toBe(false);
    socket.terminate();
  });
});

describe('directives', () => {
  it('a schema that is transformed and sorted keeps its rules', async () => {
    let transformed = 0;
    const transformSchema = (schema: GraphQLSchema) => {
      transformed += 1;
      return new GraphQLSchema(schema.toConfig());
    };
    const { post } = await start(codeFirst(bulwarkFor(), { transformSchema, sortSchema: true }));
    expect(transformed).toBe(1);
    const sauce = '{ recipe(id: 1) { secretSauce } }';
    expect((await post(sauce, 'ada')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect((await post(sauce, 'chef')).body).toEqual({ data: { recipe: { secretSauce: 'salt' } } });
  });

  it('SDL that has the definitions already is taken as it is', async () => {
    const bulwark = bulwarkFor();
    const { post } = await start(schemaFirst(bulwark, { typeDefs: bulwark.typeDefs }));
    expect((await post('{ recipe(id: 1) { title } }')).body.errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ]);
    expect((await post('{ recipe(id: 1) { title } }', 'ada')).body.errors).toBeUndefined();
  });
});
