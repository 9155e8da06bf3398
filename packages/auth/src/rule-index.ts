/** Every rule of a schema, compiled once: which coordinate asks what of whom. */
import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { checkLocations, knownArguments, usesOf } from './directives.ts';
import { type OwnerRule, ownerRule } from './owner.ts';
import { allOf, authenticated, authRule, keyOf, type Rule } from './rules.ts';

/** What happens to root fields that carry neither `@auth` nor `@public`. */
export type DefaultRule = 'allow' | 'authenticated' | 'deny';

/** A guarded coordinate: `Query.invoice` for a field, `Invoice` for the objects of a type. */
export interface Guarded {
  readonly coordinate: string;
  /** Where the verdict over its rule stands; equal rules share a slot. */
  readonly slot: number;
  /** The rule in words. */
  readonly rule: string;
  /** One of these must match too. Empty: the rule alone decides. */
  readonly owners: readonly OwnerRule[];
}

export interface RuleIndex {
  /** By slot. */
  readonly rules: readonly Rule[];
  /** coordinate -> guard, for fields of object types. */
  readonly fields: ReadonlyMap<string, Guarded>;
  /** name of an object type -> guard of its objects. Root types have none: their fields carry their rule. */
  readonly types: ReadonlyMap<string, Guarded>;
  /** Coordinates, those of interfaces included, at which a selection may meet a guard. */
  readonly touching: ReadonlySet<string>;
}

/** @throws {TypeError} naming the coordinate, for a rule that cannot be meant. */
export function ruleIndex(schema: GraphQLSchema, defaultRule: DefaultRule): RuleIndex {
  checkLocations(schema);
  const slots = new Map<string, number>();
  const rules: Rule[] = [];
  const fields = new Map<string, Guarded>();
  const types = new Map<string, Guarded>();
  const objects = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'));
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const undecided: string[] = [];

  const guarded = (coordinate: string, all: readonly Rule[], owners: readonly OwnerRule[] = []): Guarded => {
    const rule = allOf(all);
    const slot = slots.get(keyOf(rule)) ?? rules.push(rule) - 1;
    slots.set(keyOf(rule), slot);
    return { coordinate, slot, rule: rule.text, owners };
  };
  const auth = (element: GraphQLObjectType | GraphQLField<unknown, unknown>, coordinate: string): Rule[] =>
    usesOf(schema, element, 'auth', coordinate).map((use) => authRule(use, coordinate));

  const typeRules = new Map(objects.map((type) => [type, rulesOfType(type)]));

  function rulesOfType(type: GraphQLObjectType): Rule[] {
    const owners = usesOf(schema, type, 'owner', type.name).map((use) => ownerRule(use, type.name));
    if (roots.has(type) && owners.length > 0) throw new TypeError(`${type.name}: a root type has no @owner.`);
    const own = auth(type, type.name);
    if (own.length > 0 && isPublic(schema, type, type.name)) throw contradiction(type.name);
    // Nobody owns anything without being someone.
    const all = owners.length > 0 ? [...own, authenticated(owners.map(({ text }) => text).join(' or '))] : own;
    if (all.length > 0 && !roots.has(type)) types.set(type.name, guarded(type.name, all, owners));
    return all;
  }

  for (const type of objects) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const all = [...auth(field, coordinate), ...pushedDown(type, field.name, auth)];
      const fieldIsPublic = isPublic(schema, field, coordinate);
      if (roots.has(type)) {
        all.push(...(typeRules.get(type) ?? []));
        if (all.length === 0 && !fieldIsPublic && !isPublic(schema, type, type.name)) {
          if (defaultRule === 'authenticated') all.push(authenticated('defaultRule: authenticated'));
          if (defaultRule === 'deny') undecided.push(coordinate);
        }
      }
      if (fieldIsPublic && all.length > 0) throw contradiction(coordinate);
      // A field of a guarded type is refused before its resolver runs.
      const named = getNamedType(field.type);
      if (isObjectType(named)) all.push(...(typeRules.get(named) ?? []));
      if (all.length > 0) fields.set(coordinate, guarded(coordinate, all));
    }
  }
  if (undecided.length > 0) {
    throw new TypeError(`defaultRule is 'deny', and these have neither @auth nor @public: ${undecided.join(', ')}.`);
  }
  return { rules, fields, types, touching: touchingOf(schema, fields, types) };
}

/** graphql-js never calls an interface's own field, so that its rules are those of every type that implements it. */
function pushedDown(
  type: GraphQLObjectType,
  fieldName: string,
  auth: (field: GraphQLField<unknown, unknown>, coordinate: string) => Rule[],
): Rule[] {
  return type.getInterfaces().flatMap((parent: GraphQLInterfaceType) => {
    const field = parent.getFields()[fieldName];
    return field ? auth(field, `${parent.name}.${fieldName}`) : [];
  });
}

function isPublic(
  schema: GraphQLSchema,
  element: GraphQLObjectType | GraphQLField<unknown, unknown>,
  coordinate: string,
): boolean {
  const uses = usesOf(schema, element, 'public', coordinate);
  for (const use of uses) knownArguments(use, 'public', coordinate, []);
  return uses.length > 0;
}

function contradiction(coordinate: string): TypeError {
  return new TypeError(`${coordinate} is @public and carries @auth, itself or through its type or an interface.`);
}

function touchingOf(
  schema: GraphQLSchema,
  fields: ReadonlyMap<string, Guarded>,
  types: ReadonlyMap<string, Guarded>,
): Set<string> {
  const touching = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const concrete = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type);
      const results = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
      const guarded = concrete.some(({ name }) => fields.has(`${name}.${field.name}`) || types.has(name));
      if (guarded || results.some(({ name }) => types.has(name))) touching.add(`${type.name}.${field.name}`);
    }
  }
  return touching;
}
