/**
 * Prices selections as Apollo Router does: the field itself is multiplied by the length of its list, every selection is added,
 * nothing is merged, and `@skip` and `@include` count only with literals and on fields.
 *
 * This is a walk of its own, because that of core visits the fields of a fragment at every spread. Here a fragment has one plan, which
 * is added once for each spread, so fragments that double at each level take no more work than their text is long.
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
 * A cost model for budgets that were set for Apollo Router: a list field itself is multiplied too, and nothing is merged.
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
  return compileSet(root, rootType, undefined, 1);

  function compileSet(set: SelectionSetNode, type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    const key = `${compiler.numberSet(set)} ${type.type.name} ${around?.id ?? ''}`;
    let made = known.get(key);
    if (made) return made;
    const items: PlanItem[] = [];
    const also: Plan[] = [];
    for (const node of set.selections) {
      spend(1, nesting);
      if (node.kind === Kind.FIELD) {
        const item = readCondition(node, '') === undefined ? undefined : compileItem(node, type, around, nesting);
        if (item) items.push(item);
        continue;
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
      if (!fragment) continue;
      const condition = fragment.typeCondition ? costs.findType(fragment.typeCondition.name.value) : type;
      if (condition) also.push(compileSet(fragment.selectionSet, condition, around, nesting + 1));
    }
    made = plans.add(items, also);
    known.set(key, made);
    return made;
  }

  function compileItem(
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
        node.selectionSet && cost.composite
          ? compileSet(node.selectionSet, cost.composite, context, nesting + 1)
          : undefined,
    };
  }
}
