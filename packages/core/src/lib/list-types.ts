/** Lists as graphql-js sees them, in types and in values. */
import { type GraphQLOutputType, getNullableType, isListType } from 'graphql';
import { isObject } from './is-object.ts';

/** Lists around a type: 2 for `[[T!]!]!`. */
export function dimensionsOf(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + dimensionsOf(nullable.ofType) : 0;
}

/** Whether a value is completed as a list: any iterable object, but no string. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return isObject(value) && Symbol.iterator in value;
}

/** Whether what a resolver of a subscription returned is a stream of events. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}
