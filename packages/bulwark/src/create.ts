/** The wiring: every control made once, in the order in which they judge, and handed to Apollo Server. */
import type { ApolloServerOptionsWithSchema } from '@apollo/server';
import {
  type AuthenticateOptions,
  authDirectives,
  authenticate,
  authorization,
  type GuardSchemaOptions,
  guardSchema,
} from '@graphql-bulwark/auth';
import {
  type CheckInput,
  type ClientAddressOptions,
  type Control,
  checkOperation,
  createEvents,
  type EventListener,
  guard,
  knownOptions,
  type Logger,
  logEvents,
  type SecuredContext,
} from '@graphql-bulwark/core';
import { type IntrospectionOptions, introspection } from '@graphql-bulwark/introspection';
import { type LimitsOptions, limits, resolveLimits } from '@graphql-bulwark/limits';
import { type RateLimit, type RateLimitOptions, rateLimit, rateLimitDirectives } from '@graphql-bulwark/rate-limit';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import { type Authenticator, contextMaker, type HttpRequest } from './context.ts';
import { posture } from './posture.ts';

export interface BulwarkOptions {
  /**
   * How a request says who it is: the options of `authenticate()`, a function of your own, or `false` for an API that knows
   * no callers.
   */
  readonly authenticate: AuthenticateOptions | Authenticator | false;
  /** Left out: a root field without `@auth` and `@public` needs a principal; with `authenticate: false`, it is public. */
  readonly authorization?: Pick<GuardSchemaOptions, 'defaultRule' | 'fieldResolver'> | undefined;
  readonly limits?: LimitsOptions | undefined;
  readonly introspection?: IntrospectionOptions | undefined;
  readonly rateLimit?: RateLimitOptions | undefined;
  /** How many proxies of yours stand in front. Left out: none. */
  readonly clientAddress?: ClientAddressOptions | undefined;
  /** Told of every refusal and failure. Left out: refusals are logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /** Errors without a code of their own that clients may see all the same. Left out: none. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /** @default console, then the logger of the Apollo Server */
  readonly logger?: Logger | undefined;
}

/** What {@link createBulwark} returns. */
export interface Bulwark<C extends SecuredContext = SecuredContext> {
  /** The definitions of `@auth`, `@owner`, `@public` and `@rateLimit`, as SDL. */
  readonly typeDefs: string;
  /** A new schema whose fields and objects are guarded. The last transform of a schema. */
  readonly secure: (schema: GraphQLSchema) => GraphQLSchema;
  /** Options for `new ApolloServer()`: the guard first, then what you give, with safe settings. */
  readonly apollo: (options: ApolloServerOptionsWithSchema<C>) => ApolloServerOptionsWithSchema<C>;
  /** A function for `context` of your HTTP integration; yours makes the rest of the context. */
  readonly context: <R extends HttpRequest = HttpRequest>(
    build?: (request: R) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>,
  ) => (request: R) => Promise<C>;
  /** Judges one parsed and validated operation, for transports that run no Apollo plugin. Rejects with the refusal. */
  readonly check: (operation: CheckInput<C>) => Promise<void>;
  /** The rate limit: how a bucket stands, how to empty it, and limits for a WebSocket adapter. */
  readonly rateLimit: Pick<RateLimit, 'peek' | 'reset' | 'sockets'>;
  /** Releases timers and stores. Called by the Apollo Server when it stops. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a Bulwark: the controls of one API, ready to be put in front of it.
 *
 * @throws {TypeError} while the server is being built, for an option that cannot be meant.
 */
export function createBulwark<C extends SecuredContext = SecuredContext>(options: BulwarkOptions): Bulwark<C> {
  knownOptions('createBulwark', options, optionNames);
  let logger: Logger = options.logger ?? console;
  const listener = options.onEvent ?? logEvents(() => logger);
  const events = createEvents(listener, () => logger);
  const knowsCallers = options.authenticate !== false;
  const { fieldResolver, defaultRule = knowsCallers ? 'authenticated' : 'allow' } = options.authorization ?? {};
  // In report mode nothing is refused, so neither the parser nor `context()` may refuse for it.
  const ceilings = options.limits?.mode === 'report' ? unlimited : resolveLimits(options.limits);

  const limiter = rateLimit(options.rateLimit);
  const controls: readonly Control<C>[] = [
    introspection(options.introspection),
    limits<C>(options.limits),
    authorization<C>(),
    limiter,
  ];
  const plugin = guard<C>({ controls, onEvent: listener, expose: options.expose });
  const makeContext = contextMaker({
    authenticate: authenticator(options.authenticate),
    clientAddress: options.clientAddress ?? {},
    maxBatchSize: ceilings.maxBatchSize,
    refusalFor: limiter.refusalFor,
    events,
  });

  return {
    typeDefs: `${authDirectives}\n${rateLimitDirectives}`,
    secure: (schema) => guardSchema(limiter.secure(schema, fieldResolver), { defaultRule, fieldResolver, events }),
    apollo(server) {
      if (!options.logger && server.logger) logger = server.logger;
      return posture(server, {
        guard: plugin,
        maxTokens: ceilings.maxTokens,
        fieldResolver,
        warn: (message) => events.emit({ type: 'config.warning', message }, 'noted'),
      });
    },
    // The application builds all of its context but `security`, which is added here.
    context:
      (build = () => ({}) as Omit<C, 'security'>) =>
      async (request) =>
        (await makeContext(request, build)) as unknown as C,
    rateLimit: limiter,
    check: (operation) => checkOperation(controls, operation, events),
    async close() {
      await Promise.all(controls.map(async (control) => control.stop?.()));
    },
  };
}

const unlimited = { maxTokens: false, maxBatchSize: false } as const;

const optionNames = [
  'authenticate',
  'authorization',
  'limits',
  'introspection',
  'rateLimit',
  'clientAddress',
  'onEvent',
  'expose',
  'logger',
] as const satisfies readonly (keyof BulwarkOptions)[];

function authenticator(option: BulwarkOptions['authenticate']): Authenticator {
  if (option === false) return () => null;
  if (typeof option === 'function') return option;
  if (typeof option === 'object' && option !== null) return authenticate(option);
  throw new TypeError('createBulwark needs authenticate: the options of authenticate(), a function, or false.');
}
