/**
 * Errors of validation and coercion, whose messages describe the schema: how they are recognised, and how an operator gets
 * them.
 *
 * An event holds no value that a client sent, so each text ends where graphql-js starts to quote one.
 */
import { type GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';
import { findFirstThrown } from './parser-overflow.ts';
import { type RefusalFacts, readRefusalFacts } from './refuse.ts';

/** Errors per event, and characters of each. */
const maxTexts = 20;
const maxLength = 300;

/** How the messages of graphql-js continue before they quote a value. */
const beforeValues = [' got invalid value ', ', found ', ' value: ', ' has invalid value '] as const;

/** How a message begins with an enum value that the client wrote; it can be any word. */
const enumValue = /^Value "\w+"(?= does not exist )/;

/** The codes of errors whose messages describe the schema: the document or its variables do not fit it. */
export type SchemaCode = 'GRAPHQL_VALIDATION_FAILED' | 'BAD_USER_INPUT';

/**
 * Reads the code of an error that describes the schema. The original decides, where there is one: an application's
 * `formatError` may write other codes on the formatted error.
 *
 * @returns `undefined` for any other error.
 */
export function findSchemaCode(
  error: GraphQLFormattedError,
  original: GraphQLError | undefined,
): SchemaCode | undefined {
  if (error.path ?? original?.path) return undefined;
  const code = original?.extensions['code'] ?? error.extensions?.['code'];
  if (code === 'GRAPHQL_VALIDATION_FAILED') return code;
  if (code !== 'BAD_USER_INPUT') return undefined;
  // An application may use this code too, for errors of its own.
  const isOfGraphql = original?.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION;
  return isOfGraphql || readRefusalFacts(original) ? code : undefined;
}

/**
 * Finds the code of the one error that replaces all errors of an answer, where the client may not read about the schema. The
 * number of errors and their locations would reveal which names exist: `name(zz: 1)` has an error at `name` if that field
 * does not exist, and one at `zz` if only the argument does not.
 *
 * @returns `undefined` where no error describes the schema.
 */
export function findFirstSchemaCode(
  errors: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
): SchemaCode | undefined {
  for (const [i, error] of errors.entries()) {
    const code = findSchemaCode(error, originals[i]);
    if (code) return code;
  }
  return undefined;
}

/** How graphql-js words errors of variables that do not fit their declared types. It gives them no code. */
const variableError =
  /^(?:Variable "\$\w+" (?:got invalid value|has invalid value|of required type|of non-null type) |Too many errors processing variables)/;

/** Finds the code that Apollo Server gives to an error of graphql-js's validation or coercion. */
export function classifyGraphqlError({ message, nodes }: GraphQLError): SchemaCode {
  // An error with two nodes is one of validation: a variable is used where its type does not fit.
  const hasOneNode = (nodes?.length ?? 0) <= 1;
  return hasOneNode && variableError.test(message) ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}

/**
 * How graphql-js begins messages of its own about literals. A scalar of the application can throw messages with the same
 * nodes, and may quote the literal in the first word, so an event gets no other message about a literal.
 */
const literalError =
  /^(?:Too many |(?:Int|Float|String|Boolean|ID|Enum "\w+") cannot represent |Expected value of type |Value "\w+" does not exist |Field "|OneOf )/;

/**
 * Errors that the runtime throws. Applications throw them too, but their messages cannot be told apart from those of the
 * runtime.
 */
const runtimeErrors = [RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

/**
 * Removes the message of the runtime, for example `Cannot convert x to a BigInt`, from the end of a message of validation or
 * coercion: graphql-js appends there whatever a scalar throws. A scalar whose message is meant for clients throws a
 * GraphQLError.
 */
export function removeRuntimeText(message: string, error: GraphQLError): string {
  const thrown = findFirstThrown(error);
  const isForeign = runtimeErrors.some((kind) => thrown instanceof kind) && message.endsWith(thrown.message);
  return isForeign ? message.slice(0, message.length - thrown.message.length).replace(/[;.]? *$/, '.') : message;
}

/** Builds the facts of a refusal from an error of validation or coercion: its message replaces the constant text. */
export function buildInvalidFacts(error: GraphQLError): Pick<RefusalFacts, 'message' | 'nodes'> {
  return { message: removeRuntimeText(error.message, error), ...(error.nodes && { nodes: error.nodes }) };
}

/** Lists the messages of errors as an event may hold them: without values of the client, and in printable ASCII. */
export function listErrorTexts(errors: readonly Pick<GraphQLError, 'message' | 'nodes'>[]): string[] {
  return errors.slice(0, maxTexts).map(({ message, nodes }) => {
    const isOfLiteral = !nodes?.[0] || nodes[0].kind.endsWith('Value');
    if (isOfLiteral && !literalError.test(message)) return 'a literal does not fit its scalar';
    let end = Math.min(message.length, maxLength);
    for (const marker of beforeValues) {
      const at = message.slice(0, end).indexOf(marker);
      if (at !== -1) end = at + marker.trimEnd().length;
    }
    return message
      .slice(0, end)
      .replace(enumValue, 'A value')
      .replace(/[^\x20-\x7e]/g, '');
  });
}
