/** Counts that can be combined: those of a fragment are added wherever it is spread. They saturate. */
import type { DirectiveNode, SelectionSetNode } from 'graphql';
import type { Fragments } from './collect-fields.ts';
import { Merging } from './merge-selections.ts';

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
  /** Of a fragment: selections of its outermost set, with those of the fragments in it. */
  flat: number;
  /** Response keys of the outermost set, not looking into fragments. */
  ownKeys: number;
  /** Of a fragment: whether it is still being counted. */
  isOpen: boolean;
  /** Of a fragment: whether a set that is nothing but its spread has been counted. */
  isShown: boolean;
}

/** What the definitions of one document share. Most documents fill few of the collections. */
export class Counted {
  readonly definitions: Fragments;
  /** The selection sets of the operations, then of every fragment that none of those before it reaches. */
  readonly roots: SelectionSetNode[] = [];
  /** Selection sets of fields and operations with a fragment in them; those of fragments are part of these. */
  mixed: SelectionSetNode[] | undefined;
  /** Selection sets that repeat a response key by themselves. */
  repeating: Set<SelectionSetNode> | undefined;
  /** A lower bound of the repeated fields of the document: those that one selection set repeats by itself, or more that were found. */
  repeats = 0;
  /** Selections, each counted once. */
  written = 0;
  /**
   * Selections to look at where each set is walked once, with the fragments in it: what a set that is nothing but the spread of
   * a fragment shows is shown by the fragment.
   */
  flat = 0;
  /** Expanded selections of the operations with aliases. */
  expanded = 0;
  #fragments: Map<string, Counts> | undefined;
  /** Selection sets of fields with aliases in them or below, fragments expanded, and how many; what {@link aliases} has not taken. */
  readonly aliased: (readonly [SelectionSetNode, number])[] = [];
  #aliases: Map<SelectionSetNode, number> | undefined;
  #merging: Merging | undefined;

  constructor(definitions: Fragments) {
    this.definitions = definitions;
  }

  /** Fragment name -> its counts, the directives of its definition among them. */
  get fragments(): Map<string, Counts> {
    this.#fragments ??= new Map();
    return this.#fragments;
  }

  /** Selection set -> aliases in it and below, where there are any: a table that few documents need. */
  get aliases(): ReadonlyMap<SelectionSetNode, number> {
    this.#aliases ??= new Map();
    for (const [set, aliases] of this.aliased.splice(0)) this.#aliases.set(set, aliases);
    return this.#aliases;
  }

  get merging(): Merging {
    this.#merging ??= new Merging(this.definitions, this.written);
    return this.#merging;
  }

  /** Counting is done: a document may be kept for long. */
  forgetMerging(): void {
    this.#merging = undefined;
  }
}

/** Counts the directives of one node. */
export function addDirectives(to: Counts, directives: readonly DirectiveNode[] | undefined): void {
  if (!directives?.length) return;
  to.directives = saturate(to.directives + directives.length);
  to.directivesPerNode = Math.max(to.directivesPerNode, directives.length);
}

/** Counts of what is still to be counted. */
export function nothing(): Counts {
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
    flat: 0,
    ownKeys: 0,
    isOpen: false,
    isShown: false,
  };
}

/** Single steps need not saturate: what they add to stands in the document. */
export function saturate(sum: number): number {
  return sum <= Number.MAX_SAFE_INTEGER ? sum : Infinity;
}

/** @param introspecting the level of the `__schema` or `__type` at or around the field; 0 outside. */
export function reach(counts: Counts, level: number, introspecting: number): void {
  counts.anyDepth = Math.max(counts.anyDepth, level);
  if (introspecting > 0) counts.introspectionDepth = Math.max(counts.introspectionDepth, level - introspecting + 1);
  else counts.depth = Math.max(counts.depth, level);
}

/** Adds a fragment where it is spread. @param level of the fields around. @param introspecting as in {@link reach}. */
export function addFragment(to: Counts, below: Counts, level: number, introspecting: number): void {
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
