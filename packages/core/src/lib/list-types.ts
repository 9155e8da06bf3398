/** Lists in types and values, as graphql-js recognises them. */
import { type GraphQLOutputType, getNullableType, isListType } from 'graphql';
import { isObject } from './is-object.ts';

/** Counts the lists around a type: 2 for `[[T!]!]!`. */
export function countListDimensions(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + countListDimensions(nullable.ofType) : 0;
}

/** Whether a value is completed as a list: any iterable object, but not a string. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  return isObject(value) && Symbol.iterator in value;
}

/** Whether the result of a subscription's resolver is a stream of events. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}
