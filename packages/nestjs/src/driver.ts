/**
 * The driver of `GraphQLModule`: Nest makes the schema and starts Apollo Server, and Bulwark stands between the two.
 *
 * Everything that Nest does beside it (guards, pipes, interceptors, filters) runs inside resolvers, and so behind the rules of the
 * schema.
 */
import type { Server } from 'node:http';
import type { ApolloServerOptionsWithSchema } from '@apollo/server';
import { isDevelopment } from '@graphql-bulwark/core/internal';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Inject } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { GqlModuleAsyncOptions } from '@nestjs/graphql';
import type { GraphQLSchema } from 'graphql';
import { type Bulwark, fastifyContext, type HttpRequest, type SecuredContext } from 'graphql-bulwark';
import { checkDirectives, withDefinitions } from './directives.ts';
import { passHttpExceptions, translated } from './http-exceptions.ts';
import { type Module, refuseLostDecorators } from './lost-decorators.ts';
import {
  readSubscriptions,
  type SubscriptionOptions,
  type Subscriptions,
  serveSubscriptions,
} from './subscriptions.ts';

/** Options of `GraphQLModule.forRoot()`: those of Nest's driver for Apollo Server, and what protects them. */
export interface BulwarkDriverConfig<C extends SecuredContext = SecuredContext> extends ApolloDriverConfig {
  /** What `createBulwark()` returned. */
  readonly bulwark: Bulwark<C>;
  /** Protected as operations over HTTP are. Left out: none, unless `installSubscriptionHandlers` is true. */
  subscriptions?: { readonly 'graphql-ws'?: SubscriptionOptions | boolean };
}

/** Options of `GraphQLModule.forRootAsync()`. */
export type BulwarkDriverAsyncConfig<C extends SecuredContext = SecuredContext> = GqlModuleAsyncOptions<
  BulwarkDriverConfig<C>
>;

/** What Nest made of `context`: the context of one request, with `req` in it. */
type BuildContext = (...given: readonly unknown[]) => Promise<object>;

/**
 * Secures the schema that Nest made, for Express and Fastify: `bulwark.secure()`, `bulwark.apollo()`, `bulwark.context()` and, for
 * subscriptions, `webSocketHooks()`. The definitions of the directives are added where the schema has none of that name.
 *
 * @example GraphQLModule.forRoot<BulwarkDriverConfig>({ driver: BulwarkDriver, bulwark, autoSchemaFile: true })
 */
export class BulwarkDriver extends ApolloDriver {
  declare private readonly modules: ModulesContainer;
  #subscriptions: Subscriptions | undefined;

  /** @throws {TypeError} for invalid options. */
  override async mergeDefaultOptions(options: BulwarkDriverConfig): Promise<ApolloDriverConfig> {
    if (typeof options.bulwark?.secure !== 'function') {
      throw new TypeError('BulwarkDriver: bulwark must be what createBulwark() returned; give it beside driver.');
    }
    readSubscriptions(options);
    // Nest shows GraphiQL where NODE_ENV is not set; Bulwark takes that for production.
    const graphiql = options.graphiql ?? options.playground ?? isDevelopment();
    // An object in place of a function is one for all requests, and `req` is about to be put into it.
    const { context: given } = options;
    const context = typeof given === 'object' && given !== null ? () => copyOf(given as object) : given;
    return super.mergeDefaultOptions({ ...options, context, graphiql, playground: false });
  }

  /** @throws {TypeError} for an invalid rule, or one that would have no effect. */
  override async generateSchema(options: BulwarkDriverConfig): Promise<GraphQLSchema> {
    const { bulwark, autoTransformHttpErrors, schema: theirs } = options;
    const schema = await super.generateSchema(withDefinitions(options, bulwark.typeDefs));
    if (!schema) throw new TypeError('BulwarkDriver: give autoSchemaFile, typePaths, typeDefs or schema.');
    checkDirectives(schema);
    refuseLostDecorators(schema, modulesOf(this.modules, options.include));
    if (autoTransformHttpErrors !== false && schema !== theirs) passHttpExceptions(schema);
    return bulwark.secure(schema);
  }

  override async start(options: BulwarkDriverConfig): Promise<void> {
    const { bulwark, schema, path = '/graphql' } = options;
    const build = translated(options.context as BuildContext);
    const settings = readSubscriptions(options);
    const { subscriptions: _, installSubscriptionHandlers: __, ...rest } = options;
    await super.start({ ...rest, context: secureContext(bulwark, build) });
    if (!settings || !schema) return;
    const httpServer: Server = this.httpAdapterHost.httpAdapter.getHttpServer();
    this.#subscriptions = await serveSubscriptions({
      ...settings,
      path: settings.path ?? path,
      bulwark,
      schema,
      context: build,
      httpServer,
    });
  }

  /** Called by `start()` when Nest has found every plugin. */
  override async registerServer(options: BulwarkDriverConfig): Promise<void> {
    const { typeDefs: _, resolvers: __, ...rest } = options;
    const server = options.bulwark.apollo(rest as unknown as ApolloServerOptionsWithSchema<SecuredContext>);
    await super.registerServer({ ...rest, ...(server as object) });
  }

  override async stop(): Promise<void> {
    const subscriptions = this.#subscriptions;
    this.#subscriptions = undefined;
    await subscriptions?.stop();
    await super.stop();
  }
}

// As the decorator of a property would: sources of this package are JavaScript with types, which has no decorators.
Inject(ModulesContainer)(BulwarkDriver.prototype, 'modules');

function copyOf(context: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(context)) as object, context);
}

/** Those whose resolvers the schema has: all, unless the option `include` names some. */
function modulesOf(modules: ModulesContainer, include: ApolloDriverConfig['include'] = []): Iterable<Module> {
  const all = [...modules.values()];
  return include.length === 0 ? all : all.filter(({ metatype }) => include.includes(metatype));
}

/** Express hands over `{ req, res }`, Fastify its request and its reply. */
function secureContext<C extends SecuredContext>(bulwark: Bulwark<C>, build: BuildContext) {
  return async function secured(...given: readonly unknown[]): Promise<C> {
    const make = bulwark.context(async () => (await build(...given)) as Omit<C, 'security'>);
    const [request] = given as [HttpRequest | Parameters<ReturnType<typeof fastifyContext>>[0]];
    return 'raw' in request ? fastifyContext(make)(request) : make(request);
  };
}
