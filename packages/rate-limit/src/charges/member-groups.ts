/**
 * Groups the members of an abstract type that are charged alike for one selection, so that one is counted for all of a group: by
 * the type conditions in the selection that hold for them, and by the ways in which they are charged for its fields.
 */
import type { GraphQLAbstractType, GraphQLObjectType } from 'graphql';
import { type LookBudget, looksPer } from './look-budget.ts';
import type { Members, Types } from './members.ts';
import type { FieldGroup } from './merge-fields.ts';

/** A text for some of the members: those with the same text are charged alike. */
export type MemberTexts = ReadonlyMap<GraphQLObjectType, string>;

/** Members for which the same conditions hold. */
export interface MemberGroup {
  readonly holding: ReadonlySet<string>;
  readonly group: Types;
  readonly isIn: (member: GraphQLObjectType) => boolean;
}

/** The members of one abstract type, told apart by the type conditions that hold for them. */
export interface PartedMembers {
  /** Conditions that hold for every member. */
  readonly always: ReadonlySet<string>;
  /** Members for which other conditions hold as well. */
  readonly bound: MemberTexts;
  /** Those members, grouped. */
  readonly groups: readonly MemberGroup[];
}

/** Groups members for one operation. */
export class MemberGroups {
  readonly #members: Members;
  readonly #budget: LookBudget;
  /** An abstract type and conditions -> its members. */
  readonly #known = new Map<string, PartedMembers>();

  constructor(members: Members, budget: LookBudget) {
    this.#members = members;
    this.#budget = budget;
  }

  /** Tells the members of a type apart by these conditions. */
  partMembers(type: GraphQLAbstractType, conditions: readonly string[]): PartedMembers {
    const name = `${type.name} ${conditions.join()}`;
    let parted = this.#known.get(name);
    if (!parted) {
      parted = this.#partAnew(type, conditions);
      this.#known.set(name, parted);
    }
    return parted;
  }

  /** Finds those of the members meant that are charged for these fields in another way than most are, and how each is. */
  findUnlike(
    type: GraphQLAbstractType,
    fields: readonly FieldGroup[],
    isMeant: (member: GraphQLObjectType) => boolean,
  ): MemberTexts {
    const ways = new Map<GraphQLObjectType, string>();
    const names = new Set(fields.map(({ nodes: [node] }) => node.name.value));
    for (const name of names) {
      for (const [member, way] of this.#members.findUnlike(type, name)) {
        if (isMeant(member)) this.#append(ways, member, `${name}:${way}`);
        else this.#budget.spend(1);
      }
    }
    return ways;
  }

  #partAnew(type: GraphQLAbstractType, conditions: readonly string[]): PartedMembers {
    const always = new Set<string>();
    const bound = new Map<GraphQLObjectType, string>();
    for (const condition of conditions) {
      const holding = this.#members.findHolding(type, condition);
      if (holding === this.#members.listAll(type)) always.add(condition);
      else for (const member of holding) this.#append(bound, member, condition);
    }
    const groups = [...groupByText(bound)].map(([text, group]): MemberGroup => {
      const all = new Set(group);
      return { holding: new Set([...always, ...text.split(' ')]), group, isIn: (member) => all.has(member) };
    });
    return { always, bound, groups };
  }

  #append(texts: Map<GraphQLObjectType, string>, member: GraphQLObjectType, text: string): void {
    this.#budget.spend(looksPer.member);
    const before = texts.get(member);
    texts.set(member, before === undefined ? text : `${before} ${text}`);
  }
}

/** Text -> the members that have it. */
export function groupByText(texts: MemberTexts): Map<string, GraphQLObjectType[]> {
  const groups = new Map<string, GraphQLObjectType[]>();
  for (const [member, text] of texts) {
    const group = groups.get(text);
    if (group) group.push(member);
    else groups.set(text, [member]);
  }
  return groups;
}
