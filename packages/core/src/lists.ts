/** Lists as graphql-js sees them, in types and in values. */
import { type GraphQLOutputType, getNullableType, isListType } from 'graphql';

/** Lists around a type: 2 for `[[T!]!]!`. */
export function dimensionsOf(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + dimensionsOf(nullable.ofType) : 0;
}

/** Whether a value is completed as a list: any iterable object, but no string. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
