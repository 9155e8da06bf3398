/**
 * CollectFields (GraphQL specification, section 6.3.2): which fields a selection set has after fragments are expanded. All
 * controls share it.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  type InlineFragmentNode,
  isAbstractType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Fragment name -> definition. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const none: Fragments = new Map();
const fragmentsByDocument = new WeakMap<DocumentNode, Fragments>();

/**
 * Indexes the fragments of a document by name, once per document. Of several with one name the last counts, as in graphql-js.
 */
export function indexFragments(document: DocumentNode): Fragments {
  const known = document.definitions.length > 1 ? fragmentsByDocument.get(document) : undefined;
  if (known) return known;
  const found = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) found.set(definition.name.value, definition);
  }
  if (found.size === 0) return none;
  fragmentsByDocument.set(document, found);
  return found;
}

/** Reads the response key of a field: its alias, or its name where it has none. */
export function readResponseKey({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/**
 * Whether a field is the plain `__typename` that clients add to their selection sets. The document is not validated yet: a field
 * with a selection set or arguments is not, whatever its name.
 */
export function isTypename({ name, selectionSet, arguments: given }: FieldNode): boolean {
  return name.value === '__typename' && !selectionSet && !given?.length;
}

/** Finds the set with the same fields: that of the fragment, where a set is nothing but the spread of one. */
export function followLoneSpread(set: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  const only = findLoneSpread(set);
  return (only && fragments.get(only.name.value)?.selectionSet) ?? set;
}

/** Finds the spread where a set is nothing else. */
export function findLoneSpread({ selections }: SelectionSetNode): FragmentSpreadNode | undefined {
  const [only] = selections;
  return selections.length === 1 && only?.kind === Kind.FRAGMENT_SPREAD ? only : undefined;
}

/** Which selections are collected. */
export interface SelectionFilter {
  readonly fragments: Fragments;
  /**
   * Whether the directives of a node let it take part. `@skip` and `@include`: {@link createInclusionTest}, or `() => true`
   * for both branches.
   */
  readonly includes: (node: SelectionNode) => boolean;
  /** Whether a fragment with this type condition takes part: {@link createTypeTest}, or `() => true` for all. */
  readonly applies: (typeCondition: string) => boolean;
  /** Called with each selection set before it is read, those of fragments included. */
  readonly opens?: (set: SelectionSetNode) => void;
}

/** Makes the test of `@skip` and `@include` under these coerced variables (GraphQL specification, section 3.13). */
export function createInclusionTest(variables: Readonly<Record<string, unknown>>): (node: SelectionNode) => boolean {
  return function isIncluded(node) {
    if (!node.directives?.length) return true;
    try {
      return (
        getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] !== true &&
        getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
      );
    } catch {
      // `if` is null, through a nullable variable with a default. Execution refuses the node; until then it counts.
      return true;
    }
  };
}

/** Makes the test of whether a fragment with a type condition applies to objects of `type`. */
export function createTypeTest(schema: GraphQLSchema, type: GraphQLObjectType): SelectionFilter['applies'] {
  return function appliesToType(typeCondition) {
    if (typeCondition === type.name) return true;
    const condition = schema.getType(typeCondition);
    return isAbstractType(condition) && schema.isSubType(condition, type);
  };
}

/** What {@link walkSelections} asks and calls. @template G what holds at a selection, such as its conditions. */
export interface SelectionWalker<G> {
  readonly fragments: Fragments;
  /**
   * Finds what holds for a node with directives.
   *
   * @param around what holds for its parent.
   * @returns `undefined` to leave the node out.
   */
  under(node: SelectionNode, around: G): G | undefined;
  /** Whether a fragment with this type condition is entered. */
  applies(typeCondition: string): boolean;
  /** Whether a named fragment is entered. One that was entered before can only add other conditions. */
  enters(name: string, here: G): boolean;
  /** Called with each selection set before it is walked. */
  opens(set: SelectionSetNode): void;
  /** Called with each field. */
  field(node: FieldNode, here: G): void;
}

/** Where the walk of a selection set goes on after a fragment in it. */
interface Cursor<G> {
  readonly set: SelectionSetNode;
  readonly next: number;
  readonly around: G;
}

/** Visits the fields of a selection set in the order of the document. Fragments are expanded, and fields are not entered. */
export function walkSelections<G>(outermost: SelectionSetNode, outside: G, walking: SelectionWalker<G>): void {
  // A stack instead of recursion, because the client chooses how deep fragments nest.
  const left: Cursor<G>[] = [];
  let set = outermost;
  let around = outside;
  let next = 0;
  walking.opens(set);
  for (;;) {
    const node = set.selections[next];
    next += 1;
    if (!node) {
      const back = left.pop();
      if (!back) return;
      ({ set, next, around } = back);
      continue;
    }
    const here = node.directives?.length ? walking.under(node, around) : around;
    if (here === undefined) continue;
    if (node.kind === Kind.FIELD) {
      walking.field(node, here);
      continue;
    }
    const inner = enterFragment(node, walking, here);
    if (!inner) continue;
    left.push({ set, next, around });
    walking.opens(inner);
    set = inner;
    next = 0;
    around = here;
  }
}

/** Finds the selection set of a fragment. @returns `undefined` where it is unknown, does not apply or is not entered. */
function enterFragment<G>(
  node: InlineFragmentNode | FragmentSpreadNode,
  walking: SelectionWalker<G>,
  here: G,
): SelectionSetNode | undefined {
  if (node.kind === Kind.INLINE_FRAGMENT) {
    return !node.typeCondition || walking.applies(node.typeCondition.name.value) ? node.selectionSet : undefined;
  }
  const fragment = walking.fragments.get(node.name.value);
  const entered =
    fragment && walking.enters(node.name.value, here) && walking.applies(fragment.typeCondition.name.value);
  return entered ? fragment.selectionSet : undefined;
}

/**
 * A walk through merged selection sets that enters each fragment once, whatever its conditions. Subclasses can leave
 * selections out.
 */
export abstract class FieldWalk implements SelectionWalker<true> {
  readonly fragments: Fragments;
  readonly #entered = new Set<string>();

  constructor(fragments: Fragments) {
    this.fragments = fragments;
  }

  /** Visits the fields of merged selection sets. @returns itself. */
  walk(sets: Iterable<SelectionSetNode>): this {
    for (const set of sets) walkSelections(set, true, this);
    return this;
  }

  under(_node: SelectionNode): true | undefined {
    return true;
  }

  applies(_typeCondition: string): boolean {
    return true;
  }

  enters(name: string): boolean {
    const { size } = this.#entered;
    return this.#entered.add(name).size > size;
  }

  opens(_set: SelectionSetNode): void {}

  abstract field(node: FieldNode): void;
}

/**
 * Groups the fields of merged selection sets. Each fragment is entered once.
 *
 * @returns response key -> the fields with it, in the order of the document.
 */
export function collectFields(sets: Iterable<SelectionSetNode>, selecting: SelectionFilter): Map<string, FieldNode[]> {
  return new FieldCollector(selecting).walk(sets).grouped;
}

class FieldCollector extends FieldWalk {
  readonly grouped = new Map<string, FieldNode[]>();
  readonly #selecting: SelectionFilter;

  constructor(selecting: SelectionFilter) {
    super(selecting.fragments);
    this.#selecting = selecting;
  }

  override under(node: SelectionNode): true | undefined {
    return this.#selecting.includes(node) ? true : undefined;
  }

  override applies(typeCondition: string): boolean {
    return this.#selecting.applies(typeCondition);
  }

  override opens(set: SelectionSetNode): void {
    this.#selecting.opens?.(set);
  }

  field(node: FieldNode): void {
    const key = readResponseKey(node);
    const group = this.grouped.get(key);
    if (group) group.push(node);
    else this.grouped.set(key, [node]);
  }
}
