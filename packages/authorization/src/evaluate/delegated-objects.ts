/**
 * Recognises objects that came from another schema by delegation, as in a gateway. Delegation forwards the client's selection, so
 * the keys of such an object are aliases that the client chose: `{ invoice { ownerId: note } }` makes any property the owner. So no
 * rule may read one. A schema that shows such a rule does not start, and an object that comes up later is denied.
 */
import type { Resolver } from '@graphql-bulwark/core/internal';
import {
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
} from 'graphql';
import type { CompiledRules, Guarded } from '../compile/compiled-rules.ts';

/** The property by which delegation marks each object that it returns. Objects within one have none until a field returns them. */
const mark = Symbol.for('subschemaErrors');

/** Name of the resolver that reads a field by its alias. Delegation itself recognises it by this name. */
const resolverByAlias = 'defaultMergedResolver';

/** Objects within marked ones. */
const inside = new WeakSet<object>();
let isAnyInside = false;

/** Whether an object came from another schema, itself or within another one. */
export function isDelegated(value: object): boolean {
  return isMarked(value) || (isAnyInside && inside.has(value));
}

function isMarked(value: object): boolean {
  return (value as { readonly [mark]?: unknown })[mark] !== undefined;
}

/** Remembers the objects within a marked one before a field returns them: by themselves they carry no mark. */
function rememberInside(source: unknown): void {
  if (typeof source !== 'object' || source === null || !isMarked(source) || inside.has(source)) return;
  isAnyInside = true;
  const left: object[] = [source];
  for (let one = left.pop(); one; one = left.pop()) {
    inside.add(one);
    for (const part of Object.values(one)) {
      if (typeof part === 'object' && part !== null && !inside.has(part)) left.push(part);
    }
  }
}

/** @returns a function that makes the resolver of a field remember the objects within its source, if any rule reads objects. */
export function createDelegationTracker({
  types,
  fields,
  inputs,
}: RulesByPlace): (type: GraphQLOutputType, resolver: Resolver) => Resolver {
  const ofFields = [...fields.values()].flatMap((guarded) => [
    guarded,
    ...[...(guarded.values?.values() ?? [])].flat(),
  ]);
  if (![...types.values(), ...inputs.values(), ...ofFields].some(readsObject)) return (_, resolver) => resolver;
  return (type, resolver) => {
    if (!isCompositeType(getNamedType(type))) return resolver;
    return function resolveAndRememberInside(source, args, contextValue, info) {
      rememberInside(source);
      return resolver(source, args, contextValue, info);
    };
  };
}

/** @throws {Error} for an object that came from another schema. */
export function refuseDelegated(value: unknown): void {
  if (typeof value !== 'object' || value === null || !isDelegated(value)) return;
  throw new Error('the object comes from another schema, and the client chose its keys: guard that schema instead');
}

/** Rules of which some may read an object. */
type RulesByPlace = Pick<CompiledRules, 'types' | 'fields' | 'inputs'>;

/** @throws {TypeError} for a rule that would read objects from another schema. */
export function validateDelegation(
  schema: GraphQLSchema,
  { types, fields, inputs }: RulesByPlace,
  fieldResolver: GraphQLFieldResolver<unknown, unknown>,
): void {
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const check = (guarded: Guarded | undefined): void => {
    if (!guarded || !readsObject(guarded)) return;
    throw new TypeError(
      `${guarded.coordinate}: ${guarded.rule} reads an object that this schema gets from another one, with aliases of the client ` +
        'as its keys. Guard the subschemas instead.',
    );
  };
  for (const type of Object.values(schema.getTypeMap())) {
    // The source of a root field is not an object that another schema returned.
    if (!isObjectType(type) || roots.has(type) || !isDelegatedType(schema, type, fieldResolver)) continue;
    check(types.get(type.name));
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const guarded = fields.get(coordinate);
      check(guarded);
      for (const guards of guarded?.values?.values() ?? []) guards.forEach(check);
      for (const { name } of field.args) check(inputs.get(`${coordinate}(${name}:)`));
    }
  }
}

/** Whether objects of a type come from another schema. In a stitched schema every type may be merged with one of a subschema. */
function isDelegatedType(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  fieldResolver: GraphQLFieldResolver<unknown, unknown>,
): boolean {
  if (schema.extensions['stitchingInfo'] !== undefined) return true;
  return Object.values(type.getFields()).some(({ resolve }) => (resolve ?? fieldResolver).name === resolverByAlias);
}

function readsObject({ policies, owners }: Guarded): boolean {
  return (
    policies.length > 0 ||
    owners.some(({ place, arg }) => (place === 'object' || place === 'field') && arg === undefined)
  );
}
