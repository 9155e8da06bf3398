/** CollectFields (GraphQL specification, section 6.3.2): the one grouping of fields that every control shares. */
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

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const none: Fragments = new Map();
const fragmentsByDocument = new WeakMap<DocumentNode, Fragments>();

/** name -> definition; of several with one name the last, as in graphql-js. */
export function fragmentsOf(document: DocumentNode): Fragments {
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

/** What the value of a field is called in the answer. */
export function responseKey({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/**
 * Whether a field is the plain `__typename` that clients add to what they were asked for. What has a selection set or arguments
 * is none, whatever it is called: this is asked before validation.
 */
export function isTypename({ name, selectionSet, arguments: given }: FieldNode): boolean {
  return name.value === '__typename' && !selectionSet && !given?.length;
}

/** The set that shows the same: that of a fragment, where a set is nothing but its spread. */
export function behind(set: SelectionSetNode, fragments: Fragments): SelectionSetNode {
  const only = onlySpread(set);
  return (only && fragments.get(only.name.value)?.selectionSet) ?? set;
}

/** The spread that a set is, where it is nothing else. */
export function onlySpread({ selections }: SelectionSetNode): FragmentSpreadNode | undefined {
  const [only] = selections;
  return selections.length === 1 && only?.kind === Kind.FRAGMENT_SPREAD ? only : undefined;
}

/** Which selections take part. */
export interface Selecting {
  readonly fragments: Fragments;
  /** `@skip` and `@include`: {@link included}, or `() => true` for both branches. */
  readonly includes: (node: SelectionNode) => boolean;
  /** Type conditions: {@link typeApplies}, or `() => true` for all. */
  readonly applies: (typeCondition: string) => boolean;
  /** Told of each selection set before it is looked at, those of fragments among them. */
  readonly opens?: (set: SelectionSetNode) => void;
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
export function typeApplies(schema: GraphQLSchema, type: GraphQLObjectType): Selecting['applies'] {
  return (typeCondition) => {
    if (typeCondition === type.name) return true;
    const condition = schema.getType(typeCondition);
    return isAbstractType(condition) && schema.isSubType(condition, type);
  };
}

/** How {@link walkSelections} goes, and what it tells: `G` is what holds where it stands. */
export interface Walking<G> {
  readonly fragments: Fragments;
  /** What holds for a node with directives, given what holds around it; `undefined` leaves it out. */
  under(node: SelectionNode, around: G): G | undefined;
  applies(typeCondition: string): boolean;
  /** Whether a fragment is entered. One that was entered before adds nothing but other conditions. */
  enters(name: string, here: G): boolean;
  /** Told of each selection set before it is walked. */
  opens(set: SelectionSetNode): void;
  /** Told of each field. */
  field(node: FieldNode, here: G): void;
}

/** Where a selection set is left for a fragment in it. */
interface Cursor<G> {
  readonly set: SelectionSetNode;
  readonly next: number;
  readonly around: G;
}

/** Visits the fields of a selection set in the order of the document, fragments expanded, fields not entered. */
export function walkSelections<G>(outermost: SelectionSetNode, outside: G, walking: Walking<G>): void {
  // A stack of its own instead of recursion: how deep fragments nest is the client's choice.
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

/** @returns what a fragment selects; `undefined` where it is unknown, does not apply or is not entered. */
function enterFragment<G>(
  node: InlineFragmentNode | FragmentSpreadNode,
  walking: Walking<G>,
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

/** One walk through merged selection sets. It enters each fragment once, whatever its conditions are: a subclass can leave some out. */
export abstract class FieldWalk implements Walking<true> {
  readonly fragments: Fragments;
  readonly #entered = new Set<string>();

  constructor(fragments: Fragments) {
    this.fragments = fragments;
  }

  /** Visits the fields of merged selection sets. */
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
 * Groups the fields of merged selection sets.
 *
 * @returns response key -> the fields under it, in the order of the document. Each fragment is entered once.
 */
export function collectFields(sets: Iterable<SelectionSetNode>, selecting: Selecting): Map<string, FieldNode[]> {
  return new Collecting(selecting).walk(sets).grouped;
}

class Collecting extends FieldWalk {
  readonly grouped = new Map<string, FieldNode[]>();
  readonly #selecting: Selecting;

  constructor(selecting: Selecting) {
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
    const key = responseKey(node);
    const group = this.grouped.get(key);
    if (group) group.push(node);
    else this.grouped.set(key, [node]);
  }
}
