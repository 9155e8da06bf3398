/**
 * Visits the fields that an operation may select, with their types.
 *
 * Each selection set is entered once per place at which it stands, with a queue instead of recursion. So fragments that
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

/**
 * What {@link visitSelections} asks. Paths have response keys and no list indices, because lists are known only during
 * execution.
 */
export interface SelectionVisitor {
  /** Whether a selection takes part, for example under its `@skip` and `@include`. */
  includes(node: SelectionNode): boolean;
  /** Whether a field of an object type may return a value. Left out: each may. */
  answers?(type: GraphQLObjectType, fieldName: string): boolean;
  /**
   * Called with each field. @returns whether to visit the selections below it.
   *
   * @param result the place of these selections; `undefined` for a leaf.
   */
  field(
    parent: Place,
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    path: ResponsePath,
    result: Place | undefined,
  ): boolean;
  /** Called with each fragment that narrows to another type. @returns whether to visit its selections. */
  narrowed(place: Place, node: SelectionNode, path: ResponsePath | undefined): boolean;
}

/** A selection set to visit. */
interface Step {
  readonly set: SelectionSetNode;
  readonly place: Place;
  readonly path: ResponsePath | undefined;
}

/** Visits breadth first, in the order of the document. Nothing is visited where the schema has no type for the operation. */
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

  enter(operation.selectionSet, places.find(root), undefined);
  for (const { set, place, path } of queue) {
    const { type } = place;
    for (const node of set.selections) {
      if (!visitor.includes(node)) continue;
      if (node.kind === Kind.FIELD) {
        const field = isUnionType(type) ? undefined : type.getFields()[node.name.value];
        if (!field) continue;
        const here = { prev: path, key: readResponseKey(node), typename: type.name };
        const below = places.findBelow(place, field.name);
        if (!visitor.field(place, field, node, here, below)) continue;
        if (node.selectionSet && below) enter(node.selectionSet, below, here);
      } else {
        const inner = readFragment(node, fragments);
        const narrowType = inner && findNarrowedType(schema, type, inner.condition);
        if (!narrowType) continue;
        const narrowed = places.findNarrowed(place, narrowType);
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

/** Finds the type of selections under a type condition. @returns `undefined` where no object can be of both types. */
function findNarrowedType(
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
