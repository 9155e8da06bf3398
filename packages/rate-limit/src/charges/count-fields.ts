/**
 * Counts how many times an operation selects limited fields: distinct response keys at every response path, after fragments, aliases,
 * `@skip` and `@include`. A list is one path, however many items it has.
 *
 * Below an interface or union the type of an object is not known yet, so the possible type that owes most counts. Equal selections on one
 * type are counted once and their result is added wherever they stand: otherwise a short document of fragments that double at each level
 * would take exponential time. Members of an interface or union that are charged in the same way are counted once for all.
 */
import { type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { createTypeTest, PerOperation, type RefusalFacts } from '@graphql-bulwark/core/internal';
import {
  type FieldNode,
  type GraphQLAbstractType,
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
import type { LimitedFields, Rule } from '../rules/directive.ts';
import { LookBudget, looksPer, TooLarge } from './look-budget.ts';
import { groupByText, MemberGroups, type MemberTexts } from './member-groups.ts';
import { Members, type Types } from './members.ts';
import { type FieldGroup, FieldMerger, type Merged } from './merge-fields.ts';

/** A field of the document whose arguments have to be read. */
export interface Call {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** What its arguments add to a charge, remembered where they are the same in every request. */
  written?: Written;
}

/** What arguments add to a charge. */
export interface Written {
  /** The part of the key behind the caller's. */
  readonly values: string;
  /** How many points one selection costs. 1 or more. */
  readonly weight: number;
}

/** Selections that are counted together. */
interface Slot {
  readonly rule: Rule;
  readonly fieldName: string;
  /** The object types on which the field can be selected, as lists that slots share. */
  readonly types: Set<Types>;
  /** The field whose arguments the rule reads; `undefined` for a rule that reads none. */
  readonly call: Call | undefined;
}

/** How often fields under one rule are selected. */
export interface CountedField extends Slot {
  readonly times: number;
}

/** Slot -> how often it is selected. */
type Counts = ReadonlyMap<Slot, number>;

const nothing: Counts = new Map();
const noMembers: MemberTexts = new Map();

/** How deep an operation may nest. Deeper ones are refused, because counting is recursive. */
const maxDepth = 400;

/** What is remembered of one operation. */
interface Remembered {
  /** Names of the variables on which `@skip` and `@include` may depend. */
  readonly conditions: readonly string[];
  /** Values of these variables -> the result. */
  readonly byValues: Map<string, Result>;
}

/** What was counted, or why the operation is refused. */
type Result = { readonly found: readonly CountedField[] } | { readonly refused: RefusalFacts };

/** What is remembered of one schema, and of the operations on it. */
interface Memory {
  readonly members: Members;
  readonly operations: PerOperation<Remembered>;
}

const memories = new WeakMap<LimitedFields, Memory>();
const maxRemembered = 16;

/** Counts the limited fields of an operation. @throws {GraphQLError} `OCCURRENCE_LIMIT_EXCEEDED` for one too large to be counted. */
export function countFields(resolved: ResolvedOperation, limited: LimitedFields): readonly CountedField[] {
  if (limited.leading.size === 0) return [];
  const memory = recallSchema(resolved, limited);
  const { conditions, byValues } = recallOperation(memory, resolved);
  const values = conditions.map((name) => resolved.variables[name]).join();
  let result = byValues.get(values);
  if (!result) {
    result = countAll(resolved, limited, memory.members);
    if (byValues.size < maxRemembered) byValues.set(values, result);
  }
  if ('refused' in result) throw refuse('OCCURRENCE_LIMIT_EXCEEDED', result.refused);
  return result.found;
}

function recallSchema({ schema }: ResolvedOperation, limited: LimitedFields): Memory {
  let memory = memories.get(limited);
  if (!memory) {
    memory = { members: new Members(schema, limited), operations: new PerOperation() };
    memories.set(limited, memory);
  }
  return memory;
}

function recallOperation({ operations }: Memory, { document, operation, facts }: ResolvedOperation): Remembered {
  const known = operations.get(document, operation);
  if (known) return known;
  const conditions = facts.directives === 0 ? [] : (operation.variableDefinitions ?? []).filter(mayBeCondition);
  return operations.set(document, operation, {
    conditions: conditions.map(({ variable }) => variable.name.value),
    byValues: new Map(),
  });
}

/** Only a Boolean can be the value of `if`. */
function mayBeCondition({ type }: VariableDefinitionNode): boolean {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return named.kind === Kind.NAMED_TYPE && named.name.value === 'Boolean';
}

/** @throws {GraphQLError} `FRAGMENT_CYCLE` */
function countAll(resolved: ResolvedOperation, limited: LimitedFields, members: Members): Result {
  const { operation, facts } = resolved;
  const root = resolved.schema.getRootType(operation.operation);
  if (!root || !limited.leading.has(root.name)) return { found: [] };
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  if (!(facts.depth <= maxDepth)) return { refused: new TooLarge(facts.depth, maxDepth).facts };
  try {
    const counts = new FieldCounter(resolved, limited, members).countRoot(operation.selectionSet, root);
    return { found: [...counts].map(([slot, times]) => ({ ...slot, times })) };
  } catch (thrown) {
    if (thrown instanceof TooLarge) return { refused: thrown.facts };
    throw thrown;
  }
}

/** Counts one operation with one budget of work. Its methods throw {@link TooLarge} when that is used up. */
class FieldCounter {
  readonly #schema: ResolvedOperation['schema'];
  readonly #limited: LimitedFields;
  readonly #members: Members;
  readonly #budget = new LookBudget();
  readonly #groups: MemberGroups;
  readonly #merger: FieldMerger;
  readonly #known = new Map<Merged, Map<GraphQLCompositeType, Counts>>();
  readonly #slots = new Map<Rule, Map<FieldNode | undefined, Slot>>();

  constructor(resolved: ResolvedOperation, limited: LimitedFields, members: Members) {
    this.#schema = resolved.schema;
    this.#limited = limited;
    this.#members = members;
    this.#groups = new MemberGroups(members, this.#budget);
    this.#merger = new FieldMerger(resolved, (fieldName) => members.isCharged(fieldName), this.#budget);
  }

  countRoot(set: SelectionSetNode, type: GraphQLObjectType): Counts {
    return this.#count(this.#merger.merge([set]), type);
  }

  #count(merged: Merged, type: GraphQLCompositeType): Counts {
    const byType = this.#known.get(merged) ?? new Map<GraphQLCompositeType, Counts>();
    this.#known.set(merged, byType);
    let counts = byType.get(type);
    if (!counts) {
      counts = isObjectType(type) ? this.#countObject(merged, type) : this.#countAbstract(merged, type);
      this.#budget.spend(looksPer.sum * counts.size);
      byType.set(type, counts);
    }
    return counts;
  }

  #countObject(merged: Merged, type: GraphQLObjectType): Counts {
    const fields = this.#merger.findFields(merged, createTypeTest(this.#schema, type));
    return this.#sumFields(fields, type, () => this.#members.listAlone(type));
  }

  /** @returns for each slot the most that any member owes. Members that are charged in the same way are counted once. */
  #countAbstract(merged: Merged, type: GraphQLAbstractType): Counts {
    const most = new Map<Slot, number>();
    const take = (counts: Counts): void => {
      this.#budget.spend(looksPer.sum * counts.size);
      for (const [slot, times] of counts) most.set(slot, Math.max(most.get(slot) ?? 0, times));
    };
    const takeAlike = (fields: readonly FieldGroup[], alike: Types): void => {
      const [one] = alike;
      if (!one) return;
      take(this.#sumFields(fields, one, () => (alike.length === 1 ? this.#members.listAlone(one) : alike)));
    };
    const { always, bound, groups } = this.#groups.partMembers(type, merged.conditions);

    // First the members for which only those type conditions hold that hold for all members. Most of them are charged in the same way.
    const free = this.#merger.findFields(merged, (condition) => always.has(condition));
    const unlike = this.#groups.findUnlike(type, free, (member) => !bound.has(member));
    for (const alike of groupByText(unlike).values()) takeAlike(free, alike);
    this.#budget.spend(bound.size >> 2);
    this.#budget.spend(unlike.size);
    const usual = this.#members.listAll(type).find((member) => !bound.has(member) && !unlike.has(member));
    // One of them is counted for all, so a field of it is charged unless the caller is denied that field on every such member.
    if (usual) take(this.#sumFields(free, usual, (rule, name) => this.#members.findLimited(type, name, rule)));

    for (const { holding, group, isIn } of groups) {
      const fields = this.#merger.findFields(merged, (condition) => holding.has(condition));
      const others = group.length === 1 ? noMembers : this.#groups.findUnlike(type, fields, isIn);
      for (const alike of groupByText(others).values()) takeAlike(fields, alike);
      if (others.size > 0) this.#budget.spend(group.length);
      takeAlike(fields, others.size === 0 ? group : group.filter((member) => !others.has(member)));
    }
    return most;
  }

  /**
   * Adds up what objects of one type owe for these fields, and for what is below them.
   *
   * @param listTypes finds the types for which a field of this type is counted.
   */
  #sumFields(
    groups: readonly FieldGroup[],
    type: GraphQLObjectType,
    listTypes: (rule: Rule, fieldName: string) => Types,
  ): Counts {
    const { fields, leading } = this.#limited;
    if (!leading.has(type.name)) return nothing;
    const total = new Map<Slot, number>();
    const add = (slot: Slot, times: number): void => {
      total.set(slot, (total.get(slot) ?? 0) + times);
    };
    const ofType = fields.get(type.name);
    for (const group of groups) {
      const [node] = group.nodes;
      this.#budget.spend(looksPer.field + group.nodes.length);
      const field = type.getFields()[node.name.value];
      if (!field) continue;
      for (const rule of ofType?.get(field.name)?.rules ?? []) {
        const slot = this.#findSlot(rule, { field, node });
        slot.types.add(listTypes(rule, field.name));
        add(slot, 1);
      }
      const returned = getNamedType(field.type);
      if (!isCompositeType(returned) || !leading.has(returned.name)) continue;
      const below = this.#count(this.#merger.mergeBelow(group), returned);
      this.#budget.spend(looksPer.sum * below.size);
      for (const [slot, times] of below) add(slot, times);
    }
    return total;
  }

  /** Selections that owe the same bucket whatever their arguments are share one slot. */
  #findSlot(rule: Rule, { field, node }: Call): Slot {
    const byNode = this.#slots.get(rule) ?? new Map<FieldNode | undefined, Slot>();
    this.#slots.set(rule, byNode);
    const needsValues = rule.args.length > 0 || rule.weight !== undefined;
    const key = needsValues ? node : undefined;
    const call = needsValues ? { field, node } : undefined;
    const slot = byNode.get(key) ?? { rule, fieldName: field.name, types: new Set(), call };
    byNode.set(key, slot);
    return slot;
  }
}
