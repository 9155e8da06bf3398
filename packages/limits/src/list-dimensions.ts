import { type GraphQLOutputType, getNullableType, isListType } from 'graphql';

/** Lists around a type: 2 for `[[T!]!]!`. */
export function dimensionsOf(type: GraphQLOutputType): number {
  const nullable = getNullableType(type);
  return isListType(nullable) ? 1 + dimensionsOf(nullable.ofType) : 0;
}
