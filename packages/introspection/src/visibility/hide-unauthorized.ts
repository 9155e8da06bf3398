/**
 * Stops: telling by the answer whether a field that one may not use exists.
 * Room: check, before everything else, and on the way out of what Apollo Server refused by itself.
 * Answers: `GRAPHQL_VALIDATION_FAILED`, 400, as for a field that does not exist; for values `BAD_USER_INPUT`, 400.
 */
import type { Control } from '@graphql-bulwark/core';
import type { ViewOf } from './views.ts';

/** @param viewOf the schema as a caller may know it. */
export function hideUnauthorized<C = unknown>(viewOf: ViewOf): Control<C> {
  return {
    name: 'hide-unauthorized',
    view(request) {
      const view = viewOf(request);
      return view === request.schema ? undefined : view;
    },
    // Which document is refused depends on who asks.
    check: (operation) => operation.neverCache(),
  };
}
