/**
 * The one plugin, and the only file that knows Apollo Server's hooks.
 *
 * Of all hooks only `didResolveOperation` can reject with a status, headers and code. So what is refused earlier is remembered
 * and the request goes on with a harmless document: from `requestDidStart` in this request's own record, from
 * `validationDidStart` as a sentinel that Apollo Server caches under the hostile text. No other hook throws, and there is no
 * validation rule: its verdict would be cached for every later caller of the same text.
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
import { isExpectedError } from '../errors/mask-errors.ts';
import { wording } from '../errors/messages.ts';
import { isParserOverflow, parserOverflow } from '../errors/parser-overflow.ts';
import { factsOfRefusal, REFUSALS, refusalCode, refuse } from '../errors/refusal.ts';
import { schemaCodeOf, toldOf } from '../errors/schema-details.ts';
import { createEvents, type EventOrigin, type Logger } from '../events/events.ts';
import { isDevelopment } from '../lib/environment.ts';
import { requireTestedGraphql } from '../lib/graphql-version.ts';
import { chooseOperation, listOperations } from '../operation/named-operation.ts';
import { securityContext, securityOf } from '../security-context.ts';
import { originOf, type Resolved, resolveOperation, runChecks, vet } from './check.ts';
import { type GuardOptions, readGuardOptions } from './guard-options.ts';
import { type CallbackRequest, createCallbacks, noSubscription, onlySubscription } from './http-subscriptions.ts';
import { createSentinels } from './refused-document.ts';
import { createOutgoing, headerOf } from './response.ts';
import { judgeAnew, refusedDocument, refusedEntry } from './rooms.ts';
import { closesUnwatched } from './unwatched-streams.ts';
import { eventOf, verdict } from './verdict.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Protects an Apollo Server with these controls. Must be the first of its plugins.
 *
 * @throws {TypeError} for options that cannot be meant.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits()] })] })
 */
export function guard<C extends BaseContext>(options: GuardOptions<C>): ApolloServerPlugin<C> {
  const settings = readGuardOptions(options);
  const { controls, onEvent, expose, schemaDetails = isDevelopment(), noStore } = settings;
  const words = wording(settings.messages);
  /** Updates of the schema that a control would not have started with. */
  const unfit = new WeakSet<GraphQLSchema>();
  let logger: Logger = settings.logger ?? console;
  const events = createEvents(onEvent, () => logger);
  const judges = [noSubscription, ...controls];
  const callbackJudges = [onlySubscription, ...controls];
  const sentinels = createSentinels();
  const outgoing = createOutgoing({ controls, events, expose, schemaDetails, words, sentinels });
  const callbacks = createCallbacks(settings.subscriptionCallbacks, {
    mask: outgoing.maskEvent,
    failed: (error) => void events.logged('a router was not told of the end of a subscription', error),
  });
  const unclosed = (error: unknown): void => void events.logged('a source stream failed to close', error);
  const operationsSeen = new WeakMap<object, number>();

  /** Room 2. Returns the refusal to throw in room 4. */
  function admit(context: GraphQLRequestContext<C>, origin: EventOrigin): GraphQLError | undefined {
    const { request, contextValue } = context;
    const { query: source, variables, extensions } = request;
    const security = origin.security ?? securityContext();
    const incoming = { source, variables, extensions, security, contextValue, batchIndex: batchIndex(context) };
    const refusal = refusedHash(extensions, origin) ?? refusedEntry(controls, incoming, events, origin);
    if (!refusal) return undefined;
    request.query = '{ __typename }';
    delete request.operationName;
    delete request.variables;
    delete request.extensions;
    return refusal;
  }

  /** Caches of persisted queries make a text of it, and what has no text would be a failure of the server. */
  function refusedHash(extensions: { readonly persistedQuery?: unknown } | undefined, origin: EventOrigin) {
    const { sha256Hash } = (extensions?.persistedQuery ?? {}) as { readonly sha256Hash?: unknown };
    if (sha256Hash === undefined || typeof sha256Hash === 'string') return undefined;
    return verdict(
      { name: 'guard' },
      refuse('BAD_REQUEST', { reason: 'the hash of a query is no text' }),
      events,
      origin,
    );
  }

  /** Only what every control let pass comes here: from now on a router hears of the subscription. */
  async function startCallback(
    context: GraphQLRequestContext<C>,
    subscription: CallbackRequest,
  ): Promise<GraphQLRequestListener<C>> {
    context.request.extensions = { ...context.request.extensions, subscription };
    closesUnwatched(context.contextValue, unclosed);
    const listener = await callbacks.plugin.requestDidStart?.(context);
    if (!listener?.responseForOperation) throw new Error('The plugin for subscription callbacks took no part.');
    return listener;
  }

  /** @throws the refusal of a document that does not fit what this caller may know, at the time of one that fits no one. */
  function vetUncached(
    { schema, document, source, contextValue }: GraphQLRequestContextDidResolveOperation<C>,
    operationName: string | undefined,
    isCached: boolean,
  ): GraphQLSchema | undefined {
    try {
      return vet(controls, { schema, document, operationName, contextValue }, events);
    } catch (refusal) {
      if (isCached) judgeAnew(controls, schema, source, events);
      throw refusal;
    }
  }

  /** The operations of a batch share one object of request headers. */
  function batchIndex({ request, requestIsBatched }: GraphQLRequestContext<C>): number {
    if (!requestIsBatched || !request.http) return 0;
    const index = operationsSeen.get(request.http.headers) ?? 0;
    operationsSeen.set(request.http.headers, index + 1);
    return index;
  }

  /** Room 3. Swaps a document that no one may run. */
  function measure(context: GraphQLRequestContext<C>): void {
    const { document, schema } = context;
    const refused = document && refusedDocument(controls, { document, schema }, events);
    if (refused) (context as Mutable<typeof context>).document = sentinels.standFor(refused, document);
  }

  const start = (schema: GraphQLSchema): void => {
    requireTestedGraphql('guard', schema);
    const warn = (message: string): void => events.emit({ type: 'config.warning', message }, 'noted');
    for (const control of controls) control.start?.({ schema, warn });
  };

  return {
    async serverWillStart(service) {
      const { schema, logger: apolloLogger } = service;
      logger = settings.logger ?? apolloLogger;
      start(schema);
      const router = await callbacks.plugin.serverWillStart?.(service);
      return {
        async drainServer() {
          await router?.drainServer?.();
        },
        // Apollo Server serves the new schema whatever is thrown here.
        schemaDidLoadOrUpdate({ apiSchema }) {
          if (apiSchema === schema) return;
          try {
            start(apiSchema);
          } catch (thrown) {
            unfit.add(apiSchema);
            const errorId = events.logged('the new schema is refused, and every operation on it', thrown);
            events.emit({ type: 'failure', where: 'schema update', errorId }, 'refused');
          }
        },
        // Not in drainServer: operations that are still running then are still judged.
        async serverWillStop() {
          await Promise.all(controls.map(async (control) => control.stop?.()));
        },
      };
    },

    async requestDidStart(context) {
      const security = securityOf(context.contextValue);
      const { operationName } = context.request;
      // Until the text is parsed, the operation is what the client says it is.
      let origin: EventOrigin = { security, operationName };
      const callback = callbacks.takeFrom(context.request);
      const pending = admit(context, origin);
      const later: GraphQLError[] = [];
      let isCached = true;
      let operation: Resolved<C> | undefined;
      let router: GraphQLRequestListener<C> | undefined;

      return {
        async validationDidStart(parsed) {
          isCached = false;
          measure(parsed);
        },

        async didResolveOperation(resolved) {
          try {
            if (pending) throw pending;
            const refused = sentinels.refusalOf(resolved.document, operationName);
            if (refused) {
              origin = { security, ...refused.operation };
              events.emit(eventOf(refused.control, refused.refusal), 'refused', origin);
              throw refused.refusal;
            }
            const { schema, document, contextValue } = resolved;
            origin = { security, ...chooseOperation(listOperations(document), operationName) };
            if (unfit.has(schema)) throw refuse('SERVICE_UNAVAILABLE', { reason: 'schema', retryAfterSeconds: 10 });
            const view = vetUncached(resolved, operationName, isCached);
            if (!resolved.operation) return;
            operation = resolveOperation(
              {
                schema,
                view,
                document,
                contextValue,
                variables: resolved.request.variables,
                source: resolved.source,
                header: headerOf(resolved),
                answerable: true,
                neverCache: forbidCaching(resolved.overallCachePolicy),
              },
              resolved.operation,
              events,
            );
            await runChecks(callback ? callbackJudges : judges, operation, events);
          } catch (thrown) {
            const isRefusal = refusalCode(thrown) !== undefined;
            const known = isRefusal ? thrown : verdict({ name: 'guard' }, thrown, events, origin);
            throw answerFor(known, resolved.requestIsBatched);
          }
        },

        async responseForOperation(judged) {
          if (callback && operation) {
            router = await startCallback(judged, callback);
            return (await router.responseForOperation?.(judged)) ?? null;
          }
          const singleResult = operation && (await outgoing.answerOf(operation));
          return singleResult ? { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } } : null;
        },

        async didEncounterSubsequentErrors(_, errors) {
          later.push(...errors);
        },

        async didEncounterErrors({ errors, document }) {
          const [error] = errors;
          const code = error?.extensions['code'];
          if (!error || typeof code !== 'string' || !apolloRefusals.has(code) || error.path || factsOfRefusal(error))
            return;
          if (document && !pending) origin = { security, ...chooseOperation(listOperations(document), operationName) };
          const details = schemaCodeOf(error.toJSON(), error) ? { details: toldOf(errors) } : {};
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
            operation ? originOf(operation) : origin,
          );
        },

        async willSendResponse(ending) {
          if (noStore) ending.response.http.headers.set('cache-control', 'no-store');
          await router?.willSendResponse?.(ending);
          const sender = operation ? originOf(operation) : origin;
          outgoing.ask(ending, operation, sender);
          outgoing.finish(ending, later, sender);
        },
      };
    },

    async contextCreationDidFail({ error }) {
      if (isExpectedError(error)) return;
      events.emit({ type: 'failure', where: 'context', errorId: events.logged('context() failed', error) }, 'refused');
      conceal(error);
    },

    async invalidRequestWasReceived() {
      events.emit({ type: 'request.invalid', code: 'BAD_REQUEST' }, 'refused');
    },

    async unexpectedErrorProcessingRequest({ error }) {
      events.emit({ type: 'failure', where: 'request', errorId: events.logged('request failed', error) }, 'refused');
    },
  };
}

/** A closure of its own: one over Apollo's request context would keep the whole answer in memory. */
function forbidCaching(policy: GraphQLRequestContext<BaseContext>['overallCachePolicy']): () => void {
  return () => policy.restrict({ maxAge: 0 });
}

/** In the words of graphql-js: the one refusal of its parser that is a limit. */
const tooManyTokens = /^Syntax Error: Document contains more tha[nt] \d+ tokens/;

/** What Apollo Server refuses by itself and an operator wants to know. An unknown persisted-query hash is ordinary. */
const apolloRefusals: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** Apollo Server quotes what `context()` threw; its words are in the log by now. */
function conceal(error: Error): void {
  const { message: value } = REFUSALS.INTERNAL_SERVER_ERROR;
  try {
    // Not by assignment: the message of a DOMException, which a fetch that takes too long throws, is a getter.
    for (const name of ['message', 'stack']) Object.defineProperty(error, name, { value });
  } catch {
    // A frozen error keeps its words here; `answerOptions()` hides them, and `bulwark.context()` throws none.
  }
}

function ownRefusal(thrown: unknown): GraphQLError {
  return refusalCode(thrown) ? (thrown as GraphQLError) : refuse('INTERNAL_SERVER_ERROR');
}

/** Only our own refusals leave `didResolveOperation`. In a batch the status is everybody's, so only the code says no. */
function answerFor(thrown: unknown, isBatched: boolean): GraphQLError {
  const refusal = ownRefusal(thrown);
  const http = refusal.extensions['http'] as { status: number } | undefined;
  // What graphql-js has refused has the status that Apollo Server gives to that: some such refusals are its own.
  const code = refusalCode(refusal);
  const isOfGraphql = code === 'GRAPHQL_VALIDATION_FAILED' || code === 'BAD_USER_INPUT';
  if (isBatched && http && !(isOfGraphql && factsOfRefusal(refusal)?.message)) http.status = 200;
  return refusal;
}
