/** Where the length of a field's list comes from: `@listSize` and the option `listSizes`, validated when a server starts. */
import { aFlag, atLeast, listOf, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  GraphQLInt,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Annotated, ReadAnnotation } from './directives.ts';
import type { CostSettings, ListSize } from './options.ts';

/** Name of a field below -> `true` where it is the list, else the fields further below that are. */
export type SizedFields = ReadonlyMap<string, SizedFields | true>;

/** An argument, and the names of the input fields that lead from it to a size. */
export interface SlicingArgument {
  readonly argument: GraphQLArgument;
  readonly path: readonly string[];
}

/** Where the length of a list comes from. */
export interface Sizing {
  /** Items, where no argument gives the size. */
  readonly assumedSize: number | undefined;
  readonly slicing: readonly SlicingArgument[];
  /** Whether exactly one slicing argument must be given. */
  readonly requireOne: boolean;
  /** The lists below that have the size, in place of the field itself. */
  readonly sizedFields: SizedFields | undefined;
  /** The longest list that an argument may ask for, in items. */
  readonly maxListSize: number;
  /** Whether the arguments are known by their names alone. Then they only raise the size, and no value of theirs is invalid. */
  readonly inferred: boolean;
}

type Given = { readonly [K in keyof ListSize]: unknown };

const strings = listOf('strings', (value: unknown) => typeof value === 'string');

const sizeTable = {
  assumedSize: { check: atLeast(0) },
  slicingArguments: { default: [], check: strings },
  sizedFields: { default: [], check: strings },
  requireOneSlicingArgument: { default: true, check: aFlag },
  maxListSize: { check: atLeast(1) },
} satisfies OptionTable<ListSize>;

/** The size of a field: from the options, else from its own directive, else from that of an interface that its type implements. */
export function readListSize(
  type: GraphQLObjectType | GraphQLInterfaceType,
  field: GraphQLField<unknown, unknown>,
  { listSizes }: CostSettings,
  read: ReadAnnotation,
): ListSize | undefined {
  const declared = [type, ...type.getInterfaces()]
    .map((owner) => {
      const own = owner.getFields()[field.name];
      const coordinate = `${owner.name}.${field.name}`;
      const annotation = own && read(own as Annotated, coordinate);
      const option = listSizes.get(coordinate);
      return annotation || option ? { ...annotation?.given, ...option } : undefined;
    })
    .find((found) => found !== undefined);
  // Federation: the field `_entities` returns as many items as there are representations.
  const entities = field.name === '_entities' && field.args.find(({ name }) => name === 'representations');
  const fallback =
    entities && isListType(getNullableType(entities.type)) ? { slicingArguments: ['representations'] } : undefined;
  return declared ?? fallback;
}

/**
 * Validates a list size and resolves the names in it (IBM cost directives, section 9).
 *
 * @param longest the longest list that an argument may ask for, where the list size sets none of its own.
 * @throws {TypeError} while the server starts, for a list size that contradicts itself or the schema.
 */
export function compileSizing(
  coordinate: string,
  field: GraphQLField<unknown, unknown>,
  given: Given,
  longest: number,
): Sizing {
  const where = `list size of ${coordinate}`;
  const spelled = {
    ...given,
    assumedSize: spellNumber(given.assumedSize),
    slicingArguments: toList(given.slicingArguments),
    sizedFields: toList(given.sizedFields),
  } as ListSize;
  const read = readOptions(where, spelled, sizeTable);
  const { assumedSize, slicingArguments, sizedFields: sized, requireOneSlicingArgument: one, maxListSize } = read;
  if (!isListType(getNullableType(field.type)) && sized.length === 0) {
    throw new TypeError(`${where}: ${coordinate} is no list, and sizedFields names none below it.`);
  }
  const slicing = slicingArguments.map((path) => readSlicingPath(where, field, path));
  const withDefault = slicing.filter(
    ({ argument }) => argument.defaultValue !== undefined && argument.defaultValue !== null,
  );
  if (assumedSize !== undefined && slicing.length > 0 && (one || withDefault.length > 0)) {
    throw new TypeError(
      `${where}: assumedSize has no effect beside slicingArguments. Leave it out, or set requireOneSlicingArgument to false and ` +
        'give no slicing argument a default.',
    );
  }
  if (one && withDefault.length > 1) {
    throw new TypeError(
      `${where}: two slicing arguments have defaults, so a client can never give exactly one. Set requireOneSlicingArgument to false.`,
    );
  }
  return {
    assumedSize,
    slicing,
    requireOne: one && slicing.length > 0,
    sizedFields: sized.length > 0 ? compileSizedFields(where, field.type, sized) : undefined,
    maxListSize: maxListSize ?? longest,
    inferred: false,
  };
}

/**
 * Infers a size from arguments that have the names of page sizes, where neither `@listSize` nor an option gives one. It is the size of
 * the field itself where that is a list, else of the lists in the type that the field returns, such as a connection.
 *
 * @param names of the arguments, such as `first`.
 * @param isOpen whether a list in the returned type has no size of its own.
 * @returns `undefined` where there is no such argument, or no list of objects.
 */
export function inferSizing(
  field: GraphQLField<unknown, unknown>,
  names: ReadonlySet<string>,
  isOpen: (owner: GraphQLObjectType | GraphQLInterfaceType, list: GraphQLField<unknown, unknown>) => boolean,
): Sizing | undefined {
  const slicing = field.args
    .filter((argument) => isPageSize(argument, names))
    .map((argument) => ({ argument, path: [] }));
  const named = getNamedType(field.type);
  if (slicing.length === 0 || !isCompositeType(named)) return undefined;
  const sizing = { assumedSize: undefined, slicing, requireOne: false, maxListSize: Infinity, inferred: true };
  if (isListType(getNullableType(field.type))) return { ...sizing, sizedFields: undefined };
  if (isUnionType(named)) return undefined;
  const lists = Object.values(named.getFields()).filter(
    (list) =>
      isListType(getNullableType(list.type)) &&
      isCompositeType(getNamedType(list.type)) &&
      !list.args.some((argument) => isPageSize(argument, names)) &&
      isOpen(named, list),
  );
  return lists.length > 0
    ? { ...sizing, sizedFields: new Map(lists.map(({ name }) => [name, true as const])) }
    : undefined;
}

function isPageSize({ name, type }: GraphQLArgument, names: ReadonlySet<string>): boolean {
  return names.has(name) && getNullableType(type) === GraphQLInt;
}

function readSlicingPath(
  where: string,
  field: GraphQLField<unknown, unknown>,
  path: string,
): Sizing['slicing'][number] {
  const [name, ...below] = path.split('.');
  const argument = field.args.find((arg) => arg.name === name);
  let at: GraphQLArgument | GraphQLInputField | undefined = argument;
  for (const step of below) {
    const type = at && getNullableType(at.type);
    at = isInputObjectType(type) ? type.getFields()[step] : undefined;
  }
  if (!argument || !at) throw new TypeError(`${where}: there is no argument '${path}'.`);
  const leaf = getNullableType(at.type);
  if (leaf !== GraphQLInt && !isListType(leaf)) {
    throw new TypeError(`${where}: slicing argument '${path}' must be an Int or a list, but is ${String(at.type)}.`);
  }
  return { argument, path: below };
}

type Sized = Map<string, Sized | true>;

/** Reads `sizedFields`. Each entry is the name of a field, or a path such as `results { page }` of any depth. */
function compileSizedFields(where: string, type: GraphQLOutputType, entries: readonly string[]): Sized {
  const root: Sized = new Map();
  for (const entry of entries) {
    const path = entry.split(/[\s{}]+/).filter(Boolean);
    let level = root;
    let parent: GraphQLOutputType = type;
    path.forEach((name, i) => {
      const owner = getNamedType(parent) as GraphQLObjectType;
      const field = isObjectType(owner) || isInterfaceType(owner) ? owner.getFields()[name] : undefined;
      if (!field)
        throw new TypeError(`${where}: sizedFields names '${entry}', but ${owner.name} has no field '${name}'.`);
      parent = field.type;
      if (i === path.length - 1) {
        if (!isListType(getNullableType(parent))) {
          throw new TypeError(`${where}: sizedFields names '${entry}', which is no list.`);
        }
        level.set(name, true);
        return;
      }
      const next = level.get(name);
      const below: Sized = next instanceof Map ? next : new Map();
      if (next !== true) level.set(name, below);
      level = below;
    });
    if (path.length === 0) throw new TypeError(`${where}: sizedFields holds an empty name.`);
  }
  return root;
}

/** GraphQL takes a single value for a list of one (specification, section 3.11), and so do list sizes. */
function toList(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : [value];
}

/** In a document a number is read as text; here it becomes a number. */
function spellNumber(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}
