/**
 * Finds what an operation must not simply pass in: guarded arguments, input fields, enum values and scalars.
 *
 * It reads coerced values, so that literals, variables, defaults and a single item in place of a list all look alike. An object
 * that is left out or null leaves out all that may stand in it, and so does a list without items.
 */
import {
  type GraphQLArgument,
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
} from 'graphql';
import type { Finder, Guarded, Report } from './compiled-rules.ts';

/** What guards one input type. */
export interface TypeGuards {
  /** For any value of the type. */
  readonly self: Guarded | undefined;
  /** For one field of an input object. */
  readonly field: (fieldName: string) => Guarded | undefined;
  /** For one value of an enum, by its internal value. */
  readonly values: ReadonlyMap<unknown, readonly Guarded[]>;
}

/** `undefined` stands for a value that is left out. */
type Visit = (value: unknown, report: Report, around: Around) => void;

/**
 * The input types of the objects that a part of a value stands in, each once. An object inside another one of its type may be
 * left out: the outer one was judged, and types that contain themselves would otherwise ask for objects without end.
 */
class Around {
  readonly #types: ReadonlySet<string>;
  readonly #inner = new Map<string, Around>();
  readonly #missing = new Set<string>();

  constructor(types: ReadonlySet<string>) {
    this.#types = types;
  }

  /** What is around the members of an object. */
  within(type: string): Around {
    if (this.#types.has(type)) return this;
    const inner = this.#inner.get(type) ?? new Around(new Set([...this.#types, type]));
    this.#inner.set(type, inner);
    return inner;
  }

  /** Whether to look for owners in an object that is left out here: once for each type, however many ways lead to it. */
  misses(type: string): boolean {
    if (this.#types.has(type) || this.#missing.has(type)) return false;
    this.#missing.add(type);
    return true;
  }
}

const nothingAround: ReadonlySet<string> = new Set();

/** @returns a function that makes the finder of a field, or `undefined` where its arguments reach no guard. */
export function finders(
  schema: GraphQLSchema,
  guardsOf: (type: GraphQLNamedInputType) => TypeGuards,
): (args: readonly (readonly [GraphQLArgument, Guarded | undefined])[]) => Finder | undefined {
  const types = Object.values(schema.getTypeMap()).filter((type): type is GraphQLNamedInputType => isInputType(type));
  const guards = new Map(types.map((type) => [type.name, guardsOf(type)]));
  const reaching = reachingGuards(types, guards);
  const visits = new Map<string, Visit>();

  const visitOf = (type: GraphQLInputType, isRequired = false): Visit | undefined => {
    if (isNonNullType(type)) return visitOf(type.ofType, true);
    if (isListType(type)) {
      const item = visitOf(type.ofType);
      return (
        item &&
        ((value, report, around) => {
          const items: unknown[] = Array.isArray(value) ? value : [value ?? undefined];
          for (const one of items.length > 0 ? items : [undefined]) item(one, report, around);
        })
      );
    }
    if (!reaching.has(type.name)) return undefined;
    if (isInputObjectType(type)) return (value, report, around) => namedVisit(type)(value, report, around);
    return (value, report, around) => {
      // What must be given and is null was given, and a scalar made that of it.
      if (value !== undefined && (isRequired || value !== null)) namedVisit(type)(value, report, around);
    };
  };

  /** Made when it is first needed: input types may contain themselves. */
  const namedVisit = (type: GraphQLNamedInputType): Visit => {
    let visit = visits.get(type.name);
    if (!visit) {
      visit = isInputObjectType(type) ? objectVisit(type) : leafVisit(guards.get(type.name));
      visits.set(type.name, visit);
    }
    return visit;
  };

  const objectVisit = (type: GraphQLInputObjectType): Visit => {
    const members = Object.values(type.getFields()).map(
      ({ name, type: of }) => [name, guards.get(type.name)?.field(name), visitOf(of)] as const,
    );
    const visit = membersVisit(members.filter(([, guarded, inner]) => guarded ?? inner));
    return (value, report, around) => {
      if (value !== null && value !== undefined) visit(value, report, around.within(type.name));
      else if (around.misses(type.name)) visit(undefined, report, around);
    };
  };

  return (args) => {
    const members = args.map(([{ name, type }, guarded]) => [name, guarded, visitOf(type)] as const);
    const guardedMembers = members.filter(([, guarded, visit]) => guarded ?? visit);
    if (guardedMembers.length === 0) return undefined;
    const visit = membersVisit(guardedMembers);
    return (values, report) => visit(values, report, new Around(nothingAround));
  };
}

/** The guards that stand on the values of an enum. Several names may stand for one internal value: all of theirs. */
export function valueGuards(
  type: GraphQLEnumType,
  guardOf: (valueName: string) => Guarded | undefined,
): Map<unknown, Guarded[]> {
  const byValue = new Map<unknown, Guarded[]>();
  for (const { name, value } of type.getValues()) {
    const guarded = guardOf(name);
    if (guarded) byValue.set(value, [...(byValue.get(value) ?? []), guarded]);
  }
  return byValue;
}

function membersVisit(members: readonly (readonly [string, Guarded | undefined, Visit | undefined])[]): Visit {
  return (value, report, around) => {
    const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    for (const [name, guarded, visit] of members) {
      const isGiven = Object.hasOwn(given, name);
      const member = isGiven ? given[name] : undefined;
      if (guarded && (isGiven || guarded.owners.length > 0)) report(guarded, member, isGiven);
      visit?.(member, report, around);
    }
  };
}

function leafVisit(guards: TypeGuards | undefined): Visit {
  return (value, report) => {
    if (guards?.self) report(guards.self, value, true);
    for (const guarded of guards?.values.get(value) ?? []) report(guarded, value, true);
  };
}

/** Names of the types of which a value may contain something guarded. */
function reachingGuards(
  types: readonly GraphQLNamedInputType[],
  guards: ReadonlyMap<string, TypeGuards>,
): ReadonlySet<string> {
  const reaching = new Set<string>();
  for (const type of types) {
    const { self, field, values } = guards.get(type.name) as TypeGuards;
    const byField = isInputObjectType(type) && Object.keys(type.getFields()).some((name) => field(name));
    if (self || byField || (isEnumType(type) && values.size > 0)) reaching.add(type.name);
  }
  for (let before = -1; before < reaching.size; ) {
    before = reaching.size;
    for (const type of types.filter(isInputObjectType)) {
      const inner = Object.values(type.getFields()).map((field) => getNamedType(field.type).name);
      if (inner.some((name) => reaching.has(name))) reaching.add(type.name);
    }
  }
  return reaching;
}
