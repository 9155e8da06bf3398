/** Paths such as `input.email`, which are checked against the schema when a server starts, and then read from coerced arguments. */
import { isDeepStrictEqual } from 'node:util';
import {
  type GraphQLArgument,
  type GraphQLField,
  GraphQLFloat,
  type GraphQLInputField,
  GraphQLInt,
  getNullableType,
  isInputObjectType,
  isListType,
} from 'graphql';

/** Names from an argument down to the value. */
export type ArgumentPath = readonly string[];

/** How many points one call costs, by the value of an argument. */
export interface Weight {
  readonly path: ArgumentPath;
  /** Used in place of a null: the default of the argument or input field, where it has one. */
  readonly otherwise: unknown;
}

/** Reads a path. @param where the rule, for messages. @throws {TypeError} for a path that leads to no value of the field's arguments. */
export function readArgumentPath(where: string, field: GraphQLField<unknown, unknown>, text: string): ArgumentPath {
  return findEnd(where, field, text).path;
}

/** Reads the path of a weight. @param where the rule, for messages. @throws {TypeError} for a path that leads to no list and no number. */
export function readArgumentWeight(where: string, field: GraphQLField<unknown, unknown>, text: string): Weight {
  const { path, end } = findEnd(where, field, text);
  const counted = getNullableType(end.type);
  if (!isListType(counted) && counted !== GraphQLInt && counted !== GraphQLFloat) {
    throw new TypeError(`${where}: weight '${text}' must be a list, an Int or a Float, but is ${String(end.type)}.`);
  }
  return { path, otherwise: end.defaultValue };
}

/**
 * Requires that the field of a type has the same defaults as that of its interface, for the arguments that a rule of the interface reads.
 * Otherwise the same call would have two buckets: one below the interface, and one below the type.
 *
 * @throws {TypeError} for another default.
 */
export function requireSameDefaults(
  coordinate: string,
  field: GraphQLField<unknown, unknown>,
  ofInterface: GraphQLField<unknown, unknown>,
  paths: readonly ArgumentPath[],
): void {
  const readDefault = ({ args }: GraphQLField<unknown, unknown>, name: string | undefined): unknown =>
    args.find((arg) => arg.name === name)?.defaultValue;
  for (const [name] of paths) {
    if (isDeepStrictEqual(readDefault(field, name), readDefault(ofInterface, name))) continue;
    throw new TypeError(
      `${coordinate}: argument '${name}' must have the default that it has in the interface, whose @rateLimit reads it.`,
    );
  }
}

/** Reads the weight of a call, in points. It is at least 1 whatever the client sends. */
export function weigh({ path, otherwise }: Weight, values: Readonly<Record<string, unknown>>): number {
  const given = readValueAt(path, values);
  const value = given === null ? otherwise : given;
  const weight = Array.isArray(value) ? value.length : typeof value === 'number' ? Math.ceil(value) : 1;
  return weight >= 1 ? weight : 1;
}

function findEnd(
  where: string,
  field: GraphQLField<unknown, unknown>,
  text: string,
): { path: ArgumentPath; end: GraphQLArgument | GraphQLInputField } {
  const [name = '', ...rest] = text.split('.');
  let end: GraphQLArgument | GraphQLInputField | undefined = field.args.find((arg) => arg.name === name);
  for (const part of rest) {
    const object = end && getNullableType(end.type);
    end = isInputObjectType(object) ? object.getFields()[part] : undefined;
  }
  if (!end) throw new TypeError(`${where}: args holds '${text}', which is no argument or input field of it.`);
  return { path: [name, ...rest], end };
}

/** @returns the value at the end of the path; `undefined` where something on the way is missing or null. */
export function readValueAt(path: ArgumentPath, values: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = values;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
