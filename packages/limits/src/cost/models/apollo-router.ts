/**
 * Selections priced as budgets of Apollo Router count them: the field itself is multiplied by the length of its list, every
 * selection adds up, nothing is merged, and of `@skip` and `@include` only literals on fields count.
 *
 * Core's walk shows the fields of a fragment at every spread. Here a fragment has a plan of its own, which is added once for each
 * spread: fragments that double then cost no more than their text.
 */
import { readResponseKey } from '@graphql-bulwark/core/internal';
import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';
import type { Compiler, SizeContext } from '../compile.ts';
import { readCondition } from '../conditions.ts';
import { compileSizes, priceInputs } from '../field.ts';
import type { CostModel } from '../options.ts';
import type { Plan, PlanItem } from '../plan.ts';
import type { CompilingModel } from '../price.ts';
import type { TypeCosts } from '../schema.ts';

/**
 * Prices operations as budgets of Apollo Router are counted: a list field itself is multiplied too, and nothing is merged.
 *
 * @example cost({ model: apolloRouter(), maxCost: 1_000 })
 */
export function apolloRouter(): CostModel {
  const model: CompilingModel = { name: 'apollo', compile: compileApollo };
  return model;
}

function compileApollo(compiler: Compiler, root: SelectionSetNode, rootType: TypeCosts): Plan {
  const { costs, fragments, spend, plans } = compiler;
  const known = new Map<string, Plan>();
  return plan(root, rootType, undefined, 1);

  function plan(set: SelectionSetNode, type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    const key = `${compiler.idOf(set)} ${type.type.name} ${around?.id ?? ''}`;
    let made = known.get(key);
    if (made) return made;
    const items: PlanItem[] = [];
    const also: Plan[] = [];
    for (const node of set.selections) {
      spend(1, nesting);
      if (node.kind === Kind.FIELD) {
        const item = readCondition(node, '') === undefined ? undefined : itemOf(node, type, around, nesting);
        if (item) items.push(item);
        continue;
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
      if (!fragment) continue;
      const condition = fragment.typeCondition ? costs.typeNamed(fragment.typeCondition.name.value) : type;
      if (condition) also.push(plan(fragment.selectionSet, condition, around, nesting + 1));
    }
    made = plans.add(items, also);
    known.set(key, made);
    return made;
  }

  function itemOf(
    node: FieldNode,
    type: TypeCosts,
    around: SizeContext | undefined,
    nesting: number,
  ): PlanItem | undefined {
    const cost = type.fields.get(node.name.value);
    if (!cost) return undefined;
    const { size, below: context, guess } = compileSizes(compiler, cost, node, around);
    return {
      key: readResponseKey(node),
      coordinate: cost.coordinate,
      own: priceInputs(compiler, cost, node),
      each: cost.weight,
      size,
      guess,
      typeWeight: cost.typeWeight,
      holds: undefined,
      whole: false,
      below:
        node.selectionSet && cost.composite ? plan(node.selectionSet, cost.composite, context, nesting + 1) : undefined,
    };
  }
}
