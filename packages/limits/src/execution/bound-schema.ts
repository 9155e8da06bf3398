/**
 * A schema whose resolvers are watched: every list is counted where it is handed to the executor, and nothing waits for a
 * promise longer than the execution may take.
 */
import {
  carryPlainMark,
  countListDimensions,
  discardValue,
  handOverLists,
  isIterable,
  isPromise,
  type Resolver,
} from '@graphql-bulwark/core/internal';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNullableType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import {
  createSizingSearch,
  type FieldSizing,
  findSizeFromAbove,
  type PromisedSize,
  readPromisedSize,
  rememberSizesBelow,
} from './promised-sizes.ts';
import { findRun, type Run, type RunSettings } from './run.ts';

/** In the extensions of a field: a list that is much longer than its `assumedSize` is refused. */
const enforcedExtension = 'bulwarkEnforcesAssumedSize';

/** Whether a list that is much longer than its `assumedSize` is refused. */
export function isSizeEnforced({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }): boolean {
  return extensions[enforcedExtension] === true;
}

/** How many times longer than its `assumedSize` a list may be where that is enforced. */
const tolerance = 10;

/** Makes the schema. @param fieldResolver resolves fields without a resolver, as it does for the executor. */
export function boundSchema(
  schema: GraphQLSchema,
  settings: RunSettings,
  fieldResolver: Resolver = defaultFieldResolver,
): GraphQLSchema {
  const findSizing = createSizingSearch(schema, settings.listSizes, settings.listSizeName);
  const plain = carryPlainMark(
    {},
    fieldResolver === defaultFieldResolver ? boundProperty(settings) : boundValue(fieldResolver, settings),
  );
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, name, typeName) => {
      const type = schema.getType(typeName);
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      const sizing = isObjectType(type) && field ? findSizing(type, field) : undefined;
      const inner: Resolver = config.resolve ?? fieldResolver;
      const isList = countListDimensions(config.type) > 0;
      if (!isList && !sizing?.sizedFields) {
        return { ...config, resolve: config.resolve ? carryMarks(config, boundValue(inner, settings), inner) : plain };
      }
      const coordinate = `${typeName}.${name}`;
      const resolve = isList
        ? boundLists(inner, { settings, coordinate, sizing, mayBeGivenUp: mayBeGivenUp(config.type) })
        : boundValue(rememberingSizes(inner, sizing as FieldSizing), settings);
      const extensions = settings.enforceAssumedSizes
        ? { ...config.extensions, [enforcedExtension]: true }
        : config.extensions;
      return { ...config, extensions, resolve: carryMarks(config, resolve, inner) };
    },
  });
}

/** A resolver that reads an object of another schema is recognised by its name. */
function carryMarks(config: { readonly resolve?: unknown }, resolve: Resolver, { name }: Resolver): Resolver {
  const marked = carryPlainMark(config, resolve);
  return name === 'defaultMergedResolver' ? Object.defineProperty(marked, 'name', { value: name }) : marked;
}

/** A field that is no list: only a promise of it is waited for. */
function boundValue(inner: GraphQLFieldResolver<unknown, unknown>, settings: RunSettings): Resolver {
  return function resolveWithinTime(source, args, contextValue, info) {
    const result: unknown = inner(source, args, contextValue, info);
    return isPromise(result) ? findRun(settings, contextValue, info).wait(result, contextValue, info) : result;
  };
}

/** As {@link boundValue} around graphql-js's default resolver, in one function: most fields of most answers are such. */
function boundProperty(settings: RunSettings): Resolver {
  return function resolvePropertyWithinTime(source, args, contextValue, info) {
    const isReadable = (typeof source === 'object' && source !== null) || typeof source === 'function';
    if (!isReadable) return undefined;
    const object = source as Readonly<Record<string, unknown>>;
    const property = object[info.fieldName];
    if (typeof property !== 'object' && typeof property !== 'function') return property;
    const result =
      typeof property === 'function'
        ? (object as unknown as Methods)[info.fieldName]?.(args, contextValue, info)
        : property;
    return isPromise(result) ? findRun(settings, contextValue, info).wait(result, contextValue, info) : result;
  };
}

/** Objects may have methods in place of properties: they get what resolvers get, without the object. */
type Methods = Readonly<Record<string, (args: unknown, contextValue: unknown, info: GraphQLResolveInfo) => unknown>>;

function rememberingSizes(inner: Resolver, sizing: FieldSizing): Resolver {
  return function resolveAndRememberSizes(source, args, contextValue, info) {
    rememberSizesBelow(sizing, args, info);
    return inner(source, args, contextValue, info);
  };
}

function mayBeGivenUp(type: GraphQLOutputType): boolean {
  const list = getNullableType(type);
  return isListType(list) && (isNonNullType(list.ofType) || isListType(getNullableType(list.ofType)));
}

/** A field that is a list, or a list of lists. */
interface ListField {
  readonly settings: RunSettings;
  readonly coordinate: string;
  readonly sizing: FieldSizing | undefined;
  /** Whether an item that fails makes the executor give the list up, or lists are nested: then core has to hand them over. */
  readonly mayBeGivenUp: boolean;
}

function boundLists(inner: Resolver, field: ListField): Resolver {
  const { settings, sizing } = field;
  return function resolveWithinBounds(source, args, contextValue, info) {
    const run = findRun(settings, contextValue, info);
    if (run.isInVain(info)) return run.fail(info);
    if (sizing?.sizedFields) rememberSizesBelow(sizing, args, info);
    const result: unknown = inner(source, args, contextValue, info);
    if (result === null || result === undefined) return result;
    const handing = { field, args, contextValue, info, run };
    return isPromise(result)
      ? run.wait(result, contextValue, info, (value) => handOver(value, handing))
      : handOver(result, handing);
  };
}

/** A list field that is being executed. */
interface Handing {
  readonly field: ListField;
  readonly args: Readonly<Record<string, unknown>>;
  readonly contextValue: unknown;
  readonly info: GraphQLResolveInfo;
  readonly run: Run;
}

/** Hands the lists of a field to the executor, unless the execution has been stopped. */
function handOver(value: unknown, handing: Handing): unknown {
  const { contextValue, info, run } = handing;
  if (!isIterable(value)) return value;
  if (run.isStopped(contextValue, info)) {
    discardValue(value);
    return run.fail(info);
  }
  let handed: unknown;
  if (handing.field.mayBeGivenUp) {
    let isOuter = true;
    const read = (list: Iterable<unknown>): readonly unknown[] => {
      const items = count(list, handing, isOuter);
      isOuter = false;
      return items;
    };
    handed = handOverLists(value, info, read, run);
  } else handed = count(value, handing, true);
  if (!run.hasStopped) return handed;
  discardValue(handed);
  return run.fail(info);
}

/** Counts the items of one list. @returns them, those that are promises as ones that end with the execution. */
function count(list: Iterable<unknown>, handing: Handing, isOuter: boolean): readonly unknown[] {
  const { contextValue, info, run } = handing;
  const { settings, coordinate } = handing.field;
  const { maxResultItems } = settings;
  const room = maxResultItems === false ? Infinity : Math.max(0, maxResultItems - run.items);
  const mayCutOff = settings.mode === 'enforce' && room !== Infinity;
  const items = Array.isArray(list) ? (list as readonly unknown[]) : draw(list, mayCutOff ? room + 1 : Infinity);
  run.items += items.length;
  if (maxResultItems !== false && run.items > maxResultItems) {
    const facts = { limit: 'maxResultItems', actual: run.items, maximum: maxResultItems, coordinate };
    run.exceed('RESULT_LIMIT_EXCEEDED', facts, contextValue, info);
  }
  if (isOuter) compareSize(items.length, handing);
  let hasPromise = false;
  for (let i = 0; i < items.length && !hasPromise; i += 1) hasPromise = isPromise(items[i]);
  if (!hasPromise) return items;
  return items.map((item) => (isPromise(item) ? run.wait(item, contextValue, info) : item));
}

/** Draws the items of an iterable, which may have no end. */
function draw(list: Iterable<unknown>, most: number): readonly unknown[] {
  const items: unknown[] = [];
  try {
    for (const item of list) {
      items.push(item);
      if (items.length >= most) break;
    }
  } catch (thrown) {
    discardValue(items);
    throw thrown;
  }
  return items;
}

function compareSize(actual: number, handing: Handing): void {
  const { args, contextValue, info, run } = handing;
  const { settings, coordinate, sizing } = handing.field;
  const own = sizing && !sizing.sizedFields ? readPromisedSize(sizing, args) : undefined;
  const promised: PromisedSize | undefined = findSizeFromAbove(info) ?? own;
  if (!promised || actual <= promised.size) return;
  const { by, size } = promised;
  if (by === 'assumedSize' && settings.enforceAssumedSizes && actual > tolerance * size) {
    const facts = { limit: by, actual, maximum: tolerance * size, coordinate };
    run.exceed('RESULT_LIMIT_EXCEEDED', facts, contextValue, info);
    return;
  }
  if (!run.isFirst(coordinate)) return;
  const details = {
    control: 'execution',
    code: 'RESULT_LIMIT_EXCEEDED',
    limit: by,
    actual,
    maximum: size,
    coordinate,
  } as const;
  settings.telling.noted({ type: 'limit.exceeded', ...details }, contextValue, info);
}
