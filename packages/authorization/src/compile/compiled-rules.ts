/** What guards a coordinate, compiled: the words in which the guards of a schema talk about its rules. */
import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { AuthMode, OwnerMode } from '../directives/sdl.ts';
import type { AnyOf, Rule } from './auth-rule.ts';
import type { OwnerRule } from './owner-rule.ts';

/**
 * One thing that a guard asks: the caller's roles and scopes, what is passed in, named policies, owners. `presets` asks nothing: it
 * fills in what was left out.
 */
export type Check = 'claims' | 'arguments' | 'presets' | 'policies' | 'owners';

/** A guarded coordinate: `Query.invoice` for a field, `Invoice` for the objects of a type, `Query.a(b:)`, `In.a`, `E.A`. */
export interface Guarded {
  readonly coordinate: string;
  /** Where the verdict over the part that claims decide stands; equal rules share a slot. */
  readonly slot: number;
  /** The rule in words. */
  readonly rule: string;
  readonly mode?: AuthMode | undefined;
  /** All of these must agree too. */
  readonly policies: readonly AnyOf[];
  /** One of these must match too. Empty: the rule alone decides. */
  readonly owners: readonly OwnerRule[];
  /** What is asked, in this order, until something says no. */
  readonly checks: readonly Check[];
}

/** An argument that is filled in where it is left out. */
export interface Preset {
  readonly name: string;
  readonly claim: string;
  readonly list: boolean;
}

/** A part that was passed in, or that an owner misses. */
export interface Found {
  readonly guarded: Guarded;
  readonly value: unknown;
  readonly present: boolean;
}

/** Told of each guarded part of a value. `present`: whether it was given; left out are only parts that have an owner. */
export type Report = (guarded: Guarded, value: unknown, present: boolean) => void;

/** Reports the guarded parts of a field's coerced arguments. */
export type Finder = (args: Readonly<Record<string, unknown>>, report: Report) => void;

export interface GuardedField extends Guarded {
  /** Finds what is guarded among its arguments. */
  readonly find?: Finder | undefined;
  readonly presets?: readonly Preset[] | undefined;
  /** Internal value of the enum that it returns -> guards. */
  readonly values?: ReadonlyMap<unknown, readonly Guarded[]> | undefined;
}

export interface RuleIndex {
  /** By slot. */
  readonly rules: readonly Rule[];
  /** coordinate -> guard, for fields of object types. */
  readonly fields: ReadonlyMap<string, GuardedField>;
  /** name of an object type -> guard of its objects. Root types have none: their fields carry their rule. */
  readonly types: ReadonlyMap<string, Guarded>;
  /** coordinate -> guard, for arguments, input fields, enums, enum values and scalars. */
  readonly inputs: ReadonlyMap<string, Guarded>;
  /** Coordinates of fields that are public by their own word or that of their type. */
  readonly open: ReadonlySet<string>;
  /** Coordinates, those of interfaces included, at which a selection may meet a guard. */
  readonly touching: ReadonlySet<string>;
  /** Whether a rule may refuse a query as a whole. */
  readonly rejecting: boolean;
  /** What is allowed and may still surprise. */
  readonly warnings: readonly string[];
}

/** What stands in place of a value that its owners deny: all owners of one coordinate agree. */
export function ownerModeOf({ owners }: Pick<Guarded, 'owners'>): OwnerMode {
  return owners[0]?.mode ?? 'ERROR';
}

export function touchingOf(
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

/**
 * Tells in which fields a denial, or a promise that it waits for, may reach an item that cannot be null: an executor may give up
 * such a list while the item still runs.
 */
export function listsThatDenialsReach(
  schema: GraphQLSchema,
  index: Pick<RuleIndex, 'fields' | 'types'>,
): (type: GraphQLOutputType) => boolean {
  const deniable = new Set<GraphQLNamedType>();
  const reaches = (type: GraphQLOutputType): boolean => isNonNullType(type) && reachesBare(type.ofType);
  const reachesBare = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return reachesBare(type.ofType);
    return isListType(type) ? reaches(type.ofType) : deniable.has(type);
  };
  const isDeniable = (type: GraphQLNamedType): boolean => {
    if (isAbstractType(type)) return schema.getPossibleTypes(type).some((possible) => deniable.has(possible));
    if (!isObjectType(type)) return false;
    return (
      index.types.has(type.name) ||
      Object.values(type.getFields()).some(
        (field) => (isNonNullType(field.type) && index.fields.has(`${type.name}.${field.name}`)) || reaches(field.type),
      )
    );
  };
  const types = Object.values(schema.getTypeMap());
  for (let before = -1; before < deniable.size; ) {
    before = deniable.size;
    for (const type of types) if (!deniable.has(type) && isDeniable(type)) deniable.add(type);
  }
  const returnsLosable = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return returnsLosable(type.ofType);
    return isListType(type) && (reaches(type.ofType) || returnsLosable(type.ofType));
  };
  return returnsLosable;
}

/** Whether the `null` of a denied object would not stay at its place. */
export function nullsMore(type: GraphQLOutputType): boolean {
  return isNonNullType(type) && !isListType(type.ofType);
}
