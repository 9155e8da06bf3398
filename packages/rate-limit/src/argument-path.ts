/** Paths such as `input.email`: checked against the schema when the server starts, read from coerced arguments after that. */
import { show } from '@graphql-bulwark/core';
import { type GraphQLField, type GraphQLInputType, getNullableType, isInputObjectType } from 'graphql';

/** Names from an argument down to the value. */
export type ArgumentPath = readonly string[];

/** @throws {TypeError} for a path that leads to no value of the field's arguments. */
export function argumentPath(where: string, field: GraphQLField<unknown, unknown>, text: unknown): ArgumentPath {
  if (typeof text !== 'string') throw new TypeError(`${where}: args must hold texts, but holds ${show(text)}.`);
  const [name = '', ...rest] = text.split('.');
  let type: GraphQLInputType | undefined = field.args.find((arg) => arg.name === name)?.type;
  for (const part of rest) {
    const object = type && getNullableType(type);
    type = isInputObjectType(object) ? object.getFields()[part]?.type : undefined;
  }
  if (!type) throw new TypeError(`${where}: args holds '${text}', which is no argument or input field of it.`);
  return [name, ...rest];
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
