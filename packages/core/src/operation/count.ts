/**
 * Counts selection sets in one walk: each fragment is counted once and its counts are added wherever it is spread, so that the
 * work is linear in the document whatever its fragments do. Counts saturate; cyclic and unknown fragments are safe, and so is
 * any depth of nesting.
 */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, fragmentsOf, isTypename, onlySpread } from './collect-fields.ts';

/** Counts of a selection set, fragments expanded. `anyDepth` is the depth that it would have below `__schema`. */
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

/** Counts of a fragment. */
interface FragmentCounts extends Counts {
  /** Whether it is still being counted. */
  isOpen: boolean;
  /** Selections of its outermost set, with those of the fragments in it. */
  flat: number;
  /** Whether a set that is nothing but its spread was counted. */
  isShown: boolean;
}

/** What a selection set belongs to: `whole` is that of a field or an operation, the others are part of one. */
type Part = 'whole' | 'inline' | 'spread';

/** A selection set that is being counted. */
interface Frame {
  readonly set: SelectionSetNode;
  /** Shared by the sets of one fragment or operation. */
  readonly counts: FragmentCounts;
  readonly part: Part;
  /** Fields of the same fragment or operation around this set. */
  readonly level: number;
  /** Level of the `__schema` or `__type` around this set; 0 outside. */
  readonly introspecting: number;
  readonly keysBefore: number;
  /** Selections so far, with those of the fragments in it. */
  flat: number;
  next: number;
}

/** Counts the definitions of one document. */
export class DocumentCounter {
  readonly fragments: Fragments;
  /** The selection sets of the operations, then of every fragment that none of those before it reaches. */
  readonly roots: SelectionSetNode[] = [];
  /** Selection set of a field or an operation -> aliased fields in it and below, fragments expanded, where there are any. */
  readonly aliases: Map<SelectionSetNode, number> = new Map();
  /** Selections, each counted once. */
  written = 0;
  /**
   * Selections to look at where each set is walked once, with the fragments in it: what a set that is nothing but the spread of
   * a fragment shows is shown by the fragment.
   */
  flat = 0;
  /** Fragment name -> its counts, the directives of its definition among them. */
  readonly #counted = new Map<string, FragmentCounts>();

  constructor(document: DocumentNode) {
    this.fragments = fragmentsOf(document);
  }

  /** Counts the selection set of a definition that none before it reaches. */
  countDefinition(set: SelectionSetNode): Counts {
    return this.#count(set, startCounts());
  }

  /** Counts the fragments that no operation reached, those of which the name is taken among them. */
  countUnreached({ definitions }: DocumentNode): void {
    for (const definition of definitions) {
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
      const { name, selectionSet } = definition;
      if (this.fragments.get(name.value) !== definition) this.countDefinition(selectionSet);
      else if (!this.#counted.has(name.value)) this.#count(selectionSet, this.#open(definition)).isOpen = false;
    }
  }

  /** Keeps a stack instead of recursion: a client chooses how deep selections nest. */
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
    // The last set to be left is the outermost one.
    counts.flat = flat;
    if (part === 'spread') counts.isOpen = false;
    if (part !== 'whole') return;
    this.flat = saturate(this.flat + this.#countShown(frame));
    if (counts.keys > keysBefore) this.aliases.set(set, counts.keys - keysBefore);
  }

  /** Selections of a set with those of the fragments in it; of a fragment that sets spread alone, once for all such sets. */
  #countShown({ set, flat }: Frame): number {
    const only = onlySpread(set);
    const alone = only && this.#counted.get(only.name.value);
    if (!alone) return flat;
    if (alone.isShown) return 0;
    alone.isShown = true;
    return alone.flat;
  }

  /** Begins with a fragment. */
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
    isShown: false,
  };
}

/** Counts the directives of one node. */
export function addDirectives(to: Counts, directives: readonly DirectiveNode[] | undefined): void {
  if (!directives?.length) return;
  to.directives = saturate(to.directives + directives.length);
  to.directivesPerNode = Math.max(to.directivesPerNode, directives.length);
}

/** @param introspecting the level of the `__schema` or `__type` at or around the field; 0 outside. */
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

/** Single steps need not saturate: what they add to stands in the document. */
function saturate(sum: number): number {
  return sum <= Number.MAX_SAFE_INTEGER ? sum : Infinity;
}
