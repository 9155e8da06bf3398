/**
 * Selections priced as execution runs them: fields merged by response key, and of an abstract type the dearest member.
 *
 * The cost of one field is that of the IBM cost directives (section 7), or what an estimator says.
 */
import { behind, onlySpread, responseKey } from '@graphql-bulwark/core';
import type { FieldNode, GraphQLObjectType, SelectionSetNode } from 'graphql';
import type { Compiler, SizeContext } from './cost-compile.ts';
import { estimatedTerm } from './cost-estimated.ts';
import { directivesCost, inputsCost, ownInputsCost, sizesOf } from './cost-field.ts';
import { anyHolds, type Guard } from './cost-guards.ts';
import type { GuardedSets, Plan, PlanItem } from './cost-plan.ts';
import type { TypeCosts } from './cost-schema.ts';
import { atLeastZero, sum, type Term, where } from './cost-terms.ts';
import { type Asked, ConditionsOf, FieldsOf } from './cost-walks.ts';

/** Merged selection sets, priced on one type. */
interface Place {
  readonly type: TypeCosts;
  readonly around: SizeContext | undefined;
  readonly plan: Plan;
  /** The next one of the same sets. */
  readonly next: Place | undefined;
}

export function compileMerged(compiler: Compiler, root: SelectionSetNode, rootType: TypeCosts): Plan {
  return new Merging(compiler).planOf({ set: root, guard: '', also: undefined }, rootType, undefined, 1);
}

/** Prices the selection sets of one operation. */
class Merging {
  readonly compiler: Compiler;
  #places: Map<SelectionSetNode | string, Place> | undefined;

  constructor(compiler: Compiler) {
    this.compiler = compiler;
  }

  planOf(sets: GuardedSets, type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    this.compiler.spend(1, nesting);
    if (!this.compiler.revisits) return this.#freshPlanOf(sets, type, around, nesting);
    this.#places ??= new Map();
    const key = this.#keyOf(sets);
    for (let place = this.#places.get(key); place; place = place.next) {
      if (place.type === type && place.around === around) return place.plan;
    }
    const plan = this.#freshPlanOf(sets, type, around, nesting);
    this.#places.set(key, { type, around, plan, next: this.#places.get(key) });
    return plan;
  }

  /** One set by itself is the usual case; merged ones are told by their numbers. */
  #keyOf(sets: GuardedSets): SelectionSetNode | string {
    if (sets.guard === '' && !sets.also) return this.#shownBy(sets.set);
    let key = '';
    for (let one: GuardedSets | undefined = sets; one; one = one.also) {
      key += `${this.compiler.idOf(this.#shownBy(one.set))}?${one.guard} `;
    }
    return key;
  }

  /** The set that shows the same wherever it stands: that of a fragment, where a set is nothing but its plain spread. */
  #shownBy(set: SelectionSetNode): SelectionSetNode {
    return onlySpread(set)?.directives?.length ? set : behind(set, this.compiler.fragments);
  }

  #freshPlanOf(sets: GuardedSets, type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    if (type.members) return this.#dearestOf(sets, type, around, nesting);
    return this.compiler.plans.add(this.#itemsOf(sets, type, around, nesting));
  }

  #dearestOf(sets: GuardedSets, type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    const members = this.#representatives(sets, type);
    const [only] = members;
    if (only && members.length === 1) return this.planOf(sets, only, around, nesting);
    this.compiler.choosing += 1;
    const alternatives: Plan[] = [];
    for (const member of members) alternatives.push(this.planOf(sets, member, around, nesting));
    this.compiler.choosing -= 1;
    return this.compiler.plans.choose(alternatives);
  }

  /** One member for each way in which the members of an abstract type can be charged. */
  #representatives(sets: GuardedSets, type: TypeCosts): readonly TypeCosts[] {
    const { costs } = this.compiler;
    const { types: conditions } = new ConditionsOf(this.compiler).walk(sets);
    const { groups, first } = costs.groupsOf(type);
    if (!conditions) return first;
    const abstract: TypeCosts[] = [type];
    const chosen: TypeCosts[] = [];
    for (const condition of conditions) {
      if (condition.members) abstract.push(condition);
      else if (type.members?.has(condition)) chosen.push(condition);
    }
    if (abstract.length === 1) {
      for (const group of groups) {
        const other = group.find((member) => !conditions.has(member));
        if (other) chosen.push(other);
      }
      return chosen;
    }
    const indexes = abstract.map((one) => costs.groupsOf(one).indexOf);
    const ways = new Set<string>();
    for (const member of type.members ?? []) {
      if (conditions.has(member)) continue;
      const way = indexes.map((index) => index.get(member)).join();
      if (!ways.has(way)) chosen.push(member);
      ways.add(way);
    }
    return chosen;
  }

  #itemsOf(sets: GuardedSets, type: TypeCosts, around: SizeContext | undefined, nesting: number): readonly PlanItem[] {
    const { first, count } = new FieldsOf(this.compiler, type).walk(sets);
    if (count === 0) return noItems;
    // oxlint-disable-next-line unicorn/no-new-array -- as long as it will be: one that grows takes several times the memory
    const items = new Array<PlanItem>(count);
    let i = 0;
    for (let asked = first; asked; asked = asked.next) {
      items[i] = this.#itemOf(asked, type, around, nesting);
      i += 1;
    }
    return items;
  }

  #itemOf(asked: Asked, type: TypeCosts, around: SizeContext | undefined, nesting: number): PlanItem {
    const { compiler } = this;
    const { node, guard, cost, further } = asked;
    const isEstimated = compiler.costs.settings.model === 'estimators';
    // Under one guard the whole field stands or falls, and so does what is below.
    const together = !further || haveGuard(further, guard);
    const sizes = sizesOf(compiler, cost, node, around);
    let below: Plan | undefined;
    if (cost.composite && node.selectionSet) {
      const sets = { set: node.selectionSet, guard: together ? '' : guard, also: alsoOf(further, together) };
      below = this.planOf(sets, cost.composite, sizes.below, nesting + 1);
    }
    return {
      key: responseKey(node),
      coordinate: cost.coordinate,
      own: isEstimated
        ? estimatedTerm(compiler, type.type as GraphQLObjectType, cost, node, below)
        : ownTerm(compiler, asked),
      each: 0,
      size: sizes.size,
      typeWeight: cost.typeWeight,
      holds: together && guard === '' ? undefined : anyHolds(guardsOf(asked)),
      below,
      whole: isEstimated,
    };
  }
}

const noItems: readonly PlanItem[] = [];

function haveGuard(fields: readonly { readonly guard: Guard }[], guard: Guard): boolean {
  return fields.every((field) => field.guard === guard);
}

function guardsOf({ guard, further = [] }: Asked): Guard[] {
  return [guard, ...further.map((other) => other.guard)];
}

/** The selection sets of the fields after the first. */
function alsoOf(further: Asked['further'], together: boolean): GuardedSets | undefined {
  if (!further) return undefined;
  let also: GuardedSets | undefined;
  for (const { node, guard } of further.toReversed()) {
    if (node.selectionSet) also = { set: node.selectionSet, guard: together ? '' : guard, also };
  }
  return also;
}

/** The weight of the field, and what its arguments add, and the directives of all that merges. */
function ownTerm(compiler: Compiler, asked: Asked): Term {
  const { node, cost, further } = asked;
  if (cost.priced.length === 0 && !further && !node.directives?.length) return cost.own;
  if (!further) return atLeastZero(sum([cost.weight, inputsCost(compiler, cost, node)]));
  const terms = [cost.weight, ownInputsCost(compiler, cost, node)];
  for (const [one, guards] of guardsByNode(asked, further)) {
    const added = directivesCost(compiler, one);
    // Only the first can make the field cheaper: to repeat it must not.
    terms.push(where(one === node ? added : atLeastZero(added), anyHolds(guards)));
  }
  return atLeastZero(sum(terms));
}

/** The conditions of each: a field of a fragment that is spread twice takes part where one of them holds. */
function guardsByNode(first: Asked, further: NonNullable<Asked['further']>): ReadonlyMap<FieldNode, Guard[]> {
  const found = new Map<FieldNode, Guard[]>();
  for (const { node, guard } of [first, ...further]) {
    if (!node.directives?.length) continue;
    const guards = found.get(node);
    if (guards) guards.push(guard);
    else found.set(node, [guard]);
  }
  return found;
}
