/** The wiring: every control made once, in the order in which they check, and handed to Apollo Server. */
import type { ApolloServerOptionsWithSchema } from '@apollo/server';
import {
  authDirectivesAs,
  authorization,
  describeAccess,
  findRule,
  guardSchema,
  isGuarded,
  readCallerRights,
} from '@graphql-bulwark/authorization';
import {
  admitRequest,
  type Control,
  checkOperation,
  clientAddress,
  createEvents,
  guard,
  type Logger,
  measureDocument,
  type RequestOrigin,
  type ResolvedOperation,
  type SecuredContext,
  type SecurityContext,
  securityContext,
} from '@graphql-bulwark/core';
import {
  type AdmitInput,
  aFunction,
  type CheckInput,
  createMaskReporter,
  createWording,
  findSecurityContext,
  type Header,
  isDevelopment,
  logEvents,
  type MaskResult,
  type MeasureInput,
  maskResult,
  readOptions,
  requireTestedGraphql,
} from '@graphql-bulwark/core/internal';
import { compileAccess, type IntrospectionOptions, introspection } from '@graphql-bulwark/introspection';
import { createViews, hideUnauthorized } from '@graphql-bulwark/introspection/visibility';
import {
  type CostControl,
  cost,
  costDirectivesAs,
  executionLimits,
  limits,
  resolveLimits,
} from '@graphql-bulwark/limits';
import { type OperationEventOptions, operationEvents } from '@graphql-bulwark/monitor';
import {
  type RateLimit,
  type RateLimitOptions,
  rateLimit,
  rateLimitDirectivesAs,
  type SocketLimits,
} from '@graphql-bulwark/rate-limit';
import type { GraphQLSchema } from 'graphql';
import { buildApolloOptions } from './apollo-options.ts';
import { compileAuthenticator } from './authenticator.ts';
import { type ContextFunctionOptions, createContextMaker, type HttpRequest } from './context.ts';
import { type ExposureOptions, listExposures, printExposures } from './exposure.ts';
import { type BulwarkOptions, readBulwarkOptions } from './options.ts';
import { listWeakOptions } from './warnings/weak-options.ts';
import { watchWiring } from './wiring.ts';

/** {@link Bulwark.context}. */
export interface MakeContextFunction<C extends SecuredContext> {
  (): (...given: readonly unknown[]) => Promise<C>;
  <R = HttpRequest, M extends unknown[] = []>(
    build?: (request: R, ...more: M) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>,
    options?: ContextFunctionOptions<[R, ...M]>,
  ): (request: R, ...more: M) => Promise<C>;
}

/** What {@link createBulwark} returns. */
export interface Bulwark<C extends SecuredContext = SecuredContext> {
  /** The definitions of `@auth`, `@owner`, `@public`, `@cost`, `@listSize` and `@rateLimit`, as SDL. */
  readonly typeDefs: string;
  /** A new schema whose fields and objects are guarded. The last transform of a schema. */
  readonly secure: (schema: GraphQLSchema) => GraphQLSchema;
  /** Options for `new ApolloServer()`: the guard first, then what you give, with safe settings. */
  readonly apollo: (options: ApolloServerOptionsWithSchema<C>) => ApolloServerOptionsWithSchema<C>;
  /**
   * A function for `context` of your HTTP integration; yours makes the rest of the context, from what the integration hands over.
   * The request is found in that for the standalone server, Express, Fastify, Koa, Next.js, AWS Lambda, and servers of the Fetch
   * standard; for any other, `requestOf` finds it.
   */
  readonly context: MakeContextFunction<C>;
  /** The address that a request comes from, as the option `clientAddress` says, or `null` where there is none. */
  readonly clientIp: (request: RequestOrigin) => string | null;
  /**
   * Judges one request before it is parsed, for transports that run no Apollo plugin. Returns the text to execute, which is the
   * one that was sent unless it names a trusted document. Throws the refusal.
   */
  readonly admit: (request: AdmitInput<C>) => string;
  /** Judges one document before it is validated, for transports that run no Apollo plugin. Throws the refusal. */
  readonly measure: (parsed: MeasureInput<C>) => void;
  /** Judges one parsed and validated operation, for transports that run no Apollo plugin. Rejects with the refusal. */
  readonly check: (operation: CheckInput<C>) => Promise<void>;
  /** Bounds the size of a result and masks its errors, for transports that run no Apollo plugin. */
  readonly mask: MaskResult;
  /** The rate limit: how a bucket stands, and how to empty it. */
  readonly rateLimit: Pick<RateLimit, 'peek' | 'reset'>;
  /** Asked by `webSocketHooks`, and by an adapter of your own; `undefined` where the option is `false`. */
  readonly sockets: SocketLimits | undefined;
  /** Releases timers and stores. Called by the Apollo Server when it stops. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a Bulwark: the controls of one API, ready to be put in front of it.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 */
export function createBulwark<C extends SecuredContext = SecuredContext>(given: BulwarkOptions<C>): Bulwark<C> {
  const options = readBulwarkOptions(given);
  let logger: Logger = options.logger ?? console;
  const listener = options.onEvent ?? logEvents(() => logger);
  const events = createEvents(listener, () => logger);
  const warn = (message: string): void => {
    if (options.onEvent) logger.warn(`Bulwark: ${message}`);
    events.emit({ type: 'config.warning', message }, 'noted');
  };
  const knowsCallers = options.authenticate !== false;
  const { authorization: ruling, introspection: introspecting, filtered, hideUnauthorized: hides } = options;
  const { fieldResolver, defaultRule = knowsCallers ? undefined : 'allow' } = ruling;
  // In report mode nothing is refused, so neither the parser nor `context()` may refuse for it.
  const ceilings = options.limits.mode === 'report' ? unlimited : resolveLimits(options.limits);

  const findView = createViews(readCallerRights);
  const words = createWording(options.messages);
  const mayIntrospect = compileAccess(introspecting);
  const { strictMessages = !isDevelopment() } = options;
  /** Several, where one Bulwark protects several servers or a schema is replaced: all that are still in use. */
  let secured: WeakRef<GraphQLSchema>[] = [];
  /** Whether nothing of any schema is hidden from this caller. */
  const seesAll = (security: SecurityContext): boolean =>
    secured.length > 0 &&
    secured.every((reference) => {
      const schema = reference.deref();
      return !schema || findView({ schema, contextValue: { security } }) === schema;
    });
  const schemaDetails = (security: SecurityContext, header: Header): boolean => {
    if (!filtered) return !strictMessages || mayIntrospect(security, header);
    return (!strictMessages || mayIntrospect(security, header)) && seesAll(security);
  };
  const mayReadDetails = (contextValue: unknown): boolean => {
    try {
      return schemaDetails(findSecurityContext(contextValue) ?? securityContext(), () => undefined);
    } catch (error) {
      events.logged('introspection: allow failed', error);
      return false;
    }
  };
  const prices =
    options.cost === false ? undefined : cost<C>({ ...options.cost, ...((hides || filtered) && { view: findView }) });
  const limiter = rateLimit(addPrices(options.rateLimit, prices));
  const { authenticate } = options;
  const realm = authenticate && typeof authenticate === 'object' ? authenticate.realm : undefined;
  const { trustedDocuments } = options;
  const wiring = watchWiring<C>(options.uncheckedOperations, events, warn);
  const { listSizes, directiveNames: costNames = {} } = options.cost || {};
  const bounds =
    options.execution === false
      ? undefined
      : executionLimits<C>({ ...options.execution, events, listSizes, listSizeName: costNames.listSize });
  const controls: readonly Control<C>[] = [
    wiring.control,
    // First on the way out: the others see what is answered.
    ...(bounds ? [bounds] : []),
    ...(options.operationEvents ? [operationEvents<C>(priceEvents(prices))] : []),
    ...(trustedDocuments ? [trustedDocuments] : []),
    ...(hides ? [hideUnauthorized<C>(findView)] : []),
    introspection({ ...introspecting, ...(filtered && { view: findView }) }),
    limits<C>(options.limits),
    ...(prices ? [prices] : []),
    authorization<C>({ directiveNames: ruling.directiveNames, realm }),
    limiter,
  ];
  const { expose, subscriptionCallbacks, messages } = options;
  const plugin = (noStore: boolean) =>
    guard<C>({
      controls,
      onEvent: listener,
      expose,
      logger: options.logger,
      schemaDetails,
      messages,
      noStore,
      subscriptionCallbacks,
    });
  const clientIp = clientAddress(options.clientAddress);
  const makeContext = createContextMaker({
    authenticate: compileAuthenticator(options, events),
    clientIp,
    clientAddress: options.clientAddress,
    maxBatchSize: ceilings.maxBatchSize,
    refusalFor: limiter.refusalFor,
    onMade: wiring.expectCheck,
    events,
    words,
    warn,
  });

  function makeContextFunction(): (...handed: readonly unknown[]) => Promise<C>;
  function makeContextFunction<A extends unknown[]>(
    build?: (...handed: A) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>,
    contextOptions?: ContextFunctionOptions<A>,
  ): (...handed: A) => Promise<C>;
  // The application builds all of its context but `security`, which is added here.
  function makeContextFunction<A extends unknown[]>(
    build: (...handed: A) => Omit<C, 'security'> | Promise<Omit<C, 'security'>> = () => ({}) as Omit<C, 'security'>,
    contextOptions: ContextFunctionOptions<A> = {},
  ): (...handed: A) => Promise<C> {
    // Given to an integration as it is, it would make every caller anonymous.
    if (typeof build !== 'function') {
      throw new TypeError('bulwark.context takes a function, and returns the one to give: context: bulwark.context().');
    }
    const { requestOf } = readOptions('bulwark.context', contextOptions, { requestOf: { check: aFunction } });
    return async (...handed) => (await makeContext(handed, build, { requestOf })) as unknown as C;
  }

  return {
    typeDefs: [
      authDirectivesAs(ruling.directiveNames ?? {}),
      costDirectivesAs((options.cost && options.cost.directiveNames) || {}),
      rateLimitDirectivesAs(options.rateLimit.directiveNames ?? {}),
    ].join('\n'),
    secure(schema) {
      requireTestedGraphql('secure', schema);
      const bound = bounds ? bounds.secure(schema, fieldResolver) : schema;
      const guarded = guardSchema<C>(limiter.secure(bound, fieldResolver), {
        defaultRuleExcept: listDecidedElsewhere(introspecting),
        ...ruling,
        defaultRule,
        events,
        beforeRootField: wiring.requireCheck,
      });
      const anonymous = { security: securityContext() };
      if (!knowsCallers && readCallerRights({ schema: guarded, contextValue: anonymous })?.key.includes('0')) {
        warn('authenticate: false knows no callers, so what has @auth or @owner is closed to all.');
      }
      if (options.exposure !== false) reportExposures(guarded, options.exposure, warn);
      secured = [...secured.filter((reference) => reference.deref()), new WeakRef(guarded)];
      return guarded;
    },
    apollo(server) {
      if (!options.logger && server.logger) logger = server.logger;
      for (const weakness of listWeakOptions(given)) warn(weakness);
      const closed = listClosedByDefault(server.schema);
      if (closed.length > 0) {
        logger.warn(
          `Bulwark: these root fields have no rule, so they need a signed-in caller (defaultRule): ${closed.join(', ')}. Write ` +
            '@auth on those for which that is meant, and @public on those that are for everyone.',
        );
      }
      return buildApolloOptions(server, {
        guard: plugin,
        events,
        maxTokens: ceilings.maxTokens,
        trustedDocuments,
        maxBatchSize: resolveLimits(options.limits).maxBatchSize,
        fieldResolver,
        warn,
      });
    },
    context: makeContextFunction,
    clientIp,
    rateLimit: limiter,
    sockets: options.sockets === false ? undefined : limiter.sockets(options.sockets, events),
    admit: (request) => admitRequest(controls, request, events),
    measure: (parsed) => measureDocument(controls, parsed, events),
    check: (operation) => checkOperation(controls, operation, events),
    mask: (executed, contextValue) => {
      const result = bounds ? bounds.bound(executed, contextValue) : executed;
      return maskResult(result, {
        expose,
        schemaDetails: result.errors !== undefined && mayReadDetails(contextValue),
        words: (code) => words(code, contextValue),
        onMasked: createMaskReporter(events, { security: findSecurityContext(contextValue) }),
      });
    },
    async close() {
      await Promise.all(controls.map(async (control) => control.stop?.()));
    },
  };
}

/**
 * A gateway that composes by introspection asks a subgraph for `_service` with the secret of `introspection.header`, and in the
 * name of no caller. The introspection control decides there, so the default rule must not refuse the gateway for having no token.
 */
function listDecidedElsewhere({ schemaFields = ['_service'], mode }: IntrospectionOptions): readonly string[] {
  return mode === 'report' ? [] : schemaFields;
}

/** The root fields that only the default rule closes. A schema that is not guarded has none: it is refused further on. */
function listClosedByDefault(schema: GraphQLSchema | undefined): string[] {
  if (!schema || !isGuarded(schema)) return [];
  const closed = describeAccess(schema).filter(({ rule }) => rule.startsWith('defaultRule: authenticated'));
  return closed.map(({ coordinate }) => coordinate);
}

/** A budget of points that has no prices of its own is spent by those of the cost control. */
function addPrices<C>(options: RateLimitOptions, prices: CostControl<C> | undefined): RateLimitOptions {
  if (!options.points || options.cost || !prices) return options;
  return { ...options, cost: (operation) => prices.estimateCost(operation as ResolvedOperation<C>).fieldCost };
}

/** Events have the cost that the cost control finds, where there is one. */
function priceEvents<C>(prices: CostControl<C> | undefined): OperationEventOptions<C> {
  return prices ? { cost: (operation) => prices.estimateCost(operation).fieldCost } : {};
}

/** @throws {TypeError} with the whole report, where `strictExposure` says so. */
function reportExposures(schema: GraphQLSchema, options: ExposureOptions, warn: (message: string) => void): void {
  const found = listExposures(schema, (coordinate) => findRule(schema, coordinate), options);
  if (found.length === 0) return;
  const report = printExposures(found);
  if (options.strictExposure === true) throw new TypeError(`strictExposure, and:\n${report}`);
  for (const line of report.split('\n')) warn(`exposure: ${line}.`);
}

const unlimited = { maxTokens: false, maxBatchSize: false } as const;
