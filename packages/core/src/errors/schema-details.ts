/**
 * What validation and coercion say of a schema: which errors those are, and how an operator gets them.
 *
 * An event holds no value that a client sent, so each text ends where graphql-js starts to quote one.
 */
import { type GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';
import { firstThrown } from './parser-overflow.ts';
import { factsOfRefusal, type RefusalFacts } from './refusal.ts';

/** Errors told per event, and characters of each. */
const maxTold = 20;
const maxLength = 300;

/** In the words of graphql-js, in front of a value. */
const beforeValues = [' got invalid value ', ', found ', ' value: ', ' has invalid value '] as const;

/** The code of an error that describes the schema to a client whose document or variables do not fit it. */
export type SchemaCode = 'GRAPHQL_VALIDATION_FAILED' | 'BAD_USER_INPUT';

/**
 * @returns the code of an error that describes the schema; `undefined` for any other error. The original decides, where there is
 * one: an application's `formatError` may write other codes on what clients see.
 */
export function schemaCodeOf(error: GraphQLFormattedError, original: GraphQLError | undefined): SchemaCode | undefined {
  if (error.path ?? original?.path) return undefined;
  const code = original?.extensions['code'] ?? error.extensions?.['code'];
  if (code === 'GRAPHQL_VALIDATION_FAILED') return code;
  if (code !== 'BAD_USER_INPUT') return undefined;
  // An application may answer with this code too, in words of its own.
  const isOfGraphql = original?.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION;
  return isOfGraphql || factsOfRefusal(original) ? code : undefined;
}

/**
 * The code of the one error that stands for a whole answer, where a document or its variables do not fit the schema and the client
 * may not read why. How many errors there are, and where, would tell which names exist: `name(zz: 1)` has one error at `name` where
 * that is missing, and one at `zz` where only the argument is.
 */
export function schemaCodeIn(
  errors: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
): SchemaCode | undefined {
  for (const [i, error] of errors.entries()) {
    const code = schemaCodeOf(error, originals[i]);
    if (code) return code;
  }
  return undefined;
}

/** In the words of graphql-js, which gives these errors no code: variables that do not fit the types that they were declared with. */
const ofVariables =
  /^(?:Variable "\$\w+" (?:got invalid value|has invalid value|of required type|of non-null type) |Too many errors processing variables)/;

/** The code that Apollo Server gives to an error of graphql-js's own validation or coercion. */
export function codeOfGraphqlError({ message, nodes }: GraphQLError): SchemaCode {
  const isOfOneNode = (nodes?.length ?? 0) <= 1; // of two nodes: a variable stands where its type does not fit
  return isOfOneNode && ofVariables.test(message) ? 'BAD_USER_INPUT' : 'GRAPHQL_VALIDATION_FAILED';
}

/**
 * How graphql-js begins where it points to a literal or to nothing at all; a scalar of the application's own does the same, and
 * may quote the literal at once.
 */
const ofGraphql =
  /^(?:Too many |(?:Int|Float|String|Boolean|ID|Enum "\w+") cannot represent |Expected value of type |Value "\w+" does not exist |Field "|OneOf )/;

/** What V8 throws. Applications throw these too, but nothing tells their words from those of the runtime. */
const ofRuntime = [RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

/**
 * A message of validation or coercion without what the runtime said, for example `Cannot convert x to a BigInt`: graphql-js puts
 * the words of whatever a scalar throws at the end of its own. A scalar that wants to be read throws a GraphQLError.
 */
export function withoutRuntimeText(message: string, error: GraphQLError): string {
  const thrown = firstThrown(error);
  const isForeign = ofRuntime.some((kind) => thrown instanceof kind) && message.endsWith(thrown.message);
  return isForeign ? message.slice(0, message.length - thrown.message.length).replace(/[;.]? *$/, '.') : message;
}

/** What a refusal says in place of its constant text, where graphql-js has said what is wrong. */
export function factsOfInvalid(error: GraphQLError): Pick<RefusalFacts, 'message' | 'nodes'> {
  return { message: withoutRuntimeText(error.message, error), ...(error.nodes && { nodes: error.nodes }) };
}

/** The full texts, as an event may hold them. */
export function toldOf(errors: readonly Pick<GraphQLError, 'message' | 'nodes'>[]): string[] {
  return errors.slice(0, maxTold).map(({ message, nodes }) => {
    const isOfLiteral = !nodes?.[0] || nodes[0].kind.endsWith('Value');
    if (isOfLiteral && !ofGraphql.test(message)) return 'a literal does not fit its scalar';
    let end = Math.min(message.length, maxLength);
    for (const marker of beforeValues) {
      const at = message.slice(0, end).indexOf(marker);
      if (at !== -1) end = at + marker.trimEnd().length;
    }
    return message.slice(0, end).replace(/[^\x20-\x7e]/g, '');
  });
}
