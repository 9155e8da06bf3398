/** `@listSize` and `listSizes`, validated once: where the length of a field's list comes from. */
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
import type { ReadAnnotation } from './annotations.ts';
import type { Annotated } from './directives.ts';
import type { CostSettings, ListSize } from './options.ts';

/** Fields below that are the lists: `true`, or the fields further below. */
export type SizedFields = ReadonlyMap<string, SizedFields | true>;

/** An argument, and the input fields in it that lead to a size. */
export interface SlicingArgument {
  readonly argument: GraphQLArgument;
  readonly path: readonly string[];
}

/** Where the length of a list comes from. */
export interface Sizing {
  readonly assumedSize: number | undefined;
  readonly slicing: readonly SlicingArgument[];
  readonly requireOne: boolean;
  readonly sizedFields: SizedFields | undefined;
  readonly maxListSize: number;
  /** Whether the names of the arguments alone say so: what they say is no less than what is assumed, and never wrong. */
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

/** What the options say, over the field's own directive, over that of an interface which it implements. */
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
  // Federation: as many entities as representations.
  const entities = field.name === '_entities' && field.args.find(({ name }) => name === 'representations');
  const fallback =
    entities && isListType(getNullableType(entities.type)) ? { slicingArguments: ['representations'] } : undefined;
  return declared ?? fallback;
}

/** @throws {TypeError} for what could not be counted as it is written. */
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
      `${where}: assumedSize beside slicingArguments never counts, unless requireOneSlicingArgument is false and no ` +
        'slicing argument has a default.',
    );
  }
  if (one && withDefault.length > 1) {
    throw new TypeError(`${where}: two slicing arguments have defaults, so that exactly one can never be given.`);
  }
  return {
    assumedSize,
    slicing,
    requireOne: one && slicing.length > 0,
    sizedFields: sized.length > 0 ? compileSized(where, field.type, sized) : undefined,
    maxListSize: maxListSize ?? longest,
    inferred: false,
  };
}

/**
 * The size that arguments with the names of page sizes say, where nothing else is said of a field: of the field itself where it is
 * a list, else of the lists in what it returns, as those of a connection.
 *
 * @param isOpen whether nothing is said of a list in what the field returns.
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

/** Each entry is a field, or `field { field }`, also several levels of it. */
function compileSized(where: string, type: GraphQLOutputType, entries: readonly string[]): Sized {
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

/** As GraphQL coerces lists: one item is a list of one. */
function toList(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : [value];
}

/** A number, also where a document spelled it. */
function spellNumber(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}
