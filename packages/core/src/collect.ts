/** CollectFields (GraphQL specification, section 6.3.2): the one grouping of fields that every control shares. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const fragmentsByDocument = new WeakMap<DocumentNode, Fragments>();

/** name -> definition; of several with one name the last, as in graphql-js. */
export function fragmentsOf(document: DocumentNode): Fragments {
  let fragments = fragmentsByDocument.get(document);
  if (!fragments) {
    const found = new Map<string, FragmentDefinitionNode>();
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) found.set(definition.name.value, definition);
    }
    fragments = found;
    fragmentsByDocument.set(document, fragments);
  }
  return fragments;
}

/** Which selections take part. */
export interface Selecting {
  readonly fragments: Fragments;
  /** `@skip` and `@include`: {@link included}, or `() => true` for both branches. */
  readonly includes: (node: SelectionNode) => boolean;
  /** Type conditions: {@link typeApplies}, or `() => true` for all. */
  readonly applies: (typeCondition: string) => boolean;
}

/** `@skip` and `@include` under these coerced variables. */
export function included(variables: Readonly<Record<string, unknown>>): (node: SelectionNode) => boolean {
  return (node) => {
    if (!node.directives?.length) return true;
    try {
      return (
        getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] !== true &&
        getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
      );
    } catch {
      return true; // `if` is null, through a nullable variable with a default: execution refuses it, until then it counts
    }
  };
}

/** Whether a fragment on the named type applies to objects of `type`. */
export function typeApplies(schema: GraphQLSchema, type: GraphQLObjectType): (typeCondition: string) => boolean {
  return (typeCondition) => {
    if (typeCondition === type.name) return true;
    const condition = schema.getType(typeCondition);
    return isAbstractType(condition) && schema.isSubType(condition, type);
  };
}

/**
 * Groups the fields of merged selection sets.
 *
 * @returns response key -> the fields under it, in the order of the document. Each fragment is entered once.
 */
export function collectFields(sets: Iterable<SelectionSetNode>, selecting: Selecting): Map<string, FieldNode[]> {
  const grouped = new Map<string, FieldNode[]>();
  const entered = new Set<string>();
  // A stack of its own instead of recursion: how deep fragments nest is the client's choice. First selection on top.
  const waiting: SelectionNode[] = [];
  const push = ({ selections }: SelectionSetNode): void => {
    for (let i = selections.length - 1; i >= 0; i -= 1) waiting.push(selections[i] as SelectionNode);
  };
  for (const set of sets) {
    push(set);
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (!selecting.includes(node)) continue;
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const group = grouped.get(key);
        if (group) group.push(node);
        else grouped.set(key, [node]);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        if (!node.typeCondition || selecting.applies(node.typeCondition.name.value)) push(node.selectionSet);
      } else {
        const fragment = selecting.fragments.get(node.name.value);
        if (!fragment || entered.has(node.name.value)) continue;
        entered.add(node.name.value);
        if (selecting.applies(fragment.typeCondition.name.value)) push(fragment.selectionSet);
      }
    }
  }
  return grouped;
}
