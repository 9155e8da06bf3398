/** What a schema says that is allowed, and that may still surprise: told once, while it is guarded. */
import { listed } from '@graphql-bulwark/core/internal';
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isSent } from '../directives/federation.ts';
import { type Guarded, nullsMore } from './compiled-rules.ts';
import { hidingModes } from './owner-rule.ts';

type ByCoordinate = ReadonlyMap<string, Guarded>;

/** One text per kind, naming the coordinates. */
export function warningsOf(
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
  const reads = (type: Parameters<typeof getNamedType>[0], value: unknown): boolean => {
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
        if (inputs.has(coordinate) || reads(field.type, field.defaultValue)) defaults.push(coordinate);
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const guards = [
      types.get(type.name),
      ...Object.keys(type.getFields()).map((name) => fields.get(`${type.name}.${name}`)),
    ];
    if (isObjectType(type) && guards.some(asksAboutObject) && isSent(schema, type)) sent.push(type.name);
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      for (const arg of field.args) {
        const at = `${coordinate}(${arg.name}:)`;
        if (arg.defaultValue === undefined) continue;
        if (inputs.has(at) || reads(arg.type, arg.defaultValue)) defaults.push(at);
      }
      const hasOwnRule = /@(?:auth|owner)/.test(fields.get(coordinate)?.rule ?? '');
      if (isNonNullType(field.type) && hasOwnRule && !types.has(getNamedType(field.type).name))
        nonNull.push(coordinate);
      if (nullsMore(field.type) && resultsOf(schema, field.type).some(({ name }) => isHiddenByLoader(types.get(name))))
        timed.push(coordinate);
      if (hides(schema, field.type, types) && type.getFields()['totalCount']) counts.push(`${type.name}.totalCount`);
    }
  }
  return [
    said(defaults, 'have a default that not everybody may pass: who leaves them out is denied'),
    said(nonNull, 'are guarded and not nullable: a denial nulls the object around them'),
    said(counts, 'may count objects that a list beside them hides'),
    said(
      timed,
      'are not nullable and return objects that a loader may hide: where another field fails as well, which error comes first may tell that there is one',
    ),
    said(sent, 'have @key and no __resolveReference: their policies and loaders are asked about what a router sends'),
  ].filter((text) => text !== undefined);
}

function said(coordinates: readonly string[], what: string): string | undefined {
  const distinct = [...new Set(coordinates)];
  return distinct.length === 0 ? undefined : `${listed(distinct)} ${what}.`;
}

/** Whether functions of the application decide about the object, which they are given. */
function asksAboutObject(guarded: Guarded | undefined): boolean {
  if (!guarded) return false;
  return guarded.policies.length > 0 || guarded.owners.some(({ loader }) => loader !== undefined);
}

function isHiddenByLoader(guarded: Guarded | undefined): boolean {
  return guarded?.owners.some(({ loader, mode }) => loader !== undefined && hidingModes.has(mode)) ?? false;
}

function resultsOf(schema: GraphQLSchema, type: GraphQLOutputType): readonly GraphQLNamedType[] {
  const named = getNamedType(type);
  return isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
}

/** Whether objects that are left out of lists stand here, or in the edges of a connection. */
function hides(schema: GraphQLSchema, type: GraphQLOutputType, types: ByCoordinate): boolean {
  const named = getNamedType(type);
  const node = isObjectType(named) ? named.getFields()['node'] : undefined;
  const stands: GraphQLOutputType[] = node ? [named, node.type] : [named];
  const results = stands.flatMap((one) => resultsOf(schema, one));
  return results.some(({ name }) => types.get(name)?.owners.some(({ mode }) => hidingModes.has(mode)));
}
