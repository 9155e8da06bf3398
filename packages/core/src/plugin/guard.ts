/**
 * The plugin for Apollo Server, and the only file that knows its hooks.
 *
 * Of all hooks only `didResolveOperation` can reject with a status, headers and a code. So an earlier refusal is remembered,
 * and until then the request goes on with a harmless document. A refusal of `requestDidStart` is remembered for this request;
 * one of `validationDidStart` as a stand-in document, which Apollo Server caches under the hostile text. No other hook
 * throws. The guard adds no validation rule, because Apollo Server would cache its result for every later caller who sends
 * the same text.
 */
import {
  type ApolloServerPlugin,
  type BaseContext,
  type GraphQLRequestContext,
  type GraphQLRequestContextDidResolveOperation,
  type GraphQLRequestListener,
  HeaderMap,
} from '@apollo/server';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { StartingServer } from '../control.ts';
import { REFUSALS } from '../errors/codes.ts';
import { isExpectedError } from '../errors/mask-errors.ts';
import { createWording } from '../errors/messages.ts';
import { isParserOverflow, parserOverflow } from '../errors/parser-overflow.ts';
import { readRefusalCode, readRefusalFacts, refuse } from '../errors/refuse.ts';
import { findSchemaCode, listErrorTexts } from '../errors/schema-details.ts';
import { createEvents, type EventOrigin } from '../events/events.ts';
import { type Logger } from '../events/log.ts';
import { readRequestLabels } from '../events/request-labels.ts';
import { isDevelopment } from '../lib/environment.ts';
import { requireTestedGraphql } from '../lib/graphql-version.ts';
import { isRecord } from '../lib/is-object.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { beginOperation, endOperation, findSecurityContext, securityContext } from '../security-context.ts';
import { type GuardOptions, readGuardOptions } from './guard-options.ts';
import { type CallbackRequest, createCallbacks, noSubscription, onlySubscription } from './http-subscriptions.ts';
import {
  buildRefusalEvent,
  createExemption,
  findAdmitRefusal,
  findMeasureRefusal,
  loadText,
  repeatUncachedWork,
  reportThrown,
  runChecks,
  validateForCaller,
} from './pipeline.ts';
import { createRefusedDocuments } from './refused-document.ts';
import { type CheckedOperation, readOrigin, resolveOperation } from './resolved-operation.ts';
import { createHeaderReader, createResponseSteps } from './response.ts';
import { reportUnclosedStreams } from './unwatched-streams.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Makes the plugin that protects an Apollo Server with these controls. It must be the first of its plugins.
 *
 * @throws {TypeError} for an invalid option, while the server is being built.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits()] })] })
 */
export function guard<C extends BaseContext>(options: GuardOptions<C>): ApolloServerPlugin<C> {
  const settings = readGuardOptions(options);
  const { controls, onEvent, expose, schemaDetails = isDevelopment(), noStore } = settings;
  const words = createWording(settings.messages);
  /** Updates of the schema with which a control refused to start. */
  const refusedSchemas = new WeakSet<GraphQLSchema>();
  let logger: Logger = settings.logger ?? console;
  const events = createEvents(onEvent, () => logger);
  const checks = [noSubscription, ...controls];
  const callbackChecks = [onlySubscription, ...controls];
  const refusedDocuments = createRefusedDocuments();
  const steps = createResponseSteps({ controls, events, expose, schemaDetails, words, refusedDocuments });
  const callbacks = createCallbacks(settings.subscriptionCallbacks, {
    mask: steps.maskEvent,
    failed: (error) => void events.logged('a router did not learn that a subscription has ended', error),
  });
  const reportUnclosed = (error: unknown): void => void events.logged('a source stream failed to close', error);
  /** Headers of an HTTP request -> operations of it that have started. */
  const startedOperations = new WeakMap<object, number>();

  /** Room 2. @returns the refusal, which room 4 throws; the request then goes on with a harmless text. */
  function admit(context: GraphQLRequestContext<C>, origin: EventOrigin): GraphQLError | undefined {
    const { request, contextValue } = context;
    const { query: source, variables, extensions } = request;
    const security = origin.security ?? securityContext();
    const parameter = createParameterReader(request.http);
    const batchIndex = takeBatchIndex(context);
    const sent = { source, variables, extensions, security, contextValue, batchIndex, parameter };
    const hashRefusal = findHashRefusal(extensions, origin);
    const { text, refusal: loadRefusal } = hashRefusal ? {} : loadText(controls, sent, events, origin);
    if (text !== undefined) {
      request.query = text;
      request.extensions = { ...extensions };
      // Apollo Server would compare the hash with the text, or register it.
      delete request.extensions['persistedQuery'];
    }
    const refusal =
      hashRefusal ?? loadRefusal ?? findAdmitRefusal(controls, { ...sent, source: request.query }, events, origin);
    if (!refusal) return undefined;
    request.query = '{ __typename }';
    delete request.operationName;
    delete request.variables;
    delete request.extensions;
    return refusal;
  }

  /**
   * Apollo Server uses the hash as a cache key. One that is no string would fail there, and read as a failure of the server.
   */
  function findHashRefusal(extensions: { readonly persistedQuery?: unknown } | undefined, origin: EventOrigin) {
    const { sha256Hash } = (extensions?.persistedQuery ?? {}) as { readonly sha256Hash?: unknown };
    if (sha256Hash === undefined || typeof sha256Hash === 'string') return undefined;
    return reportThrown(
      { name: 'guard' },
      refuse('BAD_REQUEST', { reason: 'the hash of a query is not a string' }),
      events,
      origin,
    );
  }

  /** Called only after every control let the operation pass: from here on, events are posted to the router. */
  async function startCallback(
    context: GraphQLRequestContext<C>,
    subscription: CallbackRequest,
  ): Promise<GraphQLRequestListener<C>> {
    context.request.extensions = { ...context.request.extensions, subscription };
    reportUnclosedStreams(context.contextValue, reportUnclosed);
    const listener = await callbacks.plugin.requestDidStart?.(context);
    if (!listener?.responseForOperation)
      throw new Error('The plugin for subscription callbacks did not take the request.');
    return listener;
  }

  /**
   * As {@link validateForCaller}. The refusal of a cached document takes as long as that of one which is not cached, since
   * the difference would reveal a hidden field.
   */
  function validateInEqualTime(
    { schema, document, source, contextValue }: GraphQLRequestContextDidResolveOperation<C>,
    operationName: string | undefined,
    isCached: boolean,
  ): GraphQLSchema | undefined {
    try {
      return validateForCaller(controls, { schema, document, operationName, contextValue }, events);
    } catch (refusal) {
      if (isCached) repeatUncachedWork(controls, schema, source, events);
      throw refusal;
    }
  }

  /**
   * Counts the operations of one batch: they share one object of request headers.
   *
   * @returns 0 for the first, and outside a batch.
   */
  function takeBatchIndex({ request, requestIsBatched }: GraphQLRequestContext<C>): number {
    if (!requestIsBatched || !request.http) return 0;
    const index = startedOperations.get(request.http.headers) ?? 0;
    startedOperations.set(request.http.headers, index + 1);
    return index;
  }

  /** Room 3. Replaces a refused document by its stand-in. */
  function measure(context: GraphQLRequestContext<C>): void {
    const { document, schema, source } = context;
    const refused = document && findMeasureRefusal(controls, { document, schema, source }, events);
    if (refused) (context as Mutable<typeof context>).document = refusedDocuments.createStandIn(refused, document);
  }

  /** @throws what a control throws that does not protect this schema. */
  function startControls(schema: GraphQLSchema): void {
    requireTestedGraphql('guard', schema);
    const warn = (message: string): void => events.emit({ type: 'config.warning', message }, 'noted');
    const report: NonNullable<StartingServer['report']> = (details) => events.emit(details, 'noted');
    for (const control of controls) control.start?.({ schema, warn, report });
  }

  return {
    async serverWillStart(service) {
      const { schema, logger: apolloLogger } = service;
      logger = settings.logger ?? apolloLogger;
      // One after the other: what fails first keeps the server from starting.
      await controls.reduce(async (before, control) => {
        await before;
        await control.open?.();
      }, Promise.resolve());
      startControls(schema);
      const router = await callbacks.plugin.serverWillStart?.(service);
      return {
        async drainServer() {
          await router?.drainServer?.();
        },
        // Apollo Server serves the new schema even if this throws, so its operations are refused one by one.
        schemaDidLoadOrUpdate({ apiSchema }) {
          if (apiSchema === schema) return;
          try {
            startControls(apiSchema);
          } catch (thrown) {
            refusedSchemas.add(apiSchema);
            const errorId = events.logged('the new schema is refused, and every operation on it', thrown);
            events.emit({ type: 'failure', where: 'schema update', errorId }, 'refused');
          }
        },
        // Not in drainServer: operations that are still running by then still need their controls.
        async serverWillStop() {
          await Promise.all(controls.map(async (control) => control.stop?.()));
        },
      };
    },

    async requestDidStart(context) {
      const security = findSecurityContext(context.contextValue);
      const { operationName } = context.request;
      // Until the text is parsed, the name that the client sends is all that is known of the operation.
      const labels = security?.labels ?? readRequestLabels(createHeaderReader(context));
      let origin: EventOrigin = { security, labels, operationName };
      const callback = callbacks.takeFrom(context.request);
      const pending = admit(context, origin);
      const later: GraphQLError[] = [];
      beginOperation(security);
      let isCached = true;
      let operation: CheckedOperation<C> | undefined;
      let router: GraphQLRequestListener<C> | undefined;

      return {
        async validationDidStart(parsed) {
          isCached = false;
          measure(parsed);
        },

        async didResolveOperation(resolved) {
          try {
            if (pending) throw pending;
            const refused = refusedDocuments.findRefusal(resolved.document, operationName);
            if (refused) {
              origin = { security, labels, source: resolved.source, ...refused.operation };
              events.emit(buildRefusalEvent(refused.control, refused.refusal), 'refused', origin);
              throw refused.refusal;
            }
            const { schema, document, contextValue, source } = resolved;
            origin = { security, labels, source, ...chooseOperation(listOperations(document), operationName) };
            if (refusedSchemas.has(schema))
              throw refuse('SERVICE_UNAVAILABLE', { reason: 'schema', retryAfterSeconds: 10 });
            const view = validateInEqualTime(resolved, operationName, isCached);
            if (!resolved.operation) return;
            operation = resolveOperation(
              {
                schema,
                view,
                document,
                contextValue,
                variables: resolved.request.variables,
                source: resolved.source,
                header: createHeaderReader(resolved),
                answerable: true,
                isExempt: createExemption(controls, { source: resolved.source, document }),
                neverCache: forbidCaching(resolved.overallCachePolicy),
              },
              resolved.operation,
              events,
            );
            await runChecks(callback ? callbackChecks : checks, operation, events);
          } catch (thrown) {
            const isRefusal = readRefusalCode(thrown) !== undefined;
            const known = isRefusal ? thrown : reportThrown({ name: 'guard' }, thrown, events, origin);
            throw prepareRefusal(known, resolved.requestIsBatched);
          }
        },

        async responseForOperation(checked) {
          if (callback && operation) {
            router = await startCallback(checked, callback);
            return (await router.responseForOperation?.(checked)) ?? null;
          }
          const singleResult = operation && (await steps.findAnswer(operation));
          return singleResult ? { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } } : null;
        },

        async didEncounterSubsequentErrors(_, errors) {
          later.push(...errors);
        },

        async didEncounterErrors({ errors, document, source }) {
          const [error] = errors;
          const code = error?.extensions['code'];
          if (!error || typeof code !== 'string' || !apolloRefusals.has(code) || error.path || readRefusalFacts(error))
            return;
          if (!pending) {
            const named = document ? chooseOperation(listOperations(document), operationName) : { operationName };
            origin = { security, labels, source, ...named };
          }
          const details = findSchemaCode(error.toJSON(), error) ? { details: listErrorTexts(errors) } : {};
          const isTooDeep = isParserOverflow(error);
          const isTooLong = tooManyTokens.test(error.message);
          const reason = isTooDeep ? parserOverflow : isTooLong ? 'more tokens than the parser takes' : undefined;
          events.emit(
            {
              type: 'request.invalid',
              code: isTooDeep ? 'DEPTH_LIMIT_EXCEEDED' : code,
              ...details,
              ...(reason !== undefined && { reason }),
            },
            'refused',
            operation ? readOrigin(operation) : origin,
          );
        },

        async willSendResponse(ending) {
          if (noStore) ending.response.http.headers.set('cache-control', 'no-store');
          await router?.willSendResponse?.(ending);
          const sender = operation ? readOrigin(operation) : origin;
          steps.callResponders(ending, operation, sender);
          steps.maskAnswer(ending, later, sender);
          endOperation(security);
        },
      };
    },

    async contextCreationDidFail({ error }) {
      if (isExpectedError(error)) return;
      events.emit({ type: 'failure', where: 'context', errorId: events.logged('context() failed', error) }, 'refused');
      concealError(error);
    },

    async invalidRequestWasReceived() {
      events.emit({ type: 'request.invalid', code: 'BAD_REQUEST' }, 'refused');
    },

    async unexpectedErrorProcessingRequest({ error }) {
      events.emit({ type: 'failure', where: 'request', errorId: events.logged('request failed', error) }, 'refused');
    },
  };
}

/**
 * Reads what Apollo Server leaves out of a request: keys of the body, or of the URL of a GET request, that it does not know. In
 * a batch, the body is that of one operation.
 */
function createParameterReader(http: GraphQLRequestContext<BaseContext>['request']['http']): (name: string) => unknown {
  if (!http) return () => undefined;
  const { method, body, search } = http;
  if (method === 'GET') {
    return function readSearchParameter(name) {
      const values = new URLSearchParams(search).getAll(name);
      return values.length > 1 ? values : values[0];
    };
  }
  return function readBodyParameter(name) {
    return isRecord(body) && Object.hasOwn(body, name) ? body[name] : undefined;
  };
}

/** The returned function holds the policy only: one over Apollo's request context would keep the whole answer in memory. */
function forbidCaching(policy: GraphQLRequestContext<BaseContext>['overallCachePolicy']): () => void {
  return function forbidSharedCaching() {
    policy.restrict({ maxAge: 0 });
  };
}

/** How graphql-js words the one refusal of its parser that is a limit: `than` or `that`. */
const tooManyTokens = /^Syntax Error: Document contains more tha[nt] \d+ tokens/;

/** Refusals by Apollo Server itself that are reported. Not among them: an unknown persisted-query hash, which is ordinary. */
const apolloRefusals: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/**
 * Apollo Server sends the message of an error of `context()` to the client. The error is in the log by now, so its message is
 * replaced.
 */
function concealError(error: Error): void {
  const { message: value } = REFUSALS.INTERNAL_SERVER_ERROR;
  try {
    // Not by assignment, because the message of a DOMException is a getter; a `fetch()` that times out throws one.
    for (const name of ['message', 'stack']) Object.defineProperty(error, name, { value });
  } catch {
    // A frozen error keeps its message here. `answerOptions()` hides it, and `bulwark.context()` throws no such error.
  }
}

function ensureRefusal(thrown: unknown): GraphQLError {
  return readRefusalCode(thrown) ? (thrown as GraphQLError) : refuse('INTERNAL_SERVER_ERROR');
}

/**
 * Prepares what `didResolveOperation` throws, which is always a refusal of ours. In a batch all operations share one HTTP
 * status, so there the status is 200 and the code alone refuses.
 */
function prepareRefusal(thrown: unknown, isBatched: boolean): GraphQLError {
  const refusal = ensureRefusal(thrown);
  const http = refusal.extensions['http'] as { status: number } | undefined;
  // Apollo Server answers 400 for errors of validation and coercion that it finds itself. Ours must look the same.
  const code = readRefusalCode(refusal);
  const isOfGraphql = code === 'GRAPHQL_VALIDATION_FAILED' || code === 'BAD_USER_INPUT';
  if (isBatched && http && !(isOfGraphql && readRefusalFacts(refusal)?.message)) http.status = 200;
  return refusal;
}
