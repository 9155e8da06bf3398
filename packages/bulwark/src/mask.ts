/** Errors of a result that no Apollo Server formats: what a WebSocket transport is about to send. */
import {
  clientErrors,
  codeOfGraphqlError,
  type Events,
  maskedBy,
  securityOf,
  type Wording,
} from '@graphql-bulwark/core';
import type { ExecutionResult, FormattedExecutionResult, GraphQLError } from 'graphql';

export interface MaskOptions {
  readonly events: Events;
  readonly words: Wording;
  readonly expose: ((error: GraphQLError) => boolean) | undefined;
  readonly schemaDetails: (contextValue: unknown) => boolean;
}

/** The result as a client may see it. */
export type MaskResult = (result: ExecutionResult, contextValue?: unknown) => FormattedExecutionResult;

export function resultMasker({ events, words, expose, schemaDetails }: MaskOptions): MaskResult {
  return (result, contextValue) => {
    const { errors, ...rest } = result;
    if (!errors) return rest;
    const masked = clientErrors(
      errors.map((error) => formatted(error)),
      errors,
      {
        expose,
        schemaDetails: schemaDetails(contextValue),
        words: (code) => words(code, contextValue),
        masked: maskedBy(events, () => ({ security: securityOf(contextValue) })),
      },
    );
    return { ...rest, errors: masked };
  };
}

/** graphql-js gives the errors of its own validation and coercion no code; Apollo Server does, and so a client knows them. */
function formatted(error: GraphQLError): ReturnType<GraphQLError['toJSON']> {
  const { extensions: { http: _http, ...extensions } = {}, ...json } = error.toJSON();
  const byItself = error.originalError === undefined && !error.path && extensions['code'] === undefined;
  return { ...json, extensions: byItself ? { ...extensions, code: codeOfGraphqlError(error) } : extensions };
}
