/**
 * Counts the rows that a loader is asked for: from its rule and the arguments of its field, never from what it returns.
 *
 * Otherwise a list of rows, of which each must be owned, could be taken for the owners of one row, of which one is enough.
 */
import { isRecord } from '@graphql-bulwark/core/internal';
import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isScalarType,
} from 'graphql';

/** A number if a list names the rows. `unsaid`: there are lists, and the rule does not say whether one of them names rows. */
export type RequestedRows = number | 'one' | 'unsaid';

/** Counts the rows in a field's coerced arguments. */
export type CountRows = (args: Readonly<Record<string, unknown>>) => RequestedRows;

/**
 * Makes the counter of a field.
 *
 * @param path of keys to the argument that names the rows. Left out, it is the only argument of a root field, unless that is an
 * input object. Below the root a loader may be asked about the object that has the field.
 */
export function createRowCounter(
  { args: declared }: Pick<GraphQLField<unknown, unknown>, 'args'>,
  path: readonly string[] | undefined,
  isRoot: boolean,
): CountRows {
  const [only] = declared;
  const isOnly = isRoot && only && declared.length === 1 && !isInputObjectType(getNullableType(only.type));
  const names = path ?? (isOnly ? [only.name] : undefined);
  if (!names) {
    if (declared.some(({ type }) => mayHoldList(type))) return () => 'unsaid';
    const scalars = declared.filter(({ type }) => isScalarType(getNullableType(type))).map(({ name }) => name);
    // No type tells what a custom scalar holds, and searching its value for lists would take time for each object.
    return (args) => (scalars.some((name) => Array.isArray(args[name]) || isRecord(args[name])) ? 'unsaid' : 'one');
  }
  const lists = findLists(declared, names);
  const [first = '', ...rest] = names;
  return (args) => {
    const value = args[first];
    if (!path && isRecord(value)) return 'unsaid';
    return lists.includes(true) || Array.isArray(value) ? countRowsIn(value, rest, lists) : 'one';
  };
}

/** For each key of a path whether the type there is a list. */
function findLists(declared: GraphQLField<unknown, unknown>['args'], path: readonly string[]): boolean[] {
  let members: Readonly<Record<string, { readonly type: GraphQLInputType }>> = Object.fromEntries(
    declared.map((arg) => [arg.name, arg]),
  );
  return path.map((key) => {
    const type = members[key]?.type;
    const named = type && getNamedType(type);
    members = isInputObjectType(named) ? named.getFields() : {};
    return type !== undefined && isListType(getNullableType(type));
  });
}

/**
 * Counts each item as a row, also one that is `null` or lacks the key that names it. A list that is `null` or left out has none.
 *
 * @param path of keys from the value on.
 * @param lists whether the type is a list at the value, and at each of these keys.
 */
function countRowsIn(value: unknown, path: readonly string[], lists: readonly boolean[]): number {
  if (Array.isArray(value)) {
    const inItem = [false, ...lists.slice(1)];
    return value.reduce<number>((sum, item) => sum + countRowsIn(item, path, inItem), 0);
  }
  if (value === null || value === undefined) return lists.includes(true) ? 0 : 1;
  const [key, ...rest] = path;
  if (key === undefined) return 1;
  const next = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  return countRowsIn(next, rest, lists.slice(1));
}

function mayHoldList(type: GraphQLInputType, seen = new Set<GraphQLInputType>()): boolean {
  const bare = getNullableType(type);
  if (isListType(bare)) return true;
  if (!isInputObjectType(bare) || seen.has(bare)) return false;
  seen.add(bare);
  return Object.values(bare.getFields()).some((field) => mayHoldList(field.type, seen));
}
