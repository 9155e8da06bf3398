/**
 * Visits what an operation may select, with the types of the schema.
 *
 * Each selection set is entered once per type that it stands on, with a queue and not by recursion, so that fragments that
 * double, spread themselves or nest deeply cost no more than their text.
 */

import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type ResponsePath,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, fragmentsOf, responseKey } from './collect-fields.ts';

/** What a visit asks on its way. Paths hold response keys only: how long lists are is not known before execution. */
export interface SelectionVisitor {
  /** Whether a selection takes part. */
  includes(node: SelectionNode): boolean;
  /** Whether to go on below a field. */
  field(
    parent: GraphQLCompositeType,
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    path: ResponsePath,
  ): boolean;
  /** Whether to go on into a fragment that narrows to another type. */
  narrowed(type: GraphQLCompositeType, node: SelectionNode, path: ResponsePath | undefined): boolean;
}

interface Step {
  readonly set: SelectionSetNode;
  readonly type: GraphQLCompositeType;
  readonly path: ResponsePath | undefined;
}

/** Breadth first, in the order of the document. */
export function visitSelections(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  visitor: SelectionVisitor,
): void {
  const root = schema.getRootType(operation.operation);
  if (!root) return;
  const fragments = fragmentsOf(document);
  const entered = new Map<SelectionSetNode, Set<GraphQLCompositeType>>();
  const queue: Step[] = [];
  const enter = (set: SelectionSetNode, type: GraphQLCompositeType, path: ResponsePath | undefined): void => {
    const types = entered.get(set) ?? new Set();
    if (types.has(type)) return;
    entered.set(set, types.add(type));
    queue.push({ set, type, path });
  };

  enter(operation.selectionSet, root, undefined);
  for (const { set, type, path } of queue) {
    for (const node of set.selections) {
      if (!visitor.includes(node)) continue;
      if (node.kind === Kind.FIELD) {
        const field = isUnionType(type) ? undefined : type.getFields()[node.name.value];
        const here = { prev: path, key: responseKey(node), typename: type.name };
        if (!field || !visitor.field(type, field, node, here)) continue;
        const result = getNamedType(field.type);
        if (node.selectionSet && isCompositeType(result)) enter(node.selectionSet, result, here);
      } else {
        const inner = readFragment(node, fragments);
        const narrowed = inner && narrowType(schema, type, inner.condition);
        if (!narrowed || (narrowed !== type && !visitor.narrowed(narrowed, node, path))) continue;
        enter(inner.set, narrowed, path);
      }
    }
  }
}

function readFragment(
  node: Exclude<SelectionNode, FieldNode>,
  fragments: Fragments,
): { condition: string | undefined; set: SelectionSetNode } | undefined {
  if (node.kind === Kind.INLINE_FRAGMENT) return { condition: node.typeCondition?.name.value, set: node.selectionSet };
  const fragment = fragments.get(node.name.value);
  return fragment && { condition: fragment.typeCondition.name.value, set: fragment.selectionSet };
}

/** The type that selections under a condition stand on; `undefined` where no object can be. */
function narrowType(
  schema: GraphQLSchema,
  type: GraphQLCompositeType,
  condition: string | undefined,
): GraphQLCompositeType | undefined {
  const wanted = condition === undefined ? type : schema.getType(condition);
  if (wanted === type) return type;
  if (isObjectType(type)) return isAbstractType(wanted) && schema.isSubType(wanted, type) ? type : undefined;
  if (isObjectType(wanted)) return schema.isSubType(type, wanted) ? wanted : undefined;
  if (!isAbstractType(wanted)) return undefined;
  return !isUnionType(type) && schema.isSubType(wanted, type) ? type : wanted;
}
