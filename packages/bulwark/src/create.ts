/** The wiring: every control made once, in the order in which they check, and handed to Apollo Server. */
import type { ApolloServerOptionsWithSchema } from '@apollo/server';
import {
  authDirectivesAs,
  authorization,
  findRule,
  guardSchema,
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
  requireTestedGraphql,
} from '@graphql-bulwark/core/internal';
import { compileAccess, introspection } from '@graphql-bulwark/introspection';
import { createViews, hideUnauthorized } from '@graphql-bulwark/introspection/visibility';
import {
  type CostControl,
  cost,
  costDirectives,
  executionLimits,
  limits,
  resolveLimits,
} from '@graphql-bulwark/limits';
import {
  type RateLimit,
  type RateLimitOptions,
  rateLimit,
  rateLimitDirectives,
  type SocketLimits,
} from '@graphql-bulwark/rate-limit';
import type { GraphQLSchema } from 'graphql';
import { buildApolloOptions } from './apollo-options.ts';
import { compileAuthenticator } from './authenticator.ts';
import { createContextMaker, type HttpRequest } from './context.ts';
import { type ExposureOptions, listExposures, printExposures } from './exposure.ts';
import { type BulwarkOptions, readBulwarkOptions } from './options.ts';
import { listWeakOptions } from './warnings/weak-options.ts';

/** What {@link createBulwark} returns. */
export interface Bulwark<C extends SecuredContext = SecuredContext> {
  /** The definitions of `@auth`, `@owner`, `@public`, `@cost`, `@listSize` and `@rateLimit`, as SDL. */
  readonly typeDefs: string;
  /** A new schema whose fields and objects are guarded. The last transform of a schema. */
  readonly secure: (schema: GraphQLSchema) => GraphQLSchema;
  /** Options for `new ApolloServer()`: the guard first, then what you give, with safe settings. */
  readonly apollo: (options: ApolloServerOptionsWithSchema<C>) => ApolloServerOptionsWithSchema<C>;
  /** A function for `context` of your HTTP integration; yours makes the rest of the context. */
  readonly context: <R extends HttpRequest = HttpRequest>(
    build?: (request: R) => Omit<C, 'security'> | Promise<Omit<C, 'security'>>,
  ) => (request: R) => Promise<C>;
  /** The address that a request comes from, as the option `clientAddress` says, or `null` where there is none. */
  readonly clientIp: (request: RequestOrigin) => string | null;
  /** Judges one request before it is parsed, for transports that run no Apollo plugin. Throws the refusal. */
  readonly admit: (request: AdmitInput<C>) => void;
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
  const { listSizes } = options.cost || {};
  const bounds =
    options.execution === false ? undefined : executionLimits<C>({ ...options.execution, events, listSizes });
  const controls: readonly Control<C>[] = [
    createContextNotice(warn),
    // First on the way out: the others see what is answered.
    ...(bounds ? [bounds] : []),
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
    events,
    words,
    warn,
  });

  return {
    typeDefs: `${authDirectivesAs(ruling.directiveNames ?? {})}\n${costDirectives}\n${rateLimitDirectives}`,
    secure(schema) {
      requireTestedGraphql('secure', schema);
      const bound = bounds ? bounds.secure(schema, fieldResolver) : schema;
      const guarded = guardSchema<C>(limiter.secure(bound, fieldResolver), { ...ruling, defaultRule, events });
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
      return buildApolloOptions(server, {
        guard: plugin,
        events,
        maxTokens: ceilings.maxTokens,
        maxBatchSize: resolveLimits(options.limits).maxBatchSize,
        fieldResolver,
        warn,
      });
    },
    // The application builds all of its context but `security`, which is added here.
    context(build = () => ({}) as Omit<C, 'security'>) {
      // Given to an integration as it is, it would make every caller anonymous.
      if (typeof build !== 'function') {
        throw new TypeError(
          'bulwark.context takes a function, and returns the one to give: context: bulwark.context().',
        );
      }
      return async (request) => (await makeContext(request, build)) as unknown as C;
    },
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

/** Refuses nothing, and tells once of an operation whose context no `bulwark.context()` made: its caller is anonymous. */
function createContextNotice<C>(warn: (message: string) => void): Control<C> {
  let told = false;
  return {
    name: 'context',
    check({ contextValue }) {
      if (told || findSecurityContext(contextValue)) return;
      told = true;
      warn(
        'context: an operation came without what bulwark.context() adds, so its caller is anonymous and has no address.',
      );
    },
  };
}

/** A budget of points that has no prices of its own is spent by those of the cost control. */
function addPrices<C>(options: RateLimitOptions, prices: CostControl<C> | undefined): RateLimitOptions {
  if (!options.points || options.cost || !prices) return options;
  return { ...options, cost: (operation) => prices.estimateCost(operation as ResolvedOperation<C>).fieldCost };
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
