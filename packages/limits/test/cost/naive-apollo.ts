/** Cost as budgets of Apollo Router count it, everything expanded: every selection adds up, whatever its type. */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionNode,
} from 'graphql';
import { directivesCost, type Handed, inputCost, sizesOf, weightOf } from './naive-cost.ts';

export function naiveApolloCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Record<string, unknown>,
): number {
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  return ofSet(operation.selectionSet.selections, schema.getQueryType() as GraphQLNamedType, []);

  function ofSet(selections: readonly SelectionNode[], type: GraphQLNamedType, handed: Handed): number {
    let total = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
        if (field && !isLeftOut(node)) total += ofField(field, node, handed);
        continue;
      }
      const fragment =
        node.kind === Kind.INLINE_FRAGMENT
          ? node
          : document.definitions.find(
              (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === node.name.value,
            );
      if (!fragment || !('selectionSet' in fragment) || !('typeCondition' in fragment)) continue;
      const on = fragment.typeCondition ? schema.getType(fragment.typeCondition.name.value) : type;
      if (on) total += ofSet(fragment.selectionSet.selections, on, handed);
    }
    return total;
  }

  function ofField(field: GraphQLField<unknown, unknown>, node: FieldNode, around: Handed): number {
    const args = getArgumentValues(field, node, variables);
    const inputs = field.args.map((arg) => inputCost(arg, arg.type, args[arg.name])).reduce((a, b) => a + b, 0);
    const named = getNamedType(field.type);
    const { items, handed } = sizesOf(field, args, around);
    const weight = weightOf(field) ?? (isAbstractType(named) ? 1 : (weightOf(named) ?? (isObjectType(named) ? 1 : 0)));
    const below = node.selectionSet && isCompositeType(named) ? ofSet(node.selectionSet.selections, named, handed) : 0;
    return Math.max(0, inputs + directivesCost(schema, node, variables) + items * weight) + items * below;
  }
}

/** By a literal on the field itself. */
function isLeftOut({ directives }: FieldNode): boolean {
  return (directives ?? []).some(({ name, arguments: args }) => {
    const value = args?.[0]?.value;
    return value?.kind === Kind.BOOLEAN && value.value === (name.value === 'skip');
  });
}
