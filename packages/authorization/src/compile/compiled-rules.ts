/** The compiled rules of a schema, as its guards read them: which checks a coordinate has, and where selections meet a guard. */
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
import type { AnyOf, AuthRule } from './auth-rule.ts';
import type { OwnerRule } from './owner-rule.ts';

/**
 * One step of a guard: the caller's roles and scopes (`claims`), the guarded parts of the arguments, named policies, owners.
 * `presets` checks nothing: it fills in arguments that were left out.
 */
export type Check = 'claims' | 'arguments' | 'presets' | 'policies' | 'owners';

/** A guarded coordinate: `Query.invoice` for a field, `Invoice` for the objects of a type, `Query.a(b:)`, `In.a`, `E.A`. */
export interface Guarded {
  readonly coordinate: string;
  /** Index of its rule among {@link CompiledRules.claimRules}. Equal rules share a slot. */
  readonly slot: number;
  /** The rule as its schema writes it, for the operator. */
  readonly rule: string;
  /** Left out: REJECT for mutations and subscriptions, NULL for queries. */
  readonly mode?: AuthMode | undefined;
  /** Each of these must pass. */
  readonly policies: readonly AnyOf[];
  /** One of these must match, if there are any. */
  readonly owners: readonly OwnerRule[];
  /** Run in this order, until one denies. */
  readonly checks: readonly Check[];
}

/** An argument that is filled in with the caller's identity when it is left out. */
export interface Preset {
  readonly name: string;
  readonly claim: string;
  /** Whether the argument is a list. */
  readonly list: boolean;
}

/** An argument, input field, enum value or scalar that was passed in; or one with an owner that was left out. */
export interface GuardedPart {
  readonly guarded: Guarded;
  /** Coerced. `undefined` if it was left out. */
  readonly value: unknown;
  readonly present: boolean;
}

/** Called for each guarded part, as of {@link GuardedPart}. */
export type ReportPart = (guarded: Guarded, value: unknown, present: boolean) => void;

/** Finds the guarded parts of a field's coerced arguments. */
export type FindParts = (args: Readonly<Record<string, unknown>>, report: ReportPart) => void;

/** A guarded field of an object type. */
export interface GuardedField extends Guarded {
  /** Left out if nothing among its arguments is guarded. */
  readonly findParts?: FindParts | undefined;
  readonly presets?: readonly Preset[] | undefined;
  /** Internal value of the enum that the field returns -> guards. */
  readonly values?: ReadonlyMap<unknown, readonly Guarded[]> | undefined;
}

/** All rules of one schema. */
export interface CompiledRules {
  /** Slot -> rule of roles and scopes, without policies. */
  readonly claimRules: readonly AuthRule[];
  /** Coordinate -> guard, for fields of object types. */
  readonly fields: ReadonlyMap<string, GuardedField>;
  /** Name of an object type -> guard of its objects. Root types have none: their fields carry their rule. */
  readonly types: ReadonlyMap<string, Guarded>;
  /** Coordinate -> guard, for arguments, input fields, enums, enum values and scalars. */
  readonly inputs: ReadonlyMap<string, Guarded>;
  /** Coordinates of root fields that are public by a directive on themselves or on their type. */
  readonly publicFields: ReadonlySet<string>;
  /** Coordinates, also of interfaces, at which a selection may meet a guard, so that its answer depends on the caller. */
  readonly guardedSelections: ReadonlySet<string>;
  /** Whether a rule with `mode: REJECT` may refuse a query as a whole. */
  readonly mayRejectQueries: boolean;
  /** Messages about what is valid but may not do what its author expects. */
  readonly warnings: readonly string[];
}

/** What stands in place of a value that its owners deny. All owners of one coordinate have the same mode. */
export function getOwnerMode({ owners }: Pick<Guarded, 'owners'>): OwnerMode {
  return owners[0]?.mode ?? 'ERROR';
}

/** The object types of which a value of this type may be: itself, unless it is abstract. */
export function listPossibleTypes(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLNamedType[] {
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
}

/** Finds {@link CompiledRules.guardedSelections}. */
export function findGuardedSelections(
  schema: GraphQLSchema,
  fields: ReadonlyMap<string, Guarded>,
  types: ReadonlyMap<string, Guarded>,
): Set<string> {
  const found = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const holders = listPossibleTypes(schema, type);
    for (const field of Object.values(type.getFields())) {
      const results = listPossibleTypes(schema, getNamedType(field.type));
      const isGuarded =
        holders.some(({ name }) => fields.has(`${name}.${field.name}`) || types.has(name)) ||
        results.some(({ name }) => types.has(name));
      if (isGuarded) found.add(`${type.name}.${field.name}`);
    }
  }
  return found;
}

/**
 * Makes a test whether a field of a type returns a list that an executor may give up while an item is still evaluated: one in
 * which a denial, or a promise that it waits for, can reach an item that cannot be null.
 */
export function createGivenUpTest(
  schema: GraphQLSchema,
  rules: Pick<CompiledRules, 'fields' | 'types'>,
): (type: GraphQLOutputType) => boolean {
  const deniable = new Set<GraphQLNamedType>();
  const isNulledByDenial = (type: GraphQLOutputType): boolean => isNonNullType(type) && reaches(type.ofType);
  const reaches = (type: GraphQLOutputType): boolean => {
    if (isNonNullType(type)) return reaches(type.ofType);
    return isListType(type) ? isNulledByDenial(type.ofType) : deniable.has(type);
  };
  const isDeniable = (type: GraphQLNamedType): boolean => {
    if (isAbstractType(type)) return schema.getPossibleTypes(type).some((possible) => deniable.has(possible));
    if (!isObjectType(type)) return false;
    if (rules.types.has(type.name)) return true;
    return Object.values(type.getFields()).some(
      (field) =>
        (isNonNullType(field.type) && rules.fields.has(`${type.name}.${field.name}`)) || isNulledByDenial(field.type),
    );
  };
  const types = Object.values(schema.getTypeMap());
  for (let before = -1; before < deniable.size; ) {
    before = deniable.size;
    for (const type of types) if (!deniable.has(type) && isDeniable(type)) deniable.add(type);
  }
  return function mayBeGivenUp(type): boolean {
    if (isNonNullType(type)) return mayBeGivenUp(type.ofType);
    return isListType(type) && (isNulledByDenial(type.ofType) || mayBeGivenUp(type.ofType));
  };
}

/** Whether a denied object of this type nulls more than its own place. */
export function nullsParent(type: GraphQLOutputType): boolean {
  return isNonNullType(type) && !isListType(type.ofType);
}
