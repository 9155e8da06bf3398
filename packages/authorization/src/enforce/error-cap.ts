/** How many errors one field of an operation may make, whatever the number of lists and objects in which it stands. */
import { deny } from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLError } from 'graphql';
import type { Path, Where } from '../evaluate/access-request.ts';
import type { Shown } from '../evaluate/answer-cache.ts';

/** @returns a function that makes an error, or one that says that there are more, and then none. */
export function errorCap(
  maxErrorsPerField: number | false,
): (where: Where, make: () => GraphQLError) => GraphQLError | undefined {
  return (where, make) => {
    const shown = shownOf(where);
    shown.count += 1;
    if (maxErrorsPerField === false || shown.count <= maxErrorsPerField) return make();
    return shown.count === maxErrorsPerField + 1 ? more(where) : undefined;
  };
}

/** That a field has more errors than it shows: the same one each time, also where nothing but an error can stand. */
export function more(where: Where): GraphQLError {
  const shown = shownOf(where);
  shown.more ??= deny('ERRORS_OMITTED', located(where, where.info?.path));
  return shown.more;
}

/** What places an error in document and answer. */
export function located(
  { info }: Where,
  path: Path | undefined,
): { nodes?: readonly FieldNode[]; path: (string | number)[] } {
  const keys: (string | number)[] = [];
  for (let at = path; at; at = at.prev) keys.push(at.key);
  return { ...(info && { nodes: info.fieldNodes }), path: keys.toReversed() };
}

function shownOf({ memo, info, operation }: Where): Shown {
  // graphql-js makes one array per field of a selection set, for all objects of a list.
  const field = info?.fieldNodes ?? operation;
  let shown = memo.shown.get(field);
  if (!shown) {
    shown = { count: 0 };
    memo.shown.set(field, shown);
  }
  return shown;
}
