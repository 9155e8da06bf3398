/**
 * Counts selection sets in one walk, and finds fragments that spread themselves (`cyclic`). Each fragment is counted once, and its counts are added wherever it is spread, so the
 * work is linear in the size of the document. Counts that grow too large become `Infinity`. Cyclic and unknown fragments and
 * any nesting are safe.
 */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, findLoneSpread, indexFragments, isTypename } from './collect-fields.ts';

/**
 * Counts of a selection set with fragments expanded, as `OperationFacts` describes them. `anyDepth` is the depth that it
 * would have below `__schema`.
 */
export interface Counts {
  depth: number;
  anyDepth: number;
  introspectionDepth: number;
  fields: number;
  introspectionFields: number;
  selections: number;
  /** Aliased fields, `__typename` left out. */
  aliases: number;
  /** Aliased fields, `__typename` among them. */
  keys: number;
  directives: number;
  directivesPerNode: number;
  fragmentDepth: number;
  cyclic: boolean;
}

/** Counts of a fragment, or of an operation as if it were one. */
interface FragmentCounts extends Counts {
  /** Whether it is still being counted. */
  isOpen: boolean;
  /** Selections of its outermost set and of the fragments spread there. */
  flat: number;
  /** Whether a set that is nothing but its spread has been added to {@link DocumentCounter.flat}. */
  isAdded: boolean;
}

/** `whole`: the selection set of a field or operation. `inline` and `spread`: that of a fragment, which is a part of one. */
type Part = 'whole' | 'inline' | 'spread';

/** A selection set that is being counted. */
interface Frame {
  readonly set: SelectionSetNode;
  /** Shared by all sets of one fragment or operation. */
  readonly counts: FragmentCounts;
  readonly part: Part;
  /** Number of fields around this set in the same fragment or operation. */
  readonly level: number;
  /** Level of the `__schema` or `__type` around this set; 0 where there is none. */
  readonly introspecting: number;
  /** Aliased fields of the fragment or operation that were counted before this set, `__typename` among them. */
  readonly keysBefore: number;
  /** Selections so far, with those of the fragments spread here. */
  flat: number;
  /** Index of the next selection. */
  next: number;
}

/** Counts the definitions of one document. */
export class DocumentCounter {
  readonly fragments: Fragments;
  /** The selection sets of the operations, then those of every fragment that no set before it reaches. */
  readonly roots: SelectionSetNode[] = [];
  /**
   * Selection set of a field or operation -> aliased fields in and below it with fragments expanded, `__typename` among them,
   * where there are any.
   */
  readonly aliases: Map<SelectionSetNode, number> = new Map();
  /** Selections as they are written in the document. */
  written = 0;
  /**
   * Selections that are read where each set is walked once with the fragments spread there. All sets that are nothing but the
   * spread of one fragment count as one, because they have the same fields.
   */
  flat = 0;
  /** Fragment name -> its counts, which include the directives of its definition. */
  readonly #counted = new Map<string, FragmentCounts>();

  constructor(document: DocumentNode) {
    this.fragments = indexFragments(document);
  }

  /** Counts the selection set of a definition that no earlier one reaches. */
  countDefinition(set: SelectionSetNode): Counts {
    return this.#count(set, startCounts());
  }

  /** Counts the fragments that no operation reaches, and those whose name belongs to another fragment. */
  countUnreached({ definitions }: DocumentNode): void {
    for (const definition of definitions) {
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
      const { name, selectionSet } = definition;
      if (this.fragments.get(name.value) !== definition) this.countDefinition(selectionSet);
      else if (!this.#counted.has(name.value)) this.#count(selectionSet, this.#open(definition)).isOpen = false;
    }
  }

  /** Uses a stack instead of recursion, because the client chooses how deep selections nest. */
  #count(root: SelectionSetNode, into: FragmentCounts): FragmentCounts {
    this.roots.push(root);
    let frame = this.#enter(root, into, 0, 0, 'whole');
    const above: Frame[] = [];
    for (;;) {
      const { counts, level, introspecting } = frame;
      const node = frame.set.selections[frame.next++];
      if (!node) {
        this.#leave(frame);
        const parent = above.pop();
        if (!parent) return counts;
        if (frame.part === 'spread') addFragment(parent, counts);
        else if (frame.part === 'inline') parent.flat = saturate(parent.flat + frame.flat);
        frame = parent;
        continue;
      }
      addDirectives(counts, node.directives);
      if (node.kind === Kind.FIELD) {
        const around = introspecting || (introspects(node) ? level + 1 : 0);
        countField(counts, node, level + 1, around);
        if (!node.selectionSet) continue;
        above.push(frame);
        frame = this.#enter(node.selectionSet, counts, level + 1, around, 'whole');
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        above.push(frame);
        frame = this.#enter(node.selectionSet, counts, level, introspecting, 'inline');
      } else {
        const fragment = this.fragments.get(node.name.value);
        const known = this.#counted.get(node.name.value);
        if (known?.isOpen) counts.cyclic = true;
        else if (known) addFragment(frame, known);
        else if (fragment) {
          above.push(frame);
          frame = this.#enter(fragment.selectionSet, this.#open(fragment), 0, 0, 'spread');
        }
      }
    }
  }

  #enter(set: SelectionSetNode, counts: FragmentCounts, level: number, introspecting: number, part: Part): Frame {
    const { length } = set.selections;
    this.written += length;
    counts.selections += length;
    return { set, counts, part, level, introspecting, keysBefore: counts.keys, flat: length, next: 0 };
  }

  #leave(frame: Frame): void {
    const { set, counts, part, flat, keysBefore } = frame;
    // The outermost set is left last, so its number stays.
    counts.flat = flat;
    if (part === 'spread') counts.isOpen = false;
    if (part !== 'whole') return;
    this.flat = saturate(this.flat + this.#countFlat(frame));
    if (counts.keys > keysBefore) this.aliases.set(set, counts.keys - keysBefore);
  }

  /**
   * @returns what a set adds to {@link DocumentCounter.flat}; 0 for the second set that is nothing but the spread of one
   * fragment.
   */
  #countFlat({ set, flat }: Frame): number {
    const only = findLoneSpread(set);
    const fragment = only && this.#counted.get(only.name.value);
    if (!fragment) return flat;
    if (fragment.isAdded) return 0;
    fragment.isAdded = true;
    return fragment.flat;
  }

  /** Starts to count a fragment. */
  #open({ name, directives }: FragmentDefinitionNode): FragmentCounts {
    const counts = startCounts();
    counts.isOpen = true;
    addDirectives(counts, directives);
    this.#counted.set(name.value, counts);
    return counts;
  }
}

function startCounts(): FragmentCounts {
  return {
    depth: 0,
    anyDepth: 0,
    introspectionDepth: 0,
    fields: 0,
    introspectionFields: 0,
    selections: 0,
    aliases: 0,
    keys: 0,
    directives: 0,
    directivesPerNode: 0,
    fragmentDepth: 0,
    cyclic: false,
    isOpen: false,
    flat: 0,
    isAdded: false,
  };
}

/** Counts the directives of one node. */
export function addDirectives(to: Counts, directives: readonly DirectiveNode[] | undefined): void {
  if (!directives?.length) return;
  to.directives = saturate(to.directives + directives.length);
  to.directivesPerNode = Math.max(to.directivesPerNode, directives.length);
}

/** Counts one field. @param introspecting the level of the `__schema` or `__type` at or around it; 0 where there is none. */
function countField(counts: Counts, node: FieldNode, level: number, introspecting: number): void {
  if (node.alias) counts.keys += 1;
  if (introspecting > 0) counts.introspectionFields += 1;
  else counts.fields += 1;
  if (isTypename(node)) return;
  if (node.alias) counts.aliases += 1;
  counts.anyDepth = Math.max(counts.anyDepth, level);
  if (introspecting > 0) counts.introspectionDepth = Math.max(counts.introspectionDepth, level - introspecting + 1);
  else counts.depth = Math.max(counts.depth, level);
}

function introspects({ name: { value } }: FieldNode): boolean {
  return value === '__schema' || value === '__type';
}

/** Adds a fragment to the set in which it is spread. */
function addFragment(frame: Frame, below: FragmentCounts): void {
  const { counts: to, level, introspecting } = frame;
  frame.flat = saturate(frame.flat + below.flat);
  to.selections = saturate(to.selections + below.selections);
  to.aliases = saturate(to.aliases + below.aliases);
  to.keys = saturate(to.keys + below.keys);
  to.directives = saturate(to.directives + below.directives);
  to.directivesPerNode = Math.max(to.directivesPerNode, below.directivesPerNode);
  to.fragmentDepth = Math.max(to.fragmentDepth, below.fragmentDepth + 1);
  to.cyclic ||= below.cyclic;
  to.anyDepth = Math.max(to.anyDepth, level + below.anyDepth);
  to.introspectionFields = saturate(to.introspectionFields + below.introspectionFields);
  if (introspecting > 0) {
    to.introspectionFields = saturate(to.introspectionFields + below.fields);
    to.introspectionDepth = Math.max(to.introspectionDepth, level + below.anyDepth - introspecting + 1);
  } else {
    to.fields = saturate(to.fields + below.fields);
    to.depth = Math.max(to.depth, level + below.depth);
    to.introspectionDepth = Math.max(to.introspectionDepth, below.introspectionDepth);
  }
}

/**
 * Turns a sum that is too large to be exact into `Infinity`. Single steps cannot reach that: they count what is written in
 * the document.
 */
function saturate(sum: number): number {
  return sum <= Number.MAX_SAFE_INTEGER ? sum : Infinity;
}
