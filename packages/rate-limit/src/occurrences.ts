/**
 * How many times an operation asks for limited fields: distinct response keys at every response path, after fragments,
 * aliases, `@skip` and `@include`. A list is one path, whatever it holds.
 *
 * Where the type of an object is known only when it is there, the costliest of the possible types counts. Equal selections on
 * one type are counted once and added wherever they stand, so that fragments which fan out cost no more than their text.
 */
import {
  collectFields,
  fragmentsOf,
  included,
  type ResolvedOperation,
  refuse,
  type Selecting,
  typeApplies,
} from '@graphql-bulwark/core';
import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { LimitedFields, Rule } from './directive.ts';

/** A rule, and how often it is owed. */
export interface Occurrence {
  readonly rule: Rule;
  readonly times: number;
  /** Of the field, on every object type that may come up. */
  readonly coordinates: readonly string[];
  /** Where its argument values stand; `undefined` for a rule that needs none. */
  readonly call: Call | undefined;
}

/** One field of the document, under one rule. */
export interface Call {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** What its arguments come to, where they are the same in every request. */
  written?: Written;
}

/** What stands behind the caller in a key, and how many calls one is. */
export interface Written {
  readonly values: string;
  readonly weight: number;
}

type Slot = Omit<Occurrence, 'times' | 'coordinates'> & { readonly coordinates: Set<string> };
type Counts = ReadonlyMap<Slot, number>;

const nothing: Counts = new Map();

/** Merged selections looked at for one operation, each time for one type, and how deep it may nest: above these it is refused. */
const maxVisits = 50_000;
const maxDepth = 400;

/** What is remembered of one operation, by the values that `@skip` and `@include` may depend on. */
interface Remembered {
  readonly conditions: readonly string[];
  readonly byValues: Map<string, readonly Occurrence[]>;
}

const remembered = new WeakMap<LimitedFields, WeakMap<object, Remembered>>();
const maxRemembered = 16;

/** @throws {GraphQLError} for an operation too large to be counted. */
export function occurrencesIn(resolved: ResolvedOperation, limited: LimitedFields): readonly Occurrence[] {
  if (limited.leading.size === 0) return [];
  const { conditions, byValues } = memoryOf(resolved, limited);
  const values = conditions.map((name) => resolved.variables[name]).join();
  const known = byValues.get(values);
  if (known) return known;
  const found = countAll(resolved, limited);
  if (byValues.size < maxRemembered) byValues.set(values, found);
  return found;
}

function memoryOf({ operation, facts }: ResolvedOperation, limited: LimitedFields): Remembered {
  let ofSchema = remembered.get(limited);
  if (!ofSchema) {
    ofSchema = new WeakMap();
    remembered.set(limited, ofSchema);
  }
  let memory = ofSchema.get(operation);
  if (!memory) {
    const conditions = facts.directives === 0 ? [] : (operation.variableDefinitions ?? []).filter(isCondition);
    memory = { conditions: conditions.map(({ variable }) => variable.name.value), byValues: new Map() };
    ofSchema.set(operation, memory);
  }
  return memory;
}

/** Nothing else than a Boolean may stand in `if`. */
function isCondition({ type }: VariableDefinitionNode): boolean {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return named.kind === Kind.NAMED_TYPE && named.name.value === 'Boolean';
}

function countAll(resolved: ResolvedOperation, limited: LimitedFields): readonly Occurrence[] {
  const { operation, facts } = resolved;
  const root = resolved.schema.getRootType(operation.operation);
  if (!root || !limited.leading.has(root.name)) return [];
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  if (!(facts.depth <= maxDepth)) throw tooLarge(facts.depth, maxDepth);
  const counts = counter(resolved, limited)(operation.selectionSet, root);
  return [...counts].map(([{ coordinates, ...slot }, times]) => ({ ...slot, times, coordinates: [...coordinates] }));
}

/** Selection sets that merge: what they come to depends on the type alone. */
interface Merged {
  readonly sets: readonly SelectionSetNode[];
  /** Types that fragments in them are for. */
  readonly conditions: readonly string[];
  /** Which of the conditions hold -> the fields. */
  readonly fields: Map<string, readonly FieldGroup[]>;
  readonly counts: Map<GraphQLCompositeType, Counts>;
}

/** Fields of one response key, and what merges below them. */
interface FieldGroup {
  readonly nodes: readonly FieldNode[];
  below?: Merged;
}

function counter(
  { schema, document, variables }: ResolvedOperation,
  { fields, leading }: LimitedFields,
): (set: SelectionSetNode, type: GraphQLObjectType) => Counts {
  const base = { fragments: fragmentsOf(document), includes: included(variables) };
  const slots = new Map<Rule, Map<FieldNode | undefined, Slot>>();
  const ids = new Map<SelectionSetNode, number>();
  const known = new Map<string, Merged>();
  let visits = 0;

  function visit(selections: number): void {
    visits += selections;
    if (visits > maxVisits) throw tooLarge(visits, maxVisits);
  }

  /** Calls that owe the same bucket whatever their arguments share one slot. */
  function slotOf(rule: Rule, { field, node }: Call, coordinate: string): Slot {
    const byNode = slots.get(rule) ?? new Map<FieldNode | undefined, Slot>();
    slots.set(rule, byNode);
    const needsValues = rule.args.length > 0 || rule.weight !== undefined;
    const key = needsValues ? node : undefined;
    const slot = byNode.get(key) ?? { rule, coordinates: new Set(), call: needsValues ? { field, node } : undefined };
    byNode.set(key, slot);
    slot.coordinates.add(coordinate);
    return slot;
  }

  function merged(sets: readonly SelectionSetNode[]): Merged {
    const name = sets.map(idOf).join();
    let found = known.get(name);
    if (!found) {
      const conditions = new Set<string>();
      const applies = (condition: string): boolean => conditions.add(condition).size > 0;
      const all = grouped(sets, applies);
      found = { sets, conditions: [...conditions], fields: new Map(), counts: new Map() };
      // What is there where all of them hold.
      found.fields.set(found.conditions.join(), all);
      known.set(name, found);
    }
    return found;
  }

  function count(below: Merged, type: GraphQLCompositeType): Counts {
    let counts = below.counts.get(type);
    if (!counts) {
      counts = isObjectType(type) ? countObject(below, type) : countAbstract(below, schema.getPossibleTypes(type));
      below.counts.set(type, counts);
    }
    return counts;
  }

  function countAbstract(below: Merged, types: readonly GraphQLObjectType[]): Counts {
    const most = new Map<Slot, number>();
    for (const type of types) {
      if (!leading.has(type.name)) continue;
      for (const [slot, times] of count(below, type)) most.set(slot, Math.max(most.get(slot) ?? 0, times));
    }
    return most;
  }

  function countObject(here: Merged, type: GraphQLObjectType): Counts {
    let sum: Map<Slot, number> | undefined;
    const add = (slot: Slot, times: number): void => {
      sum ??= new Map();
      sum.set(slot, (sum.get(slot) ?? 0) + times);
    };
    const ofType = fields.get(type.name);
    for (const group of fieldsOn(type, here)) {
      visit(group.nodes.length);
      const [node] = group.nodes as readonly [FieldNode];
      const field = type.getFields()[node.name.value];
      if (!field) continue;
      const coordinate = `${type.name}.${field.name}`;
      for (const rule of ofType?.get(field.name)?.rules ?? []) add(slotOf(rule, { field, node }, coordinate), 1);
      const returned = getNamedType(field.type);
      if (!isCompositeType(returned) || !leading.has(returned.name)) continue;
      group.below ??= merged(group.nodes.flatMap(({ selectionSet }) => selectionSet ?? []));
      for (const [slot, times] of count(group.below, returned)) add(slot, times);
    }
    return sum ?? nothing;
  }

  function fieldsOn(
    type: GraphQLObjectType,
    { sets, conditions, fields: byConditions }: Merged,
  ): readonly FieldGroup[] {
    visit(1 + (conditions.length >> 2)); // four take about as long as a field
    const holding = conditions.filter(typeApplies(schema, type));
    const name = holding.join();
    let found = byConditions.get(name);
    if (!found) {
      found = grouped(sets, (condition) => holding.includes(condition));
      byConditions.set(name, found);
    }
    return found;
  }

  function grouped(sets: readonly SelectionSetNode[], applies: Selecting['applies']): readonly FieldGroup[] {
    return [...collectFields(sets, { ...base, applies }).values()].map((nodes) => ({ nodes }));
  }

  function idOf(set: SelectionSetNode): number {
    const id = ids.get(set) ?? ids.size;
    ids.set(set, id);
    return id;
  }

  return (set, type) => count(merged([set]), type);
}

function tooLarge(actual: number, maximum: number): Error {
  return refuse('OCCURRENCE_LIMIT_EXCEEDED', { limit: 'selections to count', actual, maximum });
}
