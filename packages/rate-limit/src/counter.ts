/**
 * Counts limited fields in merged selections, type by type. Whatever takes time is taken from one budget: looks at selections,
 * members of abstract types, and sums.
 */
import {
  collectFields,
  fragmentsOf,
  included,
  type RefusalFacts,
  type ResolvedOperation,
  type Selecting,
  typeApplies,
} from '@graphql-bulwark/core';
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
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { LimitedFields, Rule } from './directive.ts';
import type { Members, Types } from './members.ts';

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

/** What is counted together. */
export interface Slot {
  readonly rule: Rule;
  readonly fieldName: string;
  /** Object types that the field may come up on, in lists that slots share. */
  readonly types: Set<Types>;
  /** Where its argument values stand; `undefined` for a rule that needs none. */
  readonly call: Call | undefined;
}

/** What is counted -> how often. */
export type Counts = ReadonlyMap<Slot, number>;

const nothing: Counts = new Map();

/** How much may be looked at to count one operation: above it is refused. */
const maxLooks = 100_000;

/** What takes about as long as so many looks at a selection. */
const looksPerWalk = 20;
const looksPerField = 8;
const looksPerMember = 4;
const looksPerSum = 3;

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
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  below?: Merged;
}

/**
 * Counts for one operation, with one budget: what is returned throws {@link TooLarge} when that is spent.
 */
export function counter(
  { schema, document, variables }: ResolvedOperation,
  { fields, leading }: LimitedFields,
  members: Members,
): (set: SelectionSetNode, type: GraphQLObjectType) => Counts {
  const base = {
    fragments: fragmentsOf(document),
    includes: asked(included(variables)),
    opens: ({ selections }: SelectionSetNode) => look(selections.length),
  };
  const slots = new Map<Rule, Map<FieldNode | undefined, Slot>>();
  /** By a set, or by the spreads that it comes to. */
  const ids = new Map<SelectionSetNode | string, number>();
  const known = new Map<string, Merged>();
  const partedBy = new Map<string, Parted>();
  let looks = 0;

  function look(more: number): void {
    looks += more;
    if (!(looks <= maxLooks)) throw new TooLarge(looks);
  }

  /** Calls that owe the same bucket whatever their arguments share one slot. */
  function slotOf(rule: Rule, { field, node }: Call): Slot {
    const byNode = slots.get(rule) ?? new Map<FieldNode | undefined, Slot>();
    slots.set(rule, byNode);
    const needsValues = rule.args.length > 0 || rule.weight !== undefined;
    const key = needsValues ? node : undefined;
    const call = needsValues ? { field, node } : undefined;
    const slot = byNode.get(key) ?? { rule, fieldName: field.name, types: new Set(), call };
    byNode.set(key, slot);
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
      counts = isObjectType(type) ? countObject(below, type) : countAbstract(below, type);
      look(looksPerSum * counts.size);
      below.counts.set(type, counts);
    }
    return counts;
  }

  function countObject(here: Merged, type: GraphQLObjectType): Counts {
    return sum(fieldsOn(here, typeApplies(schema, type)), type, () => members.alone(type));
  }

  function countAbstract(here: Merged, type: GraphQLAbstractType): Counts {
    const most = new Map<Slot, number>();
    const take = (counts: Counts): void => {
      look(looksPerSum * counts.size);
      for (const [slot, times] of counts) most.set(slot, Math.max(most.get(slot) ?? 0, times));
    };
    const takeAlike = (groups: readonly FieldGroup[], alike: Types): void => {
      const [one] = alike;
      if (one) take(sum(groups, one, () => (alike.length === 1 ? members.alone(one) : alike)));
    };
    const { always, bound, groups } = parted(here, type);
    const free = fieldsOn(here, (condition) => always.has(condition));
    const unlike = waysOf(type, free, (member) => !bound.has(member));
    for (const [, alike] of byText(unlike)) takeAlike(free, alike);
    look(bound.size >> 2);
    look(unlike.size);
    const usual = members.of(type).find((member) => !bound.has(member) && !unlike.has(member));
    // What no condition restricts is selected on every member.
    if (usual) take(sum(free, usual, (rule, name) => members.limitedBy(type, name, rule)));
    for (const { holding, group, isIn } of groups) {
      const own = fieldsOn(here, (condition) => holding.has(condition));
      const ways = group.length === 1 ? noTexts : waysOf(type, own, isIn);
      for (const [, alike] of byText(ways)) takeAlike(own, alike);
      if (ways.size > 0) look(group.length);
      takeAlike(own, ways.size === 0 ? group : group.filter((member) => !ways.has(member)));
    }
    return most;
  }

  function parted({ conditions }: Merged, type: GraphQLAbstractType): Parted {
    const name = `${type.name} ${conditions.join()}`;
    let found = partedBy.get(name);
    if (!found) {
      found = part(conditions, type);
      partedBy.set(name, found);
    }
    return found;
  }

  function part(conditions: readonly string[], type: GraphQLAbstractType): Parted {
    const always = new Set<string>();
    const bound = new Map<GraphQLObjectType, string>();
    for (const condition of conditions) {
      const holding = members.holding(type, condition);
      if (holding === members.of(type)) always.add(condition);
      else for (const member of holding) append(bound, member, condition);
    }
    const groups = [...byText(bound)].map(([text, group]) => {
      const holding = new Set([...always, ...text.split(' ')]);
      const all = new Set(group);
      return { holding, group, isIn: (member: GraphQLObjectType) => all.has(member) };
    });
    return { always, bound, groups };
  }

  /** Members that are charged for these fields in another way than most are, and how each is. */
  function waysOf(
    type: GraphQLAbstractType,
    groups: readonly FieldGroup[],
    isMeant: (member: GraphQLObjectType) => boolean,
  ): Texts {
    const ways = new Map<GraphQLObjectType, string>();
    const names = new Set(groups.map(({ nodes: [node] }) => node.name.value));
    for (const name of names) {
      for (const [member, way] of members.unlike(type, name)) {
        if (isMeant(member)) append(ways, member, `${name}:${way}`);
        else look(1);
      }
    }
    return ways;
  }

  function append(texts: Map<GraphQLObjectType, string>, member: GraphQLObjectType, text: string): void {
    look(looksPerMember);
    const before = texts.get(member);
    texts.set(member, before === undefined ? text : `${before} ${text}`);
  }

  function sum(
    groups: readonly FieldGroup[],
    type: GraphQLObjectType,
    typesOf: (rule: Rule, fieldName: string) => Types,
  ): Counts {
    if (!leading.has(type.name)) return nothing;
    let total: Map<Slot, number> | undefined;
    const add = (slot: Slot, times: number): void => {
      total ??= new Map();
      total.set(slot, (total.get(slot) ?? 0) + times);
    };
    const ofType = fields.get(type.name);
    for (const group of groups) {
      const { nodes } = group;
      look(looksPerField + nodes.length);
      const [node] = nodes;
      const field = type.getFields()[node.name.value];
      if (!field) continue;
      for (const rule of ofType?.get(field.name)?.rules ?? []) {
        const slot = slotOf(rule, { field, node });
        slot.types.add(typesOf(rule, field.name));
        add(slot, 1);
      }
      const returned = getNamedType(field.type);
      if (!isCompositeType(returned) || !leading.has(returned.name)) continue;
      group.below ??= merged(nodes.flatMap(({ selectionSet }) => selectionSet ?? []));
      const counts = count(group.below, returned);
      look(looksPerSum * counts.size);
      for (const [slot, times] of counts) add(slot, times);
    }
    return total ?? nothing;
  }

  function fieldsOn(
    { sets, conditions, fields: byConditions }: Merged,
    applies: Selecting['applies'],
  ): readonly FieldGroup[] {
    look(looksPerWalk + conditions.length);
    const holding = new Set(conditions.filter(applies));
    const name = [...holding].join();
    let found = byConditions.get(name);
    if (!found) {
      found = grouped(sets, (condition) => holding.has(condition));
      byConditions.set(name, found);
    }
    return found;
  }

  function grouped(sets: readonly SelectionSetNode[], applies: Selecting['applies']): readonly FieldGroup[] {
    const groups: FieldGroup[] = [];
    for (const [node, ...others] of collectFields(sets, { ...base, applies }).values()) {
      if (node && members.charges(node.name.value)) groups.push({ nodes: [node, ...others] });
    }
    return groups;
  }

  /** Sets that come to the same spreads share one number: clients add `__typename` and an id to each. */
  function idOf(set: SelectionSetNode): number {
    let id = ids.get(set);
    if (id === undefined) {
      const spreads = spreadsIn(set);
      id = (spreads === undefined ? undefined : ids.get(spreads)) ?? ids.size;
      ids.set(set, id);
      if (spreads !== undefined) ids.set(spreads, id);
    }
    return id;
  }

  /** The spreads that a set comes to, where nothing else in it is charged. */
  function spreadsIn({ selections }: SelectionSetNode): string | undefined {
    look(selections.length);
    const names: string[] = [];
    for (const node of selections) {
      if (node.kind === Kind.FIELD && !members.charges(node.name.value)) continue;
      if (node.kind !== Kind.FRAGMENT_SPREAD || node.directives?.length) return undefined;
      names.push(node.name.value);
    }
    return names.join();
  }

  return (set, type) => count(merged([set]), type);
}

/** A text for some of the members. */
type Texts = ReadonlyMap<GraphQLObjectType, string>;

const noTexts: Texts = new Map();

/** Members of an abstract type, told apart by the type conditions that hold for them. */
interface Parted {
  /** Conditions that hold for all. */
  readonly always: ReadonlySet<string>;
  /** What holds besides for each of the others. */
  readonly bound: Texts;
  /** Those for which the same conditions hold, but for the ones for which only {@link always} does. */
  readonly groups: readonly {
    readonly holding: ReadonlySet<string>;
    readonly group: Types;
    readonly isIn: (member: GraphQLObjectType) => boolean;
  }[];
}

function byText(texts: Texts): Map<string, GraphQLObjectType[]> {
  const groups = new Map<string, GraphQLObjectType[]>();
  for (const [member, text] of texts) {
    const group = groups.get(text);
    if (group) group.push(member);
    else groups.set(text, [member]);
  }
  return groups;
}

/** Asks once for each node: values of directives take long to read. */
function asked(includes: Selecting['includes']): Selecting['includes'] {
  const known = new Map<SelectionNode, boolean>();
  return (node) => {
    if (!node.directives?.length) return true;
    const answer = known.get(node) ?? includes(node);
    known.set(node, answer);
    return answer;
  };
}

export class TooLarge extends Error {
  readonly facts: RefusalFacts;

  constructor(actual: number, maximum: number = maxLooks) {
    super('too large to count');
    this.facts = { limit: 'selections to count', actual, maximum };
  }
}
