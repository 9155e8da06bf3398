/**
 * Objects that came from another schema by delegation, as in a gateway: the selection of the client is forwarded, and the keys
 * of the answer are the aliases that the client chose. A rule that reads such an object reads what the client says of it, and
 * what the client did not select is not there. So no rule may read one: refused at start where the schema shows it, and denied
 * when it comes up.
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
import type { Guarded, RuleIndex } from '../compile/compiled-rules.ts';

/** The property that delegation puts on each object that it answers with. Those inside one have none until delegation resolves them. */
const mark = Symbol.for('subschemaErrors');

/** The function that finds a field by its alias, by which delegation itself recognises it. */
const resolverByAlias = 'defaultMergedResolver';

/** What stands inside of objects that carry the mark. */
const inside = new WeakSet<object>();
let isAnyInside = false;

/** Whether an object came from another schema. */
export function isDelegated(value: object): boolean {
  return isMarked(value) || (isAnyInside && inside.has(value));
}

function isMarked(value: object): boolean {
  return (value as { readonly [mark]?: unknown })[mark] !== undefined;
}

/** Remembers what stands inside of an object before a field hands it on: its parts go further without it. */
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

/** @returns a function that makes the resolver of a field of this type recognise what delegation answered. */
export function recognisingDelegated({
  types,
  fields,
  inputs,
}: Readers): (type: GraphQLOutputType, resolver: Resolver) => Resolver {
  const ofFields = [...fields.values()].flatMap((guarded) => [
    guarded,
    ...[...(guarded.values?.values() ?? [])].flat(),
  ]);
  if (![...types.values(), ...inputs.values(), ...ofFields].some(readsObject)) return (_, resolver) => resolver;
  return (type, resolver) => {
    if (!isCompositeType(getNamedType(type))) return resolver;
    return (source, args, contextValue, info) => {
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

/** The rules among which some may read an object. */
type Readers = Pick<RuleIndex, 'types' | 'fields' | 'inputs'>;

/** @throws {TypeError} for a rule that would read objects which come from another schema. */
export function checkDelegation(
  schema: GraphQLSchema,
  { types, fields, inputs }: Readers,
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
    // The object of a root field is not one that was answered.
    if (!isObjectType(type) || roots.has(type) || !isAnsweredByOthers(schema, type, fieldResolver)) continue;
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

/** In a stitched schema every type may be, since each can be merged with one of a subschema. */
function isAnsweredByOthers(
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
