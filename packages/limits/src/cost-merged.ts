/**
 * Selections priced as execution runs them: fields merged by response key, and of an abstract type the dearest member.
 *
 * The cost of one field is that of the IBM cost directives (section 7), or what an estimator says.
 */
import { typeApplies, type Walking, walkSelections } from '@graphql-bulwark/core';
import {
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  isAbstractType,
  type SelectionSetNode,
} from 'graphql';
import type { Compiler, SizeContext } from './cost-compile.ts';
import { estimatedTerm } from './cost-estimated.ts';
import { inputsCost, sizesOf } from './cost-field.ts';
import { anyHolds, type Guard, guardOf, impliedBy } from './cost-guards.ts';
import type { GuardedSet, Plan, PlanItem } from './cost-plan.ts';
import type { FieldCost } from './cost-schema.ts';
import { atLeastZero, sum, type Term } from './cost-terms.ts';

/** A response key, and the fields under it. */
interface Asked {
  readonly node: FieldNode;
  readonly guard: Guard;
  readonly cost: FieldCost;
  /** Those after the first. */
  further: { readonly node: FieldNode; readonly guard: Guard }[] | undefined;
}

/** Merged selection sets, priced on one type. */
interface Place {
  readonly type: GraphQLCompositeType;
  readonly around: SizeContext | undefined;
  readonly plan: Plan;
}

const nothing = (): void => {};

const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

export function compileMerged(compiler: Compiler, root: SelectionSetNode, rootType: GraphQLObjectType): Plan {
  const { costs, fragments, spend, merges, hasSpreads, plans } = compiler;
  const { schema, settings } = costs;
  const isEstimated = settings.model === 'estimators';
  const known = new Map<SelectionSetNode | string, Place[]>();
  let choosing = 0;
  /** Of which fields are visited; `undefined` where all conditions are collected. */
  let on: GraphQLObjectType | undefined;
  let conditions = new Set<string>();
  let entered: Map<string, Guard[]> | undefined;
  const walking: Walking<Guard> = {
    fragments,
    under: guardOf,
    opens: ({ selections }) => spend(selections.length, 1),
    applies: (condition) => (on ? typeApplies(schema, on)(condition) : conditions.add(condition) && true),
    enters(name, guard) {
      entered ??= new Map();
      const before = entered.get(name);
      if (!before) {
        entered.set(name, [guard]);
        return true;
      }
      // Comparing conditions is work as well.
      spend(before.length, 1);
      if (before.some((other) => impliedBy(other, guard))) return false;
      before.push(guard);
      return true;
    },
  };
  return planOf([[root, '']], rootType, undefined, 1);

  /** What `field` does may visit in its turn. */
  function visit(
    sets: readonly GuardedSet[],
    type: GraphQLObjectType | undefined,
    field: (node: FieldNode, guard: Guard) => void,
  ): void {
    const outer = on;
    const enteredBefore = entered;
    on = type;
    entered = undefined;
    walkSelections(sets, walking, field);
    on = outer;
    entered = enteredBefore;
  }

  function planOf(
    sets: readonly GuardedSet[],
    type: GraphQLCompositeType,
    around: SizeContext | undefined,
    nesting: number,
  ): Plan {
    spend(1, nesting);
    // A set that stands at one place, on one type, is priced once by itself.
    if (!merges && !hasSpreads && choosing === 0) return freshPlanOf(sets, type, around, nesting);
    const places = placesOf(sets);
    for (const place of places) if (place.type === type && place.around === around) return place.plan;
    const plan = freshPlanOf(sets, type, around, nesting);
    places.push({ type, around, plan });
    return plan;
  }

  function freshPlanOf(
    sets: readonly GuardedSet[],
    type: GraphQLCompositeType,
    around: SizeContext | undefined,
    nesting: number,
  ): Plan {
    if (isAbstractType(type)) return dearestOf(sets, type, around, nesting);
    return plans.add(itemsOf(sets, type, around, nesting));
  }

  /** The plans of these sets. */
  function placesOf(sets: readonly GuardedSet[]): Place[] {
    const [first] = sets;
    // One by itself is the usual case; merged ones are told by their numbers.
    const key =
      first && first[1] === '' && sets.length === 1
        ? first[0]
        : sets.map(([set, guard]) => `${compiler.idOf(set)}?${guard}`).join(' ');
    let places = known.get(key);
    if (!places) {
      places = [];
      known.set(key, places);
    }
    return places;
  }

  function dearestOf(
    sets: readonly GuardedSet[],
    type: GraphQLAbstractType,
    around: SizeContext | undefined,
    nesting: number,
  ): Plan {
    const members = representatives(sets, type);
    const [only] = members;
    if (only && members.length === 1) return planOf(sets, only, around, nesting);
    choosing += 1;
    const plan = plans.choose(members.map((member) => planOf(sets, member, around, nesting)));
    choosing -= 1;
    return plan;
  }

  /** One member for each way in which the members of an abstract type can be charged. */
  function representatives(sets: readonly GuardedSet[], type: GraphQLAbstractType): GraphQLObjectType[] {
    conditions = new Set();
    visit(sets, undefined, nothing);
    const concrete = new Set<string>();
    const abstract: GraphQLAbstractType[] = [type];
    for (const name of conditions) {
      const condition = schema.getType(name);
      if (isAbstractType(condition)) abstract.push(condition);
      else concrete.add(name);
    }
    if (abstract.length === 1) {
      const named = [...concrete].flatMap((name) => (schema.getType(name) as GraphQLObjectType | undefined) ?? []);
      const others = costs
        .groupsOf(type)
        .groups.flatMap((group) => group.find(({ name }) => !concrete.has(name)) ?? []);
      return [...named.filter((member) => schema.isSubType(type, member)), ...others];
    }
    const indexes = abstract.map((one) => costs.groupsOf(one).indexOf);
    const chosen = new Map<string, GraphQLObjectType>();
    for (const member of schema.getPossibleTypes(type)) {
      const own = concrete.has(member.name) ? member.name : '';
      const way = `${own} ${indexes.map((index) => index.get(member.name)).join()}`;
      if (!chosen.has(way)) chosen.set(way, member);
    }
    return [...chosen.values()];
  }

  function itemsOf(
    sets: readonly GuardedSet[],
    type: GraphQLObjectType,
    around: SizeContext | undefined,
    nesting: number,
  ): PlanItem[] {
    const fields = costs.fieldsOf(type);
    if (merges) return mergedOf(sets, fields, type).map((asked) => itemOf(asked, type, around, nesting));
    const hasFreeLeaves = costs.hasFreeLeaves(type);
    let items: PlanItem[] | undefined;
    visit(sets, type, (node, guard) => {
      if (hasFreeLeaves && !node.selectionSet && !node.directives?.length) return;
      const cost = fields.get(node.name.value);
      // `__typename` costs nothing; `__schema` and `__type` have limits of their own.
      if (!cost || (cost.isFree && !node.directives?.length)) return;
      const item = itemOf({ node, guard, cost, further: undefined }, type, around, nesting);
      if (items) items.push(item);
      else items = [item];
    });
    return items ?? [];
  }

  /** The fields of each response key. */
  function mergedOf(
    sets: readonly GuardedSet[],
    fields: ReadonlyMap<string, FieldCost>,
    type: GraphQLObjectType,
  ): Asked[] {
    const byKey = new Map<string, Asked>();
    visit(sets, type, (node, guard) => {
      const cost = fields.get(node.name.value);
      const same = byKey.get(keyOf(node));
      if (same) (same.further ??= []).push({ node, guard });
      else if (cost) byKey.set(keyOf(node), { node, guard, cost, further: undefined });
    });
    return [...byKey.values()];
  }

  function itemOf(asked: Asked, type: GraphQLObjectType, around: SizeContext | undefined, nesting: number): PlanItem {
    const { node, guard, cost, further } = asked;
    // Under one guard the whole field stands or falls, and so does what is below.
    const together = !further || further.every((other) => other.guard === guard);
    const sizes = sizesOf(compiler, cost, node, around);
    let below: Plan | undefined;
    if (cost.composite && node.selectionSet) {
      const sets: GuardedSet[] = [[node.selectionSet, together ? '' : guard]];
      for (const other of further ?? []) {
        if (other.node.selectionSet) sets.push([other.node.selectionSet, together ? '' : other.guard]);
      }
      below = planOf(sets, cost.composite, sizes.below, nesting + 1);
    }
    return {
      key: keyOf(node),
      coordinate: cost.coordinate,
      own: isEstimated ? estimatedTerm(compiler, type, cost, node, below) : ownTerm(compiler, cost, node),
      each: 0,
      size: sizes.size,
      typeWeight: cost.typeWeight,
      holds: together && guard === '' ? undefined : anyHolds([guard, ...(further ?? []).map((other) => other.guard)]),
      below,
      whole: isEstimated,
    };
  }
}

/** The weight of the field, and what its arguments and directives add. */
function ownTerm(compiler: Compiler, cost: FieldCost, node: FieldNode): Term {
  if (cost.priced.length === 0 && !node.directives?.length) return cost.own;
  return atLeastZero(sum([cost.weight, inputsCost(compiler, cost, node)]));
}
