/** How an Apollo Server must be set up for the controls to hold, and what a user's own settings undo. */
import type { ApolloServerOptionsWithSchema, ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { isGuarded } from '@graphql-bulwark/authorization';
import { answerOptions, type Events } from '@graphql-bulwark/core';
import { chooseMaxValidationErrors, createDocumentStore, isDevelopment } from '@graphql-bulwark/core/internal';
import type { TrustedDocuments } from '@graphql-bulwark/trusted-documents';
import { findInternalPlugin, usesCacheHints } from './warnings/cache-hints.ts';
import { watchLandingPage } from './warnings/landing-page.ts';
import { listWeakServerOptions } from './warnings/weak-server-options.ts';

export interface Posture<C extends BaseContext> {
  /** Makes the guard; `noStore`: no cache may keep an answer, and Apollo Server's plugin does not say so. */
  readonly guard: (noStore: boolean) => ApolloServerPlugin<C>;
  /** Told of answers that cannot be written. */
  readonly events: Events;
  readonly maxTokens: number | false;
  /** Keeps its documents in the cache, and says which of them are longer than `maxTokens`. */
  readonly trustedDocuments?: TrustedDocuments | undefined;
  readonly maxBatchSize: number | false;
  /** What unguarded fields without a resolver use; guarded ones must use the same. */
  readonly fieldResolver: ApolloServerOptionsWithSchema<C>['fieldResolver'];
  /** Told of each setting that weakens the server. */
  readonly warn: (message: string) => void;
}

/** Merges: the guard first, then the user's plugins; the user's settings, except where one would open what Bulwark closes. */
export function buildApolloOptions<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  { guard, events, maxTokens, trustedDocuments, maxBatchSize, fieldResolver, warn }: Posture<C>,
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
  for (const weakness of listWeakServerOptions(options, { maxTokens, maxBatchSize })) warn(weakness);
  const theirs = options.plugins ?? [];
  const { documentStore: theirStore = createDocumentStore() } = options;
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
      ...(isDevelopment() ? theirs : theirs.map((plugin) => watchLandingPage(plugin, warn))),
      ...ours,
    ],
    ...(fieldResolver && { fieldResolver }),
    // The introspection control decides, for each request; Apollo Server's own rule decides once for each document.
    introspection: true,
    csrfPrevention: options.csrfPrevention ?? true,
    documentStore: trustedDocuments ? trustedDocuments.documentStore(theirStore) : theirStore,
    persistedQueries: options.persistedQueries === false ? false : { ttl: 3_600, ...options.persistedQueries },
    parseOptions: buildParseOptions(options.parseOptions, maxTokens, trustedDocuments),
    ...answerOptions({ events, stringifyResult: options.stringifyResult, formatError: options.formatError }),
    // Suggestions cost more than the rest of validation; without them a misspelt document is cheap.
    validationOptions: { hideSuggestions: true, ...options.validationOptions, maxErrors: readMaxErrors(options) },
    hideSchemaDetailsFromClientErrors: options.hideSchemaDetailsFromClientErrors ?? true,
    includeStacktraceInErrorResponses: false,
  };
}

/** What is exempt from limits passes the parser, too, which is asked for each text: the manifests may change. */
function buildParseOptions(
  theirs: ApolloServerOptionsWithSchema<BaseContext>['parseOptions'],
  maxTokens: number | false,
  trustedDocuments: TrustedDocuments | undefined,
) {
  const ours = (): number | false =>
    maxTokens === false ? false : Math.max(maxTokens, trustedDocuments?.countExemptTokens() ?? 0);
  if (!trustedDocuments) return { ...theirs, ...takeTighter(theirs?.maxTokens, maxTokens) };
  return {
    ...theirs,
    get maxTokens() {
      return takeTighter(theirs?.maxTokens, ours()).maxTokens;
    },
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
