/**
 * Finds what an operation passes in and is guarded: arguments, input fields, enum values and scalars.
 *
 * It reads coerced values, in which literals, variables, defaults and a single item in place of a list look alike. An object that
 * is left out or null leaves out every field in it, and so does a list without items.
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
import type { FindParts, Guarded, ReportPart } from './compiled-rules.ts';

/** The guards of one input type. */
export interface InputTypeGuards {
  /** The guard of every value of the type. */
  readonly self: Guarded | undefined;
  /** Name of a field of an input object -> its guard. */
  readonly field: (fieldName: string) => Guarded | undefined;
  /** Internal value of an enum -> its guards. */
  readonly values: ReadonlyMap<unknown, readonly Guarded[]>;
}

/** Reports the guarded parts of a value. `undefined` stands for a value that is left out. */
type VisitValue = (value: unknown, report: ReportPart, enclosing: EnclosingTypes) => void;

/** An argument or input field, with the guard on it and the visit of its value. */
type Member = readonly [name: string, guarded: Guarded | undefined, visit: VisitValue | undefined];

/**
 * The input types of the objects that enclose a value. An object within another one of its type may always be left out: types that
 * contain themselves would otherwise ask for objects without end, and the outer one was checked.
 */
class EnclosingTypes {
  readonly #types: ReadonlySet<string>;
  readonly #inner = new Map<string, EnclosingTypes>();
  readonly #leftOut = new Set<string>();

  constructor(types: ReadonlySet<string>) {
    this.#types = types;
  }

  /** What encloses the fields of an object of this type. */
  enter(type: string): EnclosingTypes {
    if (this.#types.has(type)) return this;
    const inner = this.#inner.get(type) ?? new EnclosingTypes(new Set([...this.#types, type]));
    this.#inner.set(type, inner);
    return inner;
  }

  /** Whether to visit an object of this type that is left out here: once per type, however many fields lead to it. */
  visitsLeftOut(type: string): boolean {
    if (this.#types.has(type) || this.#leftOut.has(type)) return false;
    this.#leftOut.add(type);
    return true;
  }
}

const noTypes: ReadonlySet<string> = new Set();

/** @returns a function that makes the finder of a field from its arguments, or `undefined` if they hold nothing guarded. */
export function createPartFinder(
  schema: GraphQLSchema,
  compileGuards: (type: GraphQLNamedInputType) => InputTypeGuards,
): (args: readonly (readonly [GraphQLArgument, Guarded | undefined])[]) => FindParts | undefined {
  const types = Object.values(schema.getTypeMap()).filter((type): type is GraphQLNamedInputType => isInputType(type));
  const guards = new Map(types.map((type) => [type.name, compileGuards(type)]));
  const withGuards = findTypesWithGuards(types, guards);
  const visits = new Map<string, VisitValue>();

  function createVisit(type: GraphQLInputType, isRequired = false): VisitValue | undefined {
    if (isNonNullType(type)) return createVisit(type.ofType, true);
    if (isListType(type)) {
      const visitItem = createVisit(type.ofType);
      if (!visitItem) return undefined;
      return function visitList(value, report, enclosing) {
        const items: unknown[] = Array.isArray(value) ? value : [value ?? undefined];
        for (const item of items.length > 0 ? items : [undefined]) visitItem(item, report, enclosing);
      };
    }
    if (!withGuards.has(type.name)) return undefined;
    if (isInputObjectType(type)) {
      return function visitNested(value, report, enclosing) {
        getNamedVisit(type)(value, report, enclosing);
      };
    }
    return function visitGivenLeaf(value, report, enclosing) {
      // A required value cannot have been null: a custom scalar made null of what was passed in.
      if (value !== undefined && (isRequired || value !== null)) getNamedVisit(type)(value, report, enclosing);
    };
  }

  /** Made when it is first needed, because input types may contain themselves. */
  function getNamedVisit(type: GraphQLNamedInputType): VisitValue {
    let visit = visits.get(type.name);
    if (!visit) {
      visit = isInputObjectType(type) ? createObjectVisit(type) : createLeafVisit(guards.get(type.name));
      visits.set(type.name, visit);
    }
    return visit;
  }

  function createObjectVisit(type: GraphQLInputObjectType): VisitValue {
    const visitMembers = createMembersVisit(
      Object.values(type.getFields()).map(
        (field): Member => [field.name, guards.get(type.name)?.field(field.name), createVisit(field.type)],
      ),
    );
    return function visitObject(value, report, enclosing) {
      if (value !== null && value !== undefined) visitMembers?.(value, report, enclosing.enter(type.name));
      else if (enclosing.visitsLeftOut(type.name)) visitMembers?.(undefined, report, enclosing);
    };
  }

  return function createFinder(args) {
    const visit = createMembersVisit(
      args.map(([{ name, type }, guarded]): Member => [name, guarded, createVisit(type)]),
    );
    return visit && ((values, report) => visit(values, report, new EnclosingTypes(noTypes)));
  };
}

/** Internal value of an enum -> its guards. Several names may stand for one internal value: then it has the guards of all. */
export function groupGuardsByValue(
  type: GraphQLEnumType,
  findGuard: (valueName: string) => Guarded | undefined,
): Map<unknown, Guarded[]> {
  const byValue = new Map<unknown, Guarded[]>();
  for (const { name, value } of type.getValues()) {
    const guarded = findGuard(name);
    if (guarded) byValue.set(value, [...(byValue.get(value) ?? []), guarded]);
  }
  return byValue;
}

/** @returns `undefined` if no member is guarded or holds anything guarded. */
function createMembersVisit(all: readonly Member[]): VisitValue | undefined {
  const members = all.filter(([, guarded, visit]) => guarded ?? visit);
  if (members.length === 0) return undefined;
  return function visitMembers(value, report, enclosing) {
    const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    for (const [name, guarded, visit] of members) {
      const isGiven = Object.hasOwn(given, name);
      const member = isGiven ? given[name] : undefined;
      if (guarded && (isGiven || guarded.owners.length > 0)) report(guarded, member, isGiven);
      visit?.(member, report, enclosing);
    }
  };
}

function createLeafVisit(guards: InputTypeGuards | undefined): VisitValue {
  return function visitLeaf(value, report) {
    if (guards?.self) report(guards.self, value, true);
    for (const guarded of guards?.values.get(value) ?? []) report(guarded, value, true);
  };
}

/** Finds the names of the types whose values may hold something guarded. */
function findTypesWithGuards(
  types: readonly GraphQLNamedInputType[],
  guards: ReadonlyMap<string, InputTypeGuards>,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const type of types) {
    const { self, field, values } = guards.get(type.name) as InputTypeGuards;
    const byField = isInputObjectType(type) && Object.keys(type.getFields()).some((name) => field(name));
    if (self || byField || (isEnumType(type) && values.size > 0)) found.add(type.name);
  }
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const type of types.filter(isInputObjectType)) {
      const inner = Object.values(type.getFields()).map((field) => getNamedType(field.type).name);
      if (inner.some((name) => found.has(name))) found.add(type.name);
    }
  }
  return found;
}
