/** The answer for what does not exist, and for what `@owner(mode: NOT_FOUND)` hides: one and the same. */
import { deny } from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';

/** To throw in a resolver that finds nothing, so that a hidden object and a missing one look alike. */
export function notFound(): GraphQLError {
  return deny('NOT_FOUND');
}
