/** Paths such as `input.email`: checked against the schema when the server starts, read from coerced arguments after that. */
import { show } from '@graphql-bulwark/core';
import {
  type GraphQLField,
  GraphQLFloat,
  type GraphQLInputType,
  GraphQLInt,
  getNullableType,
  isInputObjectType,
  isListType,
} from 'graphql';

/** Names from an argument down to the value. */
export type ArgumentPath = readonly string[];

/** What one call weighs: by an argument's value. */
export interface Weight {
  readonly path: ArgumentPath;
  /** What stands in for a null: the argument's default, where it has one. */
  readonly otherwise: unknown;
}

/** @throws {TypeError} for a path that leads to no value of the field's arguments. */
export function argumentPath(where: string, field: GraphQLField<unknown, unknown>, text: unknown): ArgumentPath {
  return follow(where, field, text).path;
}

/** @throws {TypeError} for a path that leads to no list and no number. */
export function argumentWeight(where: string, field: GraphQLField<unknown, unknown>, text: unknown): Weight {
  const { path, type } = follow(where, field, text);
  const counted = getNullableType(type);
  if (!isListType(counted) && counted !== GraphQLInt && counted !== GraphQLFloat) {
    throw new TypeError(
      `${where}: weight '${String(text)}' must be a list, an Int or a Float, but is ${String(type)}.`,
    );
  }
  return {
    path,
    otherwise: path.length === 1 ? field.args.find(({ name }) => name === path[0])?.defaultValue : undefined,
  };
}

/** Never less than one, whatever the client sends. */
export function weightOf({ path, otherwise }: Weight, values: Readonly<Record<string, unknown>>): number {
  const value = valueAt(path, values) ?? otherwise;
  const weight = Array.isArray(value) ? value.length : typeof value === 'number' ? Math.ceil(value) : 1;
  return weight >= 1 ? weight : 1;
}

function follow(
  where: string,
  field: GraphQLField<unknown, unknown>,
  text: unknown,
): { path: ArgumentPath; type: GraphQLInputType } {
  if (typeof text !== 'string') throw new TypeError(`${where}: args must hold texts, but holds ${show(text)}.`);
  const [name = '', ...rest] = text.split('.');
  let type: GraphQLInputType | undefined = field.args.find((arg) => arg.name === name)?.type;
  for (const part of rest) {
    const object = type && getNullableType(type);
    type = isInputObjectType(object) ? object.getFields()[part]?.type : undefined;
  }
  if (!type) throw new TypeError(`${where}: args holds '${text}', which is no argument or input field of it.`);
  return { path: [name, ...rest], type };
}

/** The value at the end of the path; `undefined` where something on the way is missing or null. */
export function valueAt(path: ArgumentPath, values: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = values;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
