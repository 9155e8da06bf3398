/**
 * The one plugin, and the only file that knows Apollo Server's hooks.
 *
 * Of all hooks only `didResolveOperation` can reject with a status, headers and code. So what is refused earlier is remembered
 * and the request goes on with a harmless document: from `requestDidStart` in this request's own record, from
 * `validationDidStart` as a sentinel that Apollo Server caches under the hostile text. No other hook throws, and there is no
 * validation rule: its verdict would be cached for every later caller of the same text.
 */
import type { ApolloServerPlugin, BaseContext, GraphQLRequestContext } from '@apollo/server';
import { type GraphQLError, type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import { clientErrors } from './answer.ts';
import { originOf, resolveOperation, runChecks } from './check.ts';
import type { Control, OutgoingAnswer, ResolvedOperation } from './control.ts';
import { createEvents, type EventListener, type EventOrigin, type Logger } from './events.ts';
import { knownOptions } from './options.ts';
import { securityContext, securityOf } from './principal.ts';
import { factsOfRefusal, refusalCode, refuse } from './refusal.ts';
import { createSentinels } from './sentinel.ts';
import { eventOf, verdict } from './verdict.ts';

export interface GuardOptions<C extends BaseContext = BaseContext> {
  /** In the order in which they judge; put rate limits last, so that what another control refuses is not charged. */
  readonly controls: readonly Control<C>[];
  /** Told of every refusal and failure. Left out: refusals are logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /** Errors without a code of their own that clients may see all the same. Left out: none. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Protects an Apollo Server with these controls. Must be the first of its plugins.
 *
 * @throws {TypeError} for options that cannot be meant.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits()] })] })
 */
export function guard<C extends BaseContext>(options: GuardOptions<C>): ApolloServerPlugin<C> {
  knownOptions('guard', options, ['controls', 'onEvent', 'expose']);
  const { controls, onEvent, expose } = options;
  const names = new Set(controls.map(({ name }) => name));
  if (names.size < controls.length) throw new TypeError('guard: each control may stand in controls only once.');

  let logger: Logger = console;
  const events = createEvents(onEvent, () => logger);
  const judges = [noSubscription, ...controls];
  const sentinels = createSentinels();
  const operationsSeen = new WeakMap<object, number>();

  /** Room 2. Returns the refusal to throw in room 4. */
  function admit(context: GraphQLRequestContext<C>, origin: EventOrigin): GraphQLError | undefined {
    const { request, contextValue } = context;
    // A callback protocol would subscribe even where the request is refused.
    if (request.extensions) {
      const { subscription: _subscription, ...extensions } = request.extensions;
      request.extensions = extensions;
    }
    const { query: source, variables, extensions } = request;
    const security = origin.security ?? securityContext();
    const incoming = { source, variables, extensions, security, contextValue, batchIndex: batchIndex(context) };
    for (const control of controls) {
      try {
        control.admit?.(incoming);
      } catch (thrown) {
        const refusal = verdict(control, thrown, events, origin);
        if (!refusal) continue;
        request.query = '{ __typename }';
        delete request.operationName;
        delete request.variables;
        delete request.extensions;
        return refusal;
      }
    }
    return undefined;
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
    if (!document) return;
    for (const control of controls) {
      if (control.mode === 'report') continue;
      try {
        control.measure?.({ document, schema });
      } catch (thrown) {
        if (refusalCode(thrown) === undefined) events.logged(`control '${control.name}' failed`, thrown);
        (context as Mutable<typeof context>).document = sentinels.standFor(control.name, ownRefusal(thrown));
        return;
      }
    }
  }

  return {
    async serverWillStart({ schema, logger: apolloLogger }) {
      logger = apolloLogger;
      for (const control of controls) control.start?.({ schema });
      return {
        // Not in drainServer: operations that are still running then are still judged.
        async serverWillStop() {
          await Promise.all(controls.map(async (control) => control.stop?.()));
        },
      };
    },

    async requestDidStart(context) {
      const origin: EventOrigin = { security: securityOf(context.contextValue) };
      const pending = admit(context, origin);
      let operation: ResolvedOperation<C> | undefined;

      return {
        async validationDidStart(parsed) {
          measure(parsed);
        },

        async didResolveOperation(resolved) {
          try {
            if (pending) throw pending;
            const refused = sentinels.refusalOf(resolved.document);
            if (refused) {
              events.emit(eventOf(refused.control, refused.refusal), 'refused', origin);
              throw refused.refusal;
            }
            if (!resolved.operation) return;
            operation = resolveOperation(
              {
                schema: resolved.schema,
                document: resolved.document,
                variables: resolved.request.variables,
                contextValue: resolved.contextValue,
                source: resolved.source,
                neverCache: () => resolved.overallCachePolicy.restrict({ maxAge: 0 }),
              },
              resolved.operation,
              events,
            );
            await runChecks(judges, operation, events);
          } catch (thrown) {
            throw answerFor(thrown, resolved.requestIsBatched);
          }
        },

        async didEncounterErrors({ errors }) {
          const [error] = errors;
          const code = error?.extensions['code'];
          if (typeof code !== 'string' || !apolloRefusals.has(code) || error?.path || factsOfRefusal(error)) return;
          events.emit({ type: 'request.invalid', code }, 'refused', operation ? originOf(operation) : origin);
        },

        async willSendResponse({ response, requestIsBatched, errors = [] }) {
          const { headers } = response.http;
          const sender = operation ? originOf(operation) : origin;
          const answer: OutgoingAnswer<C> = {
            operation,
            headers,
            isBatched: requestIsBatched,
            security: sender.security ?? securityContext(),
            result: response.body.kind === 'single' ? response.body.singleResult : undefined,
            report: (details) => events.emit(details, 'noted', sender),
            failed: (where, error) =>
              events.emit({ type: 'failure', where, errorId: events.logged(where, error) }, 'noted', sender),
          };
          for (const control of controls) {
            try {
              control.respond?.(answer);
            } catch (thrown) {
              events.logged(`control '${control.name}' failed on the way out`, thrown);
            }
          }
          const result = response.body.kind === 'single' ? response.body.singleResult : response.body.initialResult;
          if (!result.errors) return;
          const also = factsOfRefusal(errors[0])?.also ?? [];
          const formatted: GraphQLFormattedError[] = [...result.errors, ...also.map((error) => error.toJSON())];
          (result as { errors: readonly GraphQLFormattedError[] }).errors = clientErrors(
            formatted,
            [...errors, ...also],
            {
              expose,
              masked(error, path) {
                const errorId = events.logged('an unexpected error was masked', error);
                const details = { type: 'error.masked', errorId, ...(path && { path }) } as const;
                events.emit(details, 'noted', operation ? originOf(operation) : origin);
                return errorId;
              },
            },
          );
        },
      };
    },

    async contextCreationDidFail({ error }) {
      if (refusalCode(error) === undefined) events.emit({ type: 'failure', where: 'context' }, 'refused');
    },

    async invalidRequestWasReceived() {
      events.emit({ type: 'request.invalid', code: 'BAD_REQUEST' }, 'refused');
    },

    async unexpectedErrorProcessingRequest({ error }) {
      events.emit({ type: 'failure', where: 'request', errorId: events.logged('request failed', error) }, 'refused');
    },
  };
}

/** What Apollo Server refuses by itself and an operator wants to know. An unknown persisted-query hash is ordinary. */
const apolloRefusals: ReadonlySet<string> = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/** Apollo Server would execute a subscription like a query: `resolve` without `subscribe`. */
const noSubscription: Control = {
  name: 'guard',
  check({ operation }) {
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw refuse('SUBSCRIPTION_NOT_SUPPORTED');
  },
};

function ownRefusal(thrown: unknown): GraphQLError {
  return refusalCode(thrown) ? (thrown as GraphQLError) : refuse('INTERNAL_SERVER_ERROR');
}

/** Only our own refusals leave `didResolveOperation`. In a batch the status is everybody's, so only the code says no. */
function answerFor(thrown: unknown, isBatched: boolean): GraphQLError {
  const refusal = ownRefusal(thrown);
  const http = refusal.extensions['http'] as { status: number } | undefined;
  if (isBatched && http) http.status = 200;
  return refusal;
}
