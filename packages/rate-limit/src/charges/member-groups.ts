/**
 * Groups the members of an abstract type that are charged in the same way for one selection, so that one is counted for all of its group.
 * They are grouped by the type conditions in the selection that hold for them, and by how they are charged for its fields.
 */
import type { GraphQLAbstractType, GraphQLObjectType } from 'graphql';
import { type LookBudget, looksPer } from './look-budget.ts';
import type { Members, Types } from './members.ts';
import type { FieldGroup } from './merge-fields.ts';

/** Member -> a text. Members with the same text are charged in the same way; most members have none. */
export type MemberTexts = ReadonlyMap<GraphQLObjectType, string>;

/** Members for which the same type conditions hold. */
export interface MemberGroup {
  readonly holding: ReadonlySet<string>;
  readonly group: Types;
  readonly isIn: (member: GraphQLObjectType) => boolean;
}

/** The members of one abstract type, grouped by the type conditions that hold for them. */
export interface PartedMembers {
  /** Conditions that hold for every member. */
  readonly always: ReadonlySet<string>;
  /** Members for which further conditions hold, with the names of these. */
  readonly bound: MemberTexts;
  /** Those members, grouped. */
  readonly groups: readonly MemberGroup[];
}

/** Groups members for one operation. */
export class MemberGroups {
  readonly #members: Members;
  readonly #budget: LookBudget;
  /** Abstract type and type conditions -> its members. */
  readonly #known = new Map<string, PartedMembers>();

  constructor(members: Members, budget: LookBudget) {
    this.#members = members;
    this.#budget = budget;
  }

  /** Groups the members of a type by these conditions. */
  partMembers(type: GraphQLAbstractType, conditions: readonly string[]): PartedMembers {
    const name = `${type.name} ${conditions.join()}`;
    let parted = this.#known.get(name);
    if (!parted) {
      parted = this.#partAnew(type, conditions);
      this.#known.set(name, parted);
    }
    return parted;
  }

  /**
   * Finds the members that are charged for these fields in another way than most are.
   *
   * @param isMeant which members are looked at. @returns member -> how it is charged.
   */
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

/** @returns text -> the members that have it. */
export function groupByText(texts: MemberTexts): Map<string, GraphQLObjectType[]> {
  const groups = new Map<string, GraphQLObjectType[]>();
  for (const [member, text] of texts) {
    const group = groups.get(text);
    if (group) group.push(member);
    else groups.set(text, [member]);
  }
  return groups;
}
