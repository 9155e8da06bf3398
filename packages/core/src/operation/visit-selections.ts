/**
 * Visits what an operation may select, with the types of the schema.
 *
 * Each selection set is entered once per place that it stands on, with a queue and not by recursion, so that fragments that
 * double, spread themselves or nest deeply cost no more than their text.
 */

import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type ResponsePath,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, indexFragments, readResponseKey } from './collect-fields.ts';
import { createPlaces, type Place } from './places.ts';

/** What a visit asks on its way. Paths hold response keys only: how long lists are is not known before execution. */
export interface SelectionVisitor {
  /** Whether a selection takes part. */
  includes(node: SelectionNode): boolean;
  /** Whether an object type may answer with a value for one of its fields. Left out: each may. */
  answers?(type: GraphQLObjectType, fieldName: string): boolean;
  /**
   * Whether to go on below a field.
   *
   * @param result where its selections stand; `undefined` for a leaf.
   */
  field(
    parent: Place,
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    path: ResponsePath,
    result: Place | undefined,
  ): boolean;
  /** Whether to go on into a fragment that narrows to another type. */
  narrowed(place: Place, node: SelectionNode, path: ResponsePath | undefined): boolean;
}

interface Step {
  readonly set: SelectionSetNode;
  readonly place: Place;
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
  const fragments = indexFragments(document);
  const places = createPlaces(schema, (type, fieldName) => visitor.answers?.(type, fieldName) ?? true);
  const entered = new Map<SelectionSetNode, Set<Place>>();
  const queue: Step[] = [];
  const enter = (set: SelectionSetNode, place: Place, path: ResponsePath | undefined): void => {
    const known = entered.get(set) ?? new Set();
    if (known.has(place)) return;
    entered.set(set, known.add(place));
    queue.push({ set, place, path });
  };

  enter(operation.selectionSet, places.of(root), undefined);
  for (const { set, place, path } of queue) {
    const { type } = place;
    for (const node of set.selections) {
      if (!visitor.includes(node)) continue;
      if (node.kind === Kind.FIELD) {
        const field = isUnionType(type) ? undefined : type.getFields()[node.name.value];
        if (!field) continue;
        const here = { prev: path, key: readResponseKey(node), typename: type.name };
        const below = places.below(place, field.name);
        if (!visitor.field(place, field, node, here, below)) continue;
        if (node.selectionSet && below) enter(node.selectionSet, below, here);
      } else {
        const inner = readFragment(node, fragments);
        const narrowType = inner && narrowedType(schema, type, inner.condition);
        if (!narrowType) continue;
        const narrowed = places.narrowed(place, narrowType);
        if (narrowed !== place && !visitor.narrowed(narrowed, node, path)) continue;
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
function narrowedType(
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
