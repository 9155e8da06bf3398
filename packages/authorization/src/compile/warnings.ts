/** Warns, when a schema is guarded, of rules that are valid but may not do what their author expects. */
import { joinNames } from '@graphql-bulwark/core/internal';
import {
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isSentByRouter } from '../directives/federation.ts';
import { type Guarded, listPossibleTypes, nullsParent } from './compiled-rules.ts';
import { hidingModes } from './owner-rule.ts';

type ByCoordinate = ReadonlyMap<string, Guarded>;

/** @returns one message per kind, naming the coordinates. */
export function findWarnings(
  schema: GraphQLSchema,
  fields: ByCoordinate,
  types: ByCoordinate,
  inputs: ByCoordinate,
): string[] {
  const defaults: string[] = [];
  const nonNull: string[] = [];
  const counts: string[] = [];
  const sent: string[] = [];
  const timed: string[] = [];
  const usesGuardedValue = (type: Parameters<typeof getNamedType>[0], value: unknown): boolean => {
    const named = getNamedType(type);
    if (!isEnumType(named)) return false;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return named.getValues().some((one) => inputs.has(`${named.name}.${one.name}`) && values.includes(one.value));
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`;
        if (field.defaultValue === undefined) continue;
        if (inputs.has(coordinate) || usesGuardedValue(field.type, field.defaultValue)) defaults.push(coordinate);
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const guards = [
      types.get(type.name),
      ...Object.keys(type.getFields()).map((name) => fields.get(`${type.name}.${name}`)),
    ];
    if (isObjectType(type) && guards.some(asksAboutObject) && isSentByRouter(schema, type)) sent.push(type.name);
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      for (const arg of field.args) {
        const at = `${coordinate}(${arg.name}:)`;
        if (arg.defaultValue === undefined) continue;
        if (inputs.has(at) || usesGuardedValue(arg.type, arg.defaultValue)) defaults.push(at);
      }
      const hasOwnRule = /@(?:auth|owner)/.test(fields.get(coordinate)?.rule ?? '');
      if (isNonNullType(field.type) && hasOwnRule && !types.has(getNamedType(field.type).name))
        nonNull.push(coordinate);
      if (
        nullsParent(field.type) &&
        listPossibleTypes(schema, getNamedType(field.type)).some(({ name }) => isHiddenByLoader(types.get(name)))
      )
        timed.push(coordinate);
      if (mayHideItems(schema, field.type, types) && type.getFields()['totalCount'])
        counts.push(`${type.name}.totalCount`);
    }
  }
  return [
    formatWarning(defaults, 'have a default that not every caller may pass: callers who leave them out are denied'),
    formatWarning(nonNull, 'are guarded and not nullable: a denial nulls the object around them'),
    formatWarning(counts, 'may count objects that a list beside them hides'),
    formatWarning(
      timed,
      'are not nullable and return objects that a loader may hide: where another field fails as well, which error comes first may tell that there is one',
    ),
    formatWarning(
      sent,
      'have @key and no __resolveReference: their policies and loaders are asked about what a router sends',
    ),
  ].filter((text) => text !== undefined);
}

function formatWarning(coordinates: readonly string[], what: string): string | undefined {
  const distinct = [...new Set(coordinates)];
  return distinct.length === 0 ? undefined : `${joinNames(distinct)} ${what}.`;
}

/** Whether policies or loaders are given the object and decide by it. */
function asksAboutObject(guarded: Guarded | undefined): boolean {
  if (!guarded) return false;
  return guarded.policies.length > 0 || guarded.owners.some(({ loader }) => loader !== undefined);
}

function isHiddenByLoader(guarded: Guarded | undefined): boolean {
  return guarded?.owners.some(({ loader, mode }) => loader !== undefined && hidingModes.has(mode)) ?? false;
}

/** Whether a field returns objects that lists may leave out, or the edges of a connection to such objects. */
function mayHideItems(schema: GraphQLSchema, type: GraphQLOutputType, types: ByCoordinate): boolean {
  const named = getNamedType(type);
  const node = isObjectType(named) ? named.getFields()['node'] : undefined;
  const stands: GraphQLOutputType[] = node ? [named, node.type] : [named];
  const results = stands.flatMap((one) => listPossibleTypes(schema, getNamedType(one)));
  return results.some(({ name }) => types.get(name)?.owners.some(({ mode }) => hidingModes.has(mode)));
}
