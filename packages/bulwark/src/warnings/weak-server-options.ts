/** Settings of the Apollo Server that give protection away, or that have no effect here. They are named when the server is built. */
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import { findInternalPlugin } from './cache-hints.ts';

/** The limits of Bulwark's own that a setting of the server can contradict. */
export interface ServerLimits {
  readonly maxTokens: number | false;
  readonly maxBatchSize: number | false;
}

/** Lists one sentence for each such setting. */
export function* listWeakServerOptions<C extends BaseContext>(
  options: ApolloServerOptionsWithSchema<C>,
  { maxTokens, maxBatchSize }: ServerLimits,
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
