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
  type SelectionSetNode,
} from 'graphql';
import type { LimitedFields, Rule } from './directive.ts';

/** A rule, and where its argument values stand. */
export interface Occurrence {
  readonly rule: Rule;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly times: number;
}

type Slot = Omit<Occurrence, 'times'>;
type Counts = ReadonlyMap<Slot, number>;

/** Merged selections looked at for one operation, and how deep it may nest: above these it is refused, not guessed. */
const maxVisits = 50_000;
const maxDepth = 400;

const remembered = new WeakMap<LimitedFields, WeakMap<object, readonly Occurrence[]>>();

/** @throws {GraphQLError} for an operation too large to be counted. */
export function occurrencesIn(resolved: ResolvedOperation, limited: LimitedFields): readonly Occurrence[] {
  const { operation, facts } = resolved;
  const root = resolved.schema.getRootType(operation.operation);
  if (!root || !limited.leading.has(root.name)) return [];
  // Without directives the variables decide nothing here.
  const isFixed = facts.directives === 0;
  const known = isFixed && remembered.get(limited)?.get(operation);
  if (known) return known;
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  if (!(facts.depth <= maxDepth)) throw tooLarge(facts.depth, maxDepth);
  const counts = counter(resolved, limited)([operation.selectionSet], root);
  const found = [...counts].map(([slot, times]) => ({ ...slot, times }));
  if (isFixed) {
    const ofSchema = remembered.get(limited) ?? new WeakMap();
    remembered.set(limited, ofSchema.set(operation, found));
  }
  return found;
}

function counter(
  { schema, document, variables }: ResolvedOperation,
  { fields, leading }: LimitedFields,
): (sets: readonly SelectionSetNode[], type: GraphQLCompositeType) => Counts {
  const base = { fragments: fragmentsOf(document), includes: included(variables) };
  const selectings = new Map<GraphQLObjectType, Selecting>();
  const slots = new Map<Rule, Map<FieldNode | undefined, Slot>>();
  const ids = new Map<SelectionSetNode, number>();
  const counted = new Map<string, Counts>();
  let visits = 0;

  /** Calls that owe the same bucket whatever their arguments share one slot. */
  function slotOf(rule: Rule, field: Slot['field'], node: FieldNode): Slot {
    const byNode = slots.get(rule) ?? new Map<FieldNode | undefined, Slot>();
    slots.set(rule, byNode);
    const key = rule.args.length > 0 || rule.weight ? node : undefined;
    const slot = byNode.get(key) ?? { rule, field, node };
    byNode.set(key, slot);
    return slot;
  }

  function count(sets: readonly SelectionSetNode[], type: GraphQLCompositeType): Counts {
    const name = `${type.name} ${sets.map(idOf).join()}`;
    let counts = counted.get(name);
    if (!counts) {
      counts = isObjectType(type) ? countObject(sets, type) : countAbstract(sets, schema.getPossibleTypes(type));
      counted.set(name, counts);
    }
    return counts;
  }

  function countAbstract(sets: readonly SelectionSetNode[], types: readonly GraphQLObjectType[]): Counts {
    const most = new Map<Slot, number>();
    for (const type of types) {
      if (!leading.has(type.name)) continue;
      for (const [slot, times] of count(sets, type)) most.set(slot, Math.max(most.get(slot) ?? 0, times));
    }
    return most;
  }

  function countObject(sets: readonly SelectionSetNode[], type: GraphQLObjectType): Counts {
    const sum = new Map<Slot, number>();
    const add = (slot: Slot, times: number): void => void sum.set(slot, (sum.get(slot) ?? 0) + times);
    const ofType = fields.get(type.name);
    for (const group of collectFields(sets, selectingOn(type)).values()) {
      visits += group.length;
      if (visits > maxVisits) throw tooLarge(visits, maxVisits);
      const [node] = group as [FieldNode];
      const field = type.getFields()[node.name.value];
      if (!field) continue;
      for (const rule of ofType?.get(field.name)?.rules ?? []) add(slotOf(rule, field, node), 1);
      const returned = getNamedType(field.type);
      if (!isCompositeType(returned) || !leading.has(returned.name)) continue;
      const below = group.flatMap(({ selectionSet }) => selectionSet ?? []);
      for (const [slot, times] of count(below, returned)) add(slot, times);
    }
    return sum;
  }

  function selectingOn(type: GraphQLObjectType): Selecting {
    const known = selectings.get(type) ?? { ...base, applies: typeApplies(schema, type) };
    selectings.set(type, known);
    return known;
  }

  function idOf(set: SelectionSetNode): number {
    const id = ids.get(set) ?? ids.size;
    ids.set(set, id);
    return id;
  }

  return count;
}

function tooLarge(actual: number, maximum: number): Error {
  return refuse('OCCURRENCE_LIMIT_EXCEEDED', { limit: 'selections to count', actual, maximum });
}

/** Every rule that can be counted, by the name of its policy. */
export function policiesOf({ fields }: LimitedFields): ReadonlyMap<string, Rule> {
  const rules = [...fields.values()].flatMap((ofType) =>
    [...ofType.values()].flatMap((field) => [...field.rules, ...field.perResolve]),
  );
  return new Map(rules.map((rule) => [rule.policy, rule]));
}
