/** What guards a coordinate, compiled: the words in which the guards of a schema talk about its rules. */
import type { Finder } from './input-guards.ts';
import type { OwnerMode, OwnerRule } from './owner-rule.ts';
import type { AnyOf, AuthMode, Rule } from './rules.ts';

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
}

/** An argument that is filled in where it is left out. */
export interface Preset {
  readonly name: string;
  readonly claim: string;
  readonly list: boolean;
}

export interface GuardedField extends Guarded {
  /** Finds what is guarded among its arguments. */
  readonly find?: Finder | undefined;
  readonly presets: readonly Preset[];
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
export function ownerModeOf({ owners }: Guarded): OwnerMode {
  return owners[0]?.mode ?? 'ERROR';
}
