/**
 * Counts selection sets in one walk: each fragment is counted once and combined where it is spread, so that the work is
 * linear in the document whatever its fragments do. Counts saturate; cyclic and unknown fragments are safe, and so is any
 * depth of nesting.
 */
import {
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Fragments } from './collect.ts';

/** Counts of a selection set, fragments expanded. `anyDepth` is the depth that it would have below `__schema`. */
export interface Counts {
  depth: number;
  anyDepth: number;
  introspectionDepth: number;
  fields: number;
  introspectionFields: number;
  selections: number;
  aliases: number;
  directives: number;
  directivesPerNode: number;
  fragmentDepth: number;
  cyclic: boolean;
}

/** What the operations of one document share. */
export interface Counted {
  /** Fragment name -> its counts; `open` while it is being counted. */
  readonly fragments: Map<string, Counts | 'open'>;
  /** Selection sets with an alias in them or below. */
  readonly aliased: Set<SelectionSetNode>;
}

/** A selection set on its way. */
interface Frame {
  readonly set: SelectionSetNode;
  /** Shared by the sets of one fragment or operation. */
  readonly counts: Counts;
  /** The spread that led into a fragment. */
  readonly spread: FragmentSpreadNode | undefined;
  /** Fields of the same fragment or operation around this set. */
  readonly level: number;
  /** Level of the `__schema` or `__type` around this set; 0 outside. */
  readonly introspecting: number;
  readonly aliasesBefore: number;
  next: number;
}

/** Counts a selection set. Its own stack instead of recursion: nesting is the client's to choose. */
export function countSelections(set: SelectionSetNode, definitions: Fragments, counted: Counted): Counts {
  let frame = enter(set, nothing(), 0, 0);
  const above: Frame[] = [];
  for (;;) {
    const { counts } = frame;
    const node: SelectionNode | undefined = frame.set.selections[frame.next++];
    if (!node) {
      if (counts.aliases > frame.aliasesBefore) counted.aliased.add(frame.set);
      const { spread } = frame;
      const parent = above.pop();
      if (!parent) return counts;
      frame = parent;
      if (spread) {
        counted.fragments.set(spread.name.value, counts);
        addFragment(frame, counts, definitions.get(spread.name.value));
      }
      continue;
    }
    counts.selections = saturate(counts.selections + 1);
    addDirectives(counts, node.directives);
    if (node.kind === Kind.FIELD) {
      const introspecting = addField(frame, node);
      if (!node.selectionSet) continue;
      above.push(frame);
      frame = enter(node.selectionSet, counts, frame.level + 1, introspecting);
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      above.push(frame);
      frame = enter(node.selectionSet, counts, frame.level, frame.introspecting);
    } else {
      const known = counted.fragments.get(node.name.value);
      const definition = definitions.get(node.name.value);
      if (known === 'open') counts.cyclic = true;
      else if (known) addFragment(frame, known, definition);
      else if (definition) {
        counted.fragments.set(node.name.value, 'open');
        above.push(frame);
        frame = enter(definition.selectionSet, nothing(), 0, 0, node);
      }
    }
  }
}

function enter(
  set: SelectionSetNode,
  counts: Counts,
  level: number,
  introspecting: number,
  spread?: FragmentSpreadNode,
): Frame {
  return { set, counts, spread, level, introspecting, aliasesBefore: counts.aliases, next: 0 };
}

/** @returns the level of the `__schema` or `__type` around what the field selects; 0 outside. */
function addField({ counts, level, introspecting }: Frame, node: FieldNode): number {
  const name = node.name.value;
  const start = introspecting || (name === '__schema' || name === '__type' ? level + 1 : 0);
  if (node.alias) counts.aliases = saturate(counts.aliases + 1);
  if (start) counts.introspectionFields = saturate(counts.introspectionFields + 1);
  else counts.fields = saturate(counts.fields + 1);
  // What has a selection set is no `__typename` whatever it is called: validation has not spoken yet.
  if (name !== '__typename' || node.selectionSet) reach(counts, level + 1, start);
  return start;
}

/** Adds a fragment where it is spread. */
function addFragment(frame: Frame, below: Counts, definition: FragmentDefinitionNode | undefined): void {
  const { counts: to, level, introspecting } = frame;
  addDirectives(to, definition?.directives);
  to.selections = saturate(to.selections + below.selections);
  to.aliases = saturate(to.aliases + below.aliases);
  to.directives = saturate(to.directives + below.directives);
  to.directivesPerNode = Math.max(to.directivesPerNode, below.directivesPerNode);
  to.fragmentDepth = Math.max(to.fragmentDepth, below.fragmentDepth + 1);
  to.cyclic ||= below.cyclic;
  to.anyDepth = Math.max(to.anyDepth, level + below.anyDepth);
  if (introspecting) {
    to.introspectionFields = saturate(to.introspectionFields + below.introspectionFields + below.fields);
    to.introspectionDepth = Math.max(to.introspectionDepth, level + below.anyDepth - introspecting + 1);
  } else {
    to.fields = saturate(to.fields + below.fields);
    to.depth = Math.max(to.depth, level + below.depth);
    to.introspectionFields = saturate(to.introspectionFields + below.introspectionFields);
    to.introspectionDepth = Math.max(to.introspectionDepth, below.introspectionDepth);
  }
}

function reach(counts: Counts, level: number, introspecting: number): void {
  counts.anyDepth = Math.max(counts.anyDepth, level);
  if (introspecting) counts.introspectionDepth = Math.max(counts.introspectionDepth, level - introspecting + 1);
  else counts.depth = Math.max(counts.depth, level);
}

/** Counts the directives of one node. */
export function addDirectives(to: Counts, directives: readonly DirectiveNode[] | undefined): void {
  if (!directives?.length) return;
  to.directives = saturate(to.directives + directives.length);
  to.directivesPerNode = Math.max(to.directivesPerNode, directives.length);
}

function nothing(): Counts {
  return {
    depth: 0,
    anyDepth: 0,
    introspectionDepth: 0,
    fields: 0,
    introspectionFields: 0,
    selections: 0,
    aliases: 0,
    directives: 0,
    directivesPerNode: 0,
    fragmentDepth: 0,
    cyclic: false,
  };
}

function saturate(sum: number): number {
  return sum <= Number.MAX_SAFE_INTEGER ? sum : Infinity;
}
