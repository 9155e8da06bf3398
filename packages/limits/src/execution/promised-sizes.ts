/**
 * How long a list should be: what its arguments asked for, or what `assumedSize` says. The cost of an operation was counted by
 * that before it ran, and a resolver can return more.
 */
import { type GraphQLField, type GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { createAnnotationReader } from '../cost/directives.ts';
import { compileSizing, readListSize, type SizedFields, type Sizing } from '../cost/list-size.ts';
import type { ListSize } from '../cost/options.ts';

/** A size, and the option or directive argument that says it. */
export interface PromisedSize {
  readonly by: 'slicingArguments' | 'assumedSize';
  readonly size: number;
}

/** What the sizes of one field come from. */
export type FieldSizing = Pick<Sizing, 'assumedSize' | 'slicing' | 'sizedFields'>;

/** Finds where the size of a field comes from; `undefined` where nothing says it. */
export type FindSizing = (type: GraphQLObjectType, field: GraphQLField<unknown, unknown>) => FieldSizing | undefined;

/**
 * Makes the search for one schema. What is written wrongly says nothing here: `cost()` refuses to start with it.
 *
 * @param listSize what the schema calls `@listSize`.
 */
export function createSizingSearch(
  schema: GraphQLSchema,
  sizes: Readonly<Record<string, ListSize>>,
  listSize: string,
): FindSizing {
  const read = createAnnotationReader(schema, 'listSize', { own: listSize, isEstimated: true });
  const listSizes = new Map(Object.entries(sizes));
  return function findSizing(type, field) {
    try {
      const given = readListSize(type, field, { listSizes } as never, read);
      return given && compileSizing(`${type.name}.${field.name}`, field, given, Infinity);
    } catch {
      return undefined;
    }
  };
}

/** Reads the size of a list from the arguments of its field. @param args as a resolver gets them. */
export function readPromisedSize(
  { slicing, assumedSize }: FieldSizing,
  args: Readonly<Record<string, unknown>>,
): PromisedSize | undefined {
  let size = -1;
  for (const { argument, path } of slicing) {
    let value = args[argument.name];
    for (const name of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    if (typeof value === 'number') size = Math.max(size, value);
    else if (Array.isArray(value)) size = Math.max(size, value.length);
  }
  if (size >= 0) return { by: 'slicingArguments', size };
  return assumedSize === undefined ? undefined : { by: 'assumedSize', size: assumedSize };
}

interface SizesBelow {
  readonly sized: SizedFields;
  readonly promised: PromisedSize;
}

/** Sizes that a field says of lists below it (`sizedFields`), by its path. */
const below = new WeakMap<GraphQLResolveInfo['path'], SizesBelow>();

/** Remembers what a field says of the lists below it. */
export function rememberSizesBelow(
  sizing: FieldSizing,
  args: Readonly<Record<string, unknown>>,
  { path }: Pick<GraphQLResolveInfo, 'path'>,
): void {
  const promised = sizing.sizedFields && readPromisedSize(sizing, args);
  if (sizing.sizedFields && promised) below.set(path, { sized: sizing.sizedFields, promised });
}

/** Finds what the field above says of a list. Lists further below it are not looked for. */
export function findSizeFromAbove({ path, fieldName }: GraphQLResolveInfo): PromisedSize | undefined {
  let at = path.prev;
  while (at && typeof at.key === 'number') at = at.prev;
  const found = at && below.get(at);
  return found?.sized.get(fieldName) === true ? found.promised : undefined;
}
