/**
 * Selections priced as execution runs them: fields merged by response key, and of an abstract type the dearest member.
 *
 * The cost of one field is that of the IBM cost directives (section 7), or what an estimator says.
 */
import { typeApplies, walkSelections } from '@graphql-bulwark/core';
import {
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  isAbstractType,
  isCompositeType,
  type SelectionSetNode,
} from 'graphql';
import type { Compiler, SizeContext } from './cost-compile.ts';
import { estimatedTerm } from './cost-estimated.ts';
import { inputsCost, sizesOf } from './cost-field.ts';
import { anyHolds, type Guard, guardOf, impliedBy } from './cost-guards.ts';
import type { GuardedSet, Plan, PlanItem } from './cost-plan.ts';
import { largest, sum } from './cost-terms.ts';

/** The sizes of a field that is no list and hands none on. */
const once = { size: 1, below: undefined } as const;

interface Asked {
  readonly node: FieldNode;
  readonly guard: Guard;
}

export function compileMerged(compiler: Compiler, root: SelectionSetNode, rootType: GraphQLObjectType): Plan {
  const { costs, fragments, spend, idOf } = compiler;
  const { schema, settings } = costs;
  const known = new Map<string, Plan>();
  const appliesTo = new Map<string, (typeCondition: string) => boolean>();
  return plan([[root, '']], rootType, undefined, 1);

  function plan(
    sets: readonly GuardedSet[],
    type: GraphQLCompositeType,
    around: SizeContext | undefined,
    nesting: number,
  ): Plan {
    spend(1, nesting);
    const key = `${type.name} ${around?.id ?? ''} ${sets.map(([set, guard]) => `${idOf(set)}${guard && `?${guard}`}`).join(' ')}`;
    let made = known.get(key);
    if (!made) {
      made = isAbstractType(type)
        ? compiler.choose(representatives(sets, type).map((member) => plan(sets, member, around, nesting)))
        : compiler.finish(itemsOf(sets, type, around, nesting));
      known.set(key, made);
    }
    return made;
  }

  /** One member for each way in which the members of an abstract type can be charged. */
  function representatives(sets: readonly GuardedSet[], type: GraphQLAbstractType): GraphQLObjectType[] {
    const conditions = new Set<string>();
    visit(
      sets,
      (condition) => conditions.add(condition) && true,
      () => {},
    );
    const concrete = new Set<string>();
    const abstract: GraphQLAbstractType[] = [type];
    for (const name of conditions) {
      const condition = schema.getType(name);
      if (isAbstractType(condition)) abstract.push(condition);
      else concrete.add(name);
    }
    const shapes = abstract.map((one) => costs.shapesOf(one));
    const chosen = new Map<string, GraphQLObjectType>();
    for (const member of schema.getPossibleTypes(type)) {
      const own = concrete.has(member.name) ? member.name : '';
      const way = `${own} ${shapes.map((shape) => shape.get(member.name)).join()}`;
      if (!chosen.has(way)) chosen.set(way, member);
    }
    return [...chosen.values()];
  }

  function visit(
    sets: readonly GuardedSet[],
    applies: (condition: string) => boolean,
    field: (node: FieldNode, guard: Guard) => void,
  ): void {
    const entered = new Map<string, Guard[]>();
    walkSelections<Guard>(
      sets,
      {
        fragments,
        applies,
        under(node, around) {
          spend(1, 1);
          return guardOf(node, around);
        },
        enters(name, guard) {
          const before = entered.get(name);
          // Comparing conditions is work as well.
          if (before) spend(before.length, 1);
          if (before?.some((other) => impliedBy(other, guard))) return false;
          if (before) before.push(guard);
          else entered.set(name, [guard]);
          return true;
        },
      },
      field,
    );
  }

  function itemsOf(
    sets: readonly GuardedSet[],
    type: GraphQLObjectType,
    around: SizeContext | undefined,
    nesting: number,
  ): PlanItem[] {
    let applies = appliesTo.get(type.name);
    if (!applies) {
      applies = typeApplies(schema, type);
      appliesTo.set(type.name, applies);
    }
    const grouped = new Map<string, Asked[]>();
    visit(sets, applies, (node, guard) => {
      const key = node.alias?.value ?? node.name.value;
      const group = grouped.get(key);
      if (group) group.push({ node, guard });
      else grouped.set(key, [{ node, guard }]);
    });
    const items: PlanItem[] = [];
    for (const [key, asked] of grouped) {
      const item = itemOf(key, asked, type, around, nesting);
      if (item) items.push(item);
    }
    return items;
  }

  /** `__typename` costs nothing; `__schema` and `__type` have limits of their own. */
  function itemOf(
    key: string,
    asked: readonly Asked[],
    type: GraphQLObjectType,
    around: SizeContext | undefined,
    nesting: number,
  ): PlanItem | undefined {
    const [first] = asked;
    const cost = first && costs.fieldOf(type, first.node.name.value);
    if (!cost) return undefined;
    // Under one guard the whole field stands or falls, and so does what is below.
    const together = asked.every(({ guard }) => guard === first.guard);
    const sets: GuardedSet[] = [];
    for (const { node, guard } of asked) {
      if (node.selectionSet) sets.push([node.selectionSet, together ? '' : guard]);
    }
    const sizes = cost.plain ? once : sizesOf(compiler, cost, first.node, around);
    const below =
      sets.length > 0 && isCompositeType(cost.named) ? plan(sets, cost.named, sizes.below, nesting + 1) : undefined;
    const { coordinate } = cost;
    const { size } = sizes;
    const holds = together && first.guard === '' ? undefined : anyHolds(asked.map(({ guard }) => guard));
    const typeWeight = costs.typeWeight(cost.named);
    if (settings.model === 'estimators') {
      const whole = compiler.memory.keep(estimatedTerm(compiler, type, cost, first.node, below?.field ?? 0));
      return { key, coordinate, own: whole, each: 0, size, typeWeight, holds, below, whole: true };
    }
    const inputs = cost.priced.length > 0 || first.node.directives?.length ? inputsCost(compiler, cost, first.node) : 0;
    const own = inputs === 0 ? Math.max(0, cost.weight) : largest(0, [sum([cost.weight, inputs])]);
    return { key, coordinate, own, each: 0, size, typeWeight, holds, below, whole: false };
  }
}
