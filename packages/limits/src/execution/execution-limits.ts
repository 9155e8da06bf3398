/**
 * Stops: operations that do far more than they seem to ask for: lists longer than the schema promises, answers that repeat
 * large texts, resolvers that never settle, work for clients that have gone.
 * Room: the secured schema, while it is executed; the way out, before the text of the answer is made.
 * Answers: one error for the whole operation: `RESULT_LIMIT_EXCEEDED`, 400, or `EXECUTION_TIMEOUT`, 503.
 */
import { type Control, refuse } from '@graphql-bulwark/core';
import {
  buildRefusalEvent,
  type EventOrigin,
  findSecurityContext,
  type Resolver,
  readRefusalCode,
  readRefusalFacts,
  requireTestedGraphql,
} from '@graphql-bulwark/core/internal';
import type { ExecutionResult, GraphQLError, GraphQLFieldResolver, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import { type AnswerShape, findAnswerShape } from './answer-shape.ts';
import { boundSchema } from './bound-schema.ts';
import { type ExecutionOptions, readExecutionOptions } from './options.ts';
import { containsItself, isLongerThan } from './response-size.ts';
import { type Run, type RunSettings, runSlot } from './run.ts';

/** The control, and what its bounds need beside the guard. */
export interface ExecutionLimits<C> extends Control<C> {
  /**
   * Makes a schema whose lists are counted and whose resolvers are not waited for longer than allowed. To be applied before a
   * schema is guarded.
   *
   * @param fieldResolver the same function as Apollo Server's `fieldResolver`, where that is set.
   */
  readonly secure: (schema: GraphQLSchema, fieldResolver?: GraphQLFieldResolver<unknown, never>) => GraphQLSchema;
  /** For transports that run no Apollo plugin: the result as it may be sent, which is one error where a bound was exceeded. */
  readonly bound: (result: ExecutionResult, contextValue: unknown) => ExecutionResult;
}

/**
 * Bounds what operations do while they run.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example
 * const bounds = executionLimits({ maxResultItems: 50_000 })
 * new ApolloServer({ schema: bounds.secure(schema), plugins: [guard({ controls: [bounds] })] })
 */
export function executionLimits<C = unknown>(options: ExecutionOptions = {}): ExecutionLimits<C> {
  const read = readExecutionOptions(options);
  const { mode, events, maxResponseCharacters } = read;
  const settings: RunSettings = {
    ...read,
    telling: {
      refused(refusal, contextValue, info) {
        const outcome = mode === 'report' ? 'reported' : 'refused';
        events?.emit(buildRefusalEvent(name, refusal), outcome, findOrigin(contextValue, info));
      },
      noted: (details, contextValue, info) => events?.emit(details, 'noted', findOrigin(contextValue, info)),
    },
  };

  /** @returns the refusal of data that is too long as JSON. */
  function findSizeRefusal(data: unknown, shape?: AnswerShape): GraphQLError | undefined {
    if (maxResponseCharacters === false || !data || !isLongerThan(data, maxResponseCharacters, shape)) return undefined;
    // It fails where it is written, and is logged there.
    if (containsItself(data)) return undefined;
    const facts = { limit: 'maxResponseCharacters', actual: Infinity, maximum: maxResponseCharacters };
    return refuse('RESULT_LIMIT_EXCEEDED', facts);
  }

  return {
    name,
    mode,

    check({ answerable, state }) {
      if (answerable) state.get(runSlot).isAnswered = true;
    },

    respond({ operation, data, refuse: refuseAnswer }) {
      if (!operation) return;
      const run: Run = operation.state.get(runSlot);
      run.end();
      const refusal = run.refusal ?? findSizeRefusal(data, findAnswerShape(operation.document, operation.operation));
      if (refusal) refuseAnswer(refusal);
    },

    secure(schema, fieldResolver) {
      requireTestedGraphql('executionLimits', schema);
      return boundSchema(schema, settings, fieldResolver as Resolver | undefined);
    },

    bound(result, contextValue) {
      const stopped = result.errors?.map(findStop).find((error) => error !== undefined);
      if (stopped) return { errors: [stopped] };
      const refusal = findSizeRefusal(result.data);
      if (!refusal) return result;
      const outcome = mode === 'report' ? 'reported' : 'refused';
      events?.emit(buildRefusalEvent(name, refusal), outcome, { security: findSecurityContext(contextValue) });
      return mode === 'report' ? result : { errors: [refusal] };
    },
  };
}

const name = 'execution';

/** Makes the refusal of a whole operation from an error with which its execution was stopped. */
function findStop(error: GraphQLError): GraphQLError | undefined {
  const own = [error, error.originalError].find((one) => stops.has(readRefusalCode(one)));
  return own && refuse(readRefusalCode(own) ?? 'INTERNAL_SERVER_ERROR', readRefusalFacts(own));
}

const stops: ReadonlySet<unknown> = new Set(['RESULT_LIMIT_EXCEEDED', 'EXECUTION_TIMEOUT']);

function findOrigin(contextValue: unknown, { operation }: GraphQLResolveInfo): EventOrigin {
  return {
    security: findSecurityContext(contextValue),
    operationType: operation.operation,
    operationName: operation.name?.value,
  };
}
