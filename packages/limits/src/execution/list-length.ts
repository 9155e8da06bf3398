/**
 * Stops: resolvers that return far more items than anybody should get in one list.
 * Room: the guarded schema, once a list is resolved and before any of its items is.
 * Answers: `LIST_LIMIT_EXCEEDED` as the error of the field, or of the inner list.
 */
import type { Events } from '@graphql-bulwark/core';
import {
  aFunction,
  anEventSink,
  atLeast,
  byName,
  carryPlainMark,
  countListDimensions,
  createSlot,
  deny,
  discardValue,
  findOperationState,
  findSecurityContext,
  handOverLists,
  type OperationState,
  type OptionTable,
  orFalse,
  readOptions,
  requireTestedGraphql,
  show,
} from '@graphql-bulwark/core/internal';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';

export interface ListCapOptions {
  /** Items that one list may hold. 1 or more, or `false` for the fields below alone. */
  readonly maxItems: number | false;
  /** `Type.field` -> its own number, or `false` for none. */
  readonly fields?: Readonly<Record<string, number | false>> | undefined;
  /** The same function as Apollo Server's `fieldResolver`, when that is set. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the type of Apollo Server's own option
  readonly fieldResolver?: GraphQLFieldResolver<any, any> | undefined;
  /** Told once per field and operation; of a subscription, once per field and event. Left out: the operator is not told. */
  readonly events?: Events | undefined;
}

const optionTable = {
  maxItems: { required: true, check: orFalse(atLeast(1)) },
  fields: { default: {}, check: byName(orFalse(atLeast(1))) },
  fieldResolver: { default: defaultFieldResolver, check: aFunction },
  events: { check: anEventSink },
} satisfies OptionTable<ListCapOptions>;

/** In the extensions of a field: the items that its list may hold. A text, as graphql-js copies no other keys. */
const capExtension = 'bulwarkMaxItems';

/** Whether `capLists` bounds what the field returns. */
export function isCapped({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): boolean {
  return extensions[capExtension] !== undefined;
}

/** The lists of one field. */
interface Capped {
  readonly coordinate: string;
  readonly maximum: number;
}

/**
 * A new schema in which no resolver returns longer lists than these. Lists in lists are counted one by one.
 *
 * @throws {TypeError} for an invalid option, and for a field that is no list.
 * @example const schema = capLists(makeExecutableSchema({ typeDefs, resolvers }), { maxItems: 10_000 })
 */
export function capLists(schema: GraphQLSchema, options: ListCapOptions): GraphQLSchema {
  const { maxItems, fields, fieldResolver, events } = readOptions('capLists', options, optionTable);
  requireTestedGraphql('capLists', schema);
  for (const coordinate of Object.keys(fields)) {
    if (dimensionsAt(schema, coordinate) > 0) continue;
    throw new TypeError(`capLists: fields names ${show(coordinate)}, which is no field of an object that is a list.`);
  }
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, name, typeName) => {
      const coordinate = `${typeName}.${name}`;
      const maximum = Object.hasOwn(fields, coordinate) ? fields[coordinate] : maxItems;
      if (countListDimensions(config.type) === 0 || !maximum) return undefined;
      const inner: GraphQLFieldResolver<unknown, unknown> = config.resolve ?? fieldResolver;
      const capped: Capped = { coordinate, maximum };
      const resolve: typeof inner = function resolveAndCapLists(source, args, contextValue, info) {
        const refused = (actual: number): Error => refusal(capped, actual, contextValue, info, events);
        const result: unknown = inner(source, args, contextValue, info);
        return handOverLists(result, info, (list) => itemsOf(list, maximum, refused));
      };
      // Kept by transforms that come later, so that `cost` finds it when the server starts.
      const extensions = { ...config.extensions, [capExtension]: maximum };
      return { ...config, extensions, resolve: carryPlainMark(config, resolve) };
    },
  });
}

/** @returns the items, or the refusal of a list that has more. */
function itemsOf(
  list: Iterable<unknown>,
  maximum: number,
  refused: (actual: number) => Error,
): readonly unknown[] | Error {
  const items = Array.isArray(list) ? (list as unknown[]) : firstOf(list, maximum + 1);
  if (items.length <= maximum) return items;
  discardValue(items);
  return refused(items.length);
}

function firstOf(items: Iterable<unknown>, count: number): unknown[] {
  const found: unknown[] = [];
  try {
    for (const item of items) {
      found.push(item);
      if (found.length === count) break;
    }
  } catch (thrown) {
    discardValue(found);
    throw thrown;
  }
  return found;
}

function refusal(
  { coordinate, maximum }: Capped,
  actual: number,
  contextValue: unknown,
  info: GraphQLResolveInfo,
  events: Events | undefined,
): Error {
  const facts = { limit: 'maxItems', actual, maximum, coordinate };
  if (events && isFirst(findOperationState(contextValue, info), coordinate)) {
    const { operation } = info;
    events.emit({ type: 'limit.exceeded', control: 'lists', code: 'LIST_LIMIT_EXCEEDED', ...facts }, 'refused', {
      security: findSecurityContext(contextValue),
      source: operation.loc?.source.body,
      operationType: operation.operation,
      operationName: operation.name?.value,
    });
  }
  return deny('LIST_LIMIT_EXCEEDED', facts);
}

/** Coordinates that the operator knows of. */
const told = createSlot(() => new Set<string>());

function isFirst(state: OperationState, coordinate: string): boolean {
  const before = state.get(told);
  return !before.has(coordinate) && before.add(coordinate).has(coordinate);
}

function dimensionsAt(schema: GraphQLSchema, coordinate: string): number {
  const [typeName = '', name = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[name] : undefined;
  return field ? countListDimensions(field.type) : 0;
}
