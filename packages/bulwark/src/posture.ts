/** How an Apollo Server must be set up for the controls to hold, and what a user's own settings undo. */
import type { ApolloServerOptionsWithSchema, ApolloServerPlugin, BaseContext } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { isGuarded } from '@graphql-bulwark/auth';

export interface Posture<C extends BaseContext> {
  readonly guard: ApolloServerPlugin<C>;
  readonly maxTokens: number | false;
  /** What unguarded fields without a resolver use; guarded ones must use the same. */
  readonly fieldResolver: ApolloServerOptionsWithSchema<C>['fieldResolver'];
  /** Told of each setting that weakens the server. */
  readonly warn: (message: string) => void;
}

/** Merges: the guard first, then the user's plugins; the user's settings, except where one would open what Bulwark closes. */
export function posture<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  { guard, maxTokens, fieldResolver, warn }: Posture<C>,
): ApolloServerOptionsWithSchema<C> {
  if (!('schema' in options) || !options.schema) {
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
  for (const weakness of weaknesses(options, maxTokens)) warn(weakness);
  return {
    ...options,
    plugins: [guard, ...(options.plugins ?? []), ...(isDevelopment() ? [] : [ApolloServerPluginLandingPageDisabled()])],
    ...(fieldResolver && { fieldResolver }),
    // The introspection control decides, for each request; Apollo Server's own rule decides once for each document.
    introspection: true,
    csrfPrevention: options.csrfPrevention ?? true,
    persistedQueries: options.persistedQueries ?? { ttl: 3_600 },
    parseOptions: { ...options.parseOptions, ...tighter(options.parseOptions?.maxTokens, maxTokens) },
    hideSchemaDetailsFromClientErrors: options.hideSchemaDetailsFromClientErrors ?? true,
    includeStacktraceInErrorResponses: false,
  };
}

/** Unset means production. */
function isDevelopment(): boolean {
  return ['development', 'test'].includes(process.env['NODE_ENV'] ?? '');
}

function tighter(theirs: number | undefined, ours: number | false): { maxTokens?: number } {
  const least = Math.min(theirs ?? Infinity, ours === false ? Infinity : ours);
  return least === Infinity ? {} : { maxTokens: least };
}

function* weaknesses<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  maxTokens: number | false,
): Iterable<string> {
  if (options.csrfPrevention === false) {
    yield 'csrfPrevention: false lets other sites send operations with the cookies of a visitor.';
  }
  if (options.hideSchemaDetailsFromClientErrors === false) {
    yield 'hideSchemaDetailsFromClientErrors: false suggests names of the schema to whoever misspells one.';
  }
  if (options.includeStacktraceInErrorResponses === true) {
    yield 'includeStacktraceInErrorResponses: true is ignored: no stack trace leaves this server.';
  }
  if (options.dangerouslyDisableValidation === true) {
    yield 'dangerouslyDisableValidation: true executes documents that were never checked against the schema.';
  }
  if (options.introspection !== undefined) {
    yield 'introspection is ignored here: give createBulwark({ introspection: { allow } }) instead.';
  }
  if (maxTokens !== false && (options.parseOptions?.maxTokens ?? 0) > maxTokens) {
    yield `parseOptions.maxTokens: ${options.parseOptions?.maxTokens} is cut to limits.maxTokens: ${maxTokens}.`;
  }
}
