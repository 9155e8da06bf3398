/**
 * Counts selection sets in one walk: each fragment is counted once and combined where it is spread, so that the work is
 * linear in the document whatever its fragments do. Counts saturate; cyclic and unknown fragments are safe, and so is any
 * depth of nesting.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { onlySpread } from './collect-fields.ts';
import { addDirectives, addFragment, type Counted, type Counts, nothing, reach, saturate } from './count.ts';
import { beginKeys, repeatsKey } from './distinct-keys.ts';

/** What a selection set belongs to: `whole` is that of a field or an operation, the others are part of one. */
type Part = 'whole' | 'inline' | 'spread';

/** A selection set on its way. */
interface Frame {
  readonly set: SelectionSetNode;
  /** Shared by the sets of one fragment or operation. */
  readonly counts: Counts;
  readonly part: Part;
  /** Fields of the same fragment or operation around this set. */
  readonly level: number;
  /** Level of the `__schema` or `__type` around this set; 0 outside. */
  readonly introspecting: number;
  readonly aliasesBefore: number;
  /** Selections so far, with those of the fragments in it. */
  flat: number;
  next: number;
}

/**
 * Counts the selection set of a definition that none before it reaches. Its own stack instead of recursion: nesting is the
 * client's to choose.
 */
export function countSelections(set: SelectionSetNode, counted: Counted, into: Counts = nothing()): Counts {
  counted.roots.push(set);
  let frame = enter(set, into, 0, 0, counted, 'whole');
  const above: Frame[] = [];
  for (;;) {
    const { counts } = frame;
    const node = frame.set.selections[frame.next++];
    if (!node) {
      const { part, flat } = frame;
      // The last set to be left is the outermost one.
      counts.flat = flat;
      if (part === 'whole') {
        counted.flat = saturate(counted.flat + shownBy(frame, counted));
        const aliases = counts.aliases - frame.aliasesBefore;
        if (aliases > 0) counted.aliased.push([frame.set, aliases]);
      }
      const parent = above.pop();
      if (!parent) return counts;
      frame = parent;
      if (part === 'spread') {
        counts.isOpen = false;
        spread(frame, counts);
      } else if (part === 'inline') frame.flat = saturate(frame.flat + flat);
    } else if (node.kind === Kind.FIELD) {
      if (!node.selectionSet) continue;
      above.push(frame);
      const level = frame.level + 1;
      const introspecting = frame.introspecting || (introspects(node) ? level : 0);
      frame = enter(node.selectionSet, counts, level, introspecting, counted, 'whole');
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      above.push(frame);
      frame = enter(node.selectionSet, counts, frame.level, frame.introspecting, counted, 'inline');
    } else {
      const name = node.name.value;
      const known = counted.fragments.get(name);
      if (known) {
        if (known.isOpen) counts.cyclic = true;
        else spread(frame, known);
        continue;
      }
      const definition = counted.definitions.get(name);
      if (!definition) continue;
      above.push(frame);
      frame = enter(definition.selectionSet, open(definition, counted), 0, 0, counted, 'spread');
    }
  }
}

/** Counts what stands in the set itself. */
function enter(
  set: SelectionSetNode,
  counts: Counts,
  level: number,
  introspecting: number,
  counted: Counted,
  part: Part,
): Frame {
  const { selections } = set;
  const aliasesBefore = counts.aliases;
  let next = selections.length;
  beginKeys(next);
  let aliases = 0;
  let fields = 0;
  let repeats = 0;
  let starting = 0;
  let deepens = false;
  for (let i = next - 1; i >= 0; i -= 1) {
    const node = selections[i] as SelectionNode;
    if (node.directives?.length) addDirectives(counts, node.directives);
    if (node.kind !== Kind.FIELD) {
      next = i;
      continue;
    }
    fields += 1;
    if (node.alias) aliases += 1;
    if (repeatsKey(selections, i)) repeats += 1;
    if (introspects(node)) starting += 1;
    // What has a selection set is no `__typename` whatever it is called: validation has not spoken yet.
    else if (!deepens && (node.selectionSet || node.name.value !== '__typename')) deepens = true;
    if (node.selectionSet) next = i;
  }
  if (level === 0 && part === 'whole') counts.ownKeys = fields - repeats;
  if (repeats > 0) {
    counted.repeats += repeats;
    (counted.repeating ??= new Set()).add(set);
  }
  counted.written += selections.length;
  counts.selections += selections.length;
  counts.aliases += aliases;
  if (part === 'whole' && fields < selections.length) (counted.mixed ??= []).push(set);
  if (introspecting > 0) {
    counts.introspectionFields += fields;
    if (deepens || starting > 0) reach(counts, level + 1, introspecting);
  } else {
    counts.introspectionFields += starting;
    counts.fields += fields - starting;
    if (deepens) reach(counts, level + 1, 0);
    if (starting > 0) reach(counts, level + 1, level + 1);
  }
  return { set, counts, part, level, introspecting, aliasesBefore, flat: selections.length, next };
}

const underscore = 95;

function introspects({ name: { value } }: FieldNode): boolean {
  // Comparing texts takes longer than comparing one letter, and hardly any name begins like these.
  return value.charCodeAt(0) === underscore && (value === '__schema' || value === '__type');
}

/** Selections of a set with those of the fragments in it; of a fragment that a set spreads alone, once for all such sets. */
function shownBy({ set, flat }: Frame, { fragments }: Counted): number {
  const only = onlySpread(set);
  const alone = only && fragments.get(only.name.value);
  if (!alone) return flat;
  if (alone.isShown) return 0;
  alone.isShown = true;
  return alone.flat;
}

function spread(frame: Frame, below: Counts): void {
  frame.flat = saturate(frame.flat + below.flat);
  addFragment(frame.counts, below, frame.level, frame.introspecting);
}

/** Begins with a fragment. */
function open({ name, directives }: FragmentDefinitionNode, counted: Counted): Counts {
  const counts = nothing();
  counts.isOpen = true;
  addDirectives(counts, directives);
  counted.fragments.set(name.value, counts);
  return counts;
}

/** Counts the fragments that no operation reached, those of which the name is taken among them. */
export function countUnreached(document: DocumentNode, counted: Counted): void {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const { name, selectionSet } = definition;
    if (counted.definitions.get(name.value) !== definition) countSelections(selectionSet, counted);
    else if (!counted.fragments.has(name.value)) {
      countSelections(selectionSet, counted, open(definition, counted)).isOpen = false;
    }
  }
}
