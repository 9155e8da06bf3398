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

/** Whether an error's message describes the schema to whoever sent a document or variables that do not fit it. */
export function describesSchema(error: GraphQLFormattedError, original: GraphQLError | undefined): boolean {
  if (error.path) return false;
  const code = error.extensions?.['code'];
  if (code === 'GRAPHQL_VALIDATION_FAILED') return true;
  if (code !== 'BAD_USER_INPUT') return false;
  // An application may answer with this code too, in words of its own.
  return factsOfRefusal(original) !== undefined || original?.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION;
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
