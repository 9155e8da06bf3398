/** How an Apollo Server must be set up for the controls to hold, and what a user's own settings undo. */
import type { ApolloServerOptionsWithSchema, ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { isGuarded } from '@graphql-bulwark/authorization';
import { answerOptions, type Events } from '@graphql-bulwark/core';
import { chooseMaxValidationErrors, isDevelopment } from '@graphql-bulwark/core/internal';
import { createDocumentStore } from './document-store.ts';
import { findInternalPlugin, usesCacheHints } from './warnings/cache-hints.ts';
import { watchLandingPage } from './warnings/landing-page.ts';

export interface Posture<C extends BaseContext> {
  /** Makes the guard; `noStore`: no cache may keep an answer, and Apollo Server's plugin does not say so. */
  readonly guard: (noStore: boolean) => ApolloServerPlugin<C>;
  /** Told of answers that cannot be written. */
  readonly events: Events;
  readonly maxTokens: number | false;
  readonly maxBatchSize: number | false;
  /** What unguarded fields without a resolver use; guarded ones must use the same. */
  readonly fieldResolver: ApolloServerOptionsWithSchema<C>['fieldResolver'];
  /** Told of each setting that weakens the server. */
  readonly warn: (message: string) => void;
}

/** Merges: the guard first, then the user's plugins; the user's settings, except where one would open what Bulwark closes. */
export function buildApolloOptions<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  { guard, events, maxTokens, maxBatchSize, fieldResolver, warn }: Posture<C>,
): ApolloServerOptionsWithSchema<C> {
  // Apollo Server serves the schema of a gateway in place of the one beside it.
  if (!('schema' in options) || !options.schema || options.gateway) {
    throw new TypeError(
      'bulwark.apollo needs `schema: bulwark.secure(...)`; it cannot guard typeDefs, modules or a gateway.',
    );
  }
  if (!isGuarded(options.schema)) {
    throw new TypeError('bulwark.apollo: pass the schema through bulwark.secure() first, and transform it no more.');
  }
  if (options.fieldResolver && options.fieldResolver !== fieldResolver) {
    throw new TypeError('fieldResolver must be given to createBulwark({ authorization: { fieldResolver } }) as well.');
  }
  for (const weakness of listWeaknesses(options, { maxTokens, maxBatchSize })) warn(weakness);
  const theirs = options.plugins ?? [];
  const landing = (): void => warn('plugins: a landing page is served in production, to anyone who opens the URL.');
  // It hooks every field, to add up hints that are not there.
  const noStore = !usesCacheHints(options.schema, theirs);
  const ours = [
    ...(noStore && !findInternalPlugin(theirs, 'CacheControl') ? [ApolloServerPluginCacheControlDisabled()] : []),
    ...(findInternalPlugin(theirs, 'InlineTrace') ? [] : [ApolloServerPluginInlineTraceDisabled()]),
    ...(isDevelopment() || findInternalPlugin(theirs, 'LandingPageDisabled')
      ? []
      : [ApolloServerPluginLandingPageDisabled()]),
  ];
  return {
    ...options,
    plugins: [
      guard(noStore),
      ...(isDevelopment() ? theirs : theirs.map((plugin) => watchLandingPage(plugin, landing))),
      ...ours,
    ],
    ...(fieldResolver && { fieldResolver }),
    // The introspection control decides, for each request; Apollo Server's own rule decides once for each document.
    introspection: true,
    csrfPrevention: options.csrfPrevention ?? true,
    documentStore: options.documentStore === undefined ? createDocumentStore() : options.documentStore,
    persistedQueries: options.persistedQueries === false ? false : { ttl: 3_600, ...options.persistedQueries },
    parseOptions: { ...options.parseOptions, ...takeTighter(options.parseOptions?.maxTokens, maxTokens) },
    ...answerOptions({ events, stringifyResult: options.stringifyResult, formatError: options.formatError }),
    // Suggestions cost more than the rest of validation; without them a misspelt document is cheap.
    validationOptions: { hideSuggestions: true, ...options.validationOptions, maxErrors: readMaxErrors(options) },
    hideSchemaDetailsFromClientErrors: options.hideSchemaDetailsFromClientErrors ?? true,
    includeStacktraceInErrorResponses: false,
  };
}

/** No more than an answer holds. */
function readMaxErrors<C extends BaseContext>({ validationOptions }: ApolloServerOptionsWithSchema<C>): number {
  return Math.min(validationOptions?.maxErrors ?? chooseMaxValidationErrors(), 20);
}

function takeTighter(theirs: number | undefined, ours: number | false): { maxTokens?: number } {
  const least = Math.min(theirs ?? Infinity, ours === false ? Infinity : ours);
  return least === Infinity ? {} : { maxTokens: least };
}

function* listWeaknesses<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  { maxTokens, maxBatchSize }: Pick<Posture<C>, 'maxTokens' | 'maxBatchSize'>,
): Iterable<string> {
  const plugins = options.plugins ?? [];
  if (options.csrfPrevention === false) {
    yield 'csrfPrevention: false lets other sites send operations with the cookies of a visitor.';
  }
  if (options.hideSchemaDetailsFromClientErrors === false) {
    yield 'hideSchemaDetailsFromClientErrors: false suggests names of the schema to a client that misspells one.';
  }
  if (options.validationOptions?.hideSuggestions === false) {
    yield 'validationOptions.hideSuggestions: false lets a misspelt document buy a search through the whole schema.';
  }
  if (process.env['NODE_ENV'] === undefined) {
    yield 'NODE_ENV is not set: Bulwark takes that for production, but HTTP frameworks may answer with stack traces.';
  }
  if (options.includeStacktraceInErrorResponses === true) {
    yield 'includeStacktraceInErrorResponses: true is ignored: no stack trace leaves this server.';
  }
  if (options.dangerouslyDisableValidation === true) {
    yield 'dangerouslyDisableValidation: true executes documents that were never checked against the schema.';
  }
  if (options.allowBatchedHttpRequests && maxBatchSize === false) {
    yield 'allowBatchedHttpRequests without limits.maxBatchSize lets one request carry any number of operations.';
  }
  if (options.persistedQueries && options.persistedQueries.ttl === null) {
    yield 'persistedQueries.ttl: null keeps what any client registered until the cache is full.';
  }
  if (options.status400ForVariableCoercionErrors === false) {
    yield 'status400ForVariableCoercionErrors: false answers 200 to variables that do not fit.';
  }
  if (findInternalPlugin(plugins, 'InlineTrace') === 'on') {
    yield 'plugins: inline traces tell field names, types and durations to any client that asks for them.';
  }
  if (options.introspection !== undefined) {
    yield 'introspection is ignored here: give createBulwark({ introspection: { allow } }) instead.';
  }
  if (maxTokens !== false && (options.parseOptions?.maxTokens ?? 0) > maxTokens) {
    yield `parseOptions.maxTokens: ${options.parseOptions?.maxTokens} is cut to limits.maxTokens: ${maxTokens}.`;
  }
}
