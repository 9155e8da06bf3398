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

/** How {@link walkSelections} goes: `G` is what holds where it stands. */
export interface Walking<G> {
  readonly fragments: Fragments;
  /** What holds for a node, given what holds around it; `undefined` leaves it out. */
  readonly under: (node: SelectionNode, around: G) => G | undefined;
  readonly applies: Selecting['applies'];
  /** Whether a fragment is entered. One that was entered before adds nothing but other conditions. */
  readonly enters: (name: string, here: G) => boolean;
}

/** Visits the fields of merged selection sets in the order of the document, fragments expanded, fields not entered. */
export function walkSelections<G>(
  sets: Iterable<readonly [set: SelectionSetNode, here: G]>,
  { fragments, under, applies, enters }: Walking<G>,
  visit: (field: FieldNode, here: G) => void,
): void {
  // A stack of its own instead of recursion: how deep fragments nest is the client's choice. First selection on top.
  const waiting: SelectionNode[] = [];
  const around: G[] = [];
  const push = ({ selections }: SelectionSetNode, here: G): void => {
    for (let i = selections.length - 1; i >= 0; i -= 1) {
      waiting.push(selections[i] as SelectionNode);
      around.push(here);
    }
  };
  for (const [set, outer] of sets) {
    push(set, outer);
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      const here = under(node, around.pop() as G);
      if (here === undefined) continue;
      if (node.kind === Kind.FIELD) {
        visit(node, here);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        if (!node.typeCondition || applies(node.typeCondition.name.value)) push(node.selectionSet, here);
      } else {
        const fragment = fragments.get(node.name.value);
        if (fragment && enters(node.name.value, here) && applies(fragment.typeCondition.name.value)) {
          push(fragment.selectionSet, here);
        }
      }
    }
  }
}

/**
 * Groups the fields of merged selection sets.
 *
 * @returns response key -> the fields under it, in the order of the document. Each fragment is entered once.
 */
export function collectFields(sets: Iterable<SelectionSetNode>, selecting: Selecting): Map<string, FieldNode[]> {
  const { fragments, includes, applies } = selecting;
  const grouped = new Map<string, FieldNode[]>();
  const entered = new Set<string>();
  const walking: Walking<true> = {
    fragments,
    applies,
    under: (node) => (includes(node) ? true : undefined),
    enters: (name) => !entered.has(name) && entered.add(name).has(name),
  };
  walkSelections(
    Array.from(sets, (set) => [set, true] as const),
    walking,
    (node) => {
      const key = node.alias?.value ?? node.name.value;
      const group = grouped.get(key);
      if (group) group.push(node);
      else grouped.set(key, [node]);
    },
  );
  return grouped;
}
