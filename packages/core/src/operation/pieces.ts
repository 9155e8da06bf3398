/** What stands in the selection sets of a document: each is read once, and each text in it is one {@link Name} from then on. */
import { Kind, type SelectionSetNode } from 'graphql';
import type { Fragments } from './collect-fields.ts';
import type { Merged } from './merge-selections.ts';
import { type Name, Names } from './names.ts';

// Most sets have none of something, and arrays are what reading takes most time for.
const nothing: never[] = [];

/** A field with selections. */
export class Selected {
  readonly key: Name;
  readonly set: SelectionSetNode;
  /** The walk that met it last where it merges with no other. */
  metBy: object | undefined;
  piece: Piece | undefined;
  /** Aliases in its selections and below, once they were asked for. */
  aliases: number | undefined;

  constructor(key: Name, set: SelectionSetNode) {
    this.key = key;
    this.set = set;
  }
}

/** A selection set that a merge enters: that of a field, an operation or a fragment. */
export class Piece {
  readonly set: SelectionSetNode;
  /** An inline fragment stands at one place only. */
  readonly isInline: boolean;
  /** The merge that entered it last where it is spread. */
  spreadIn = 0;
  /** What it shows by itself, which is the same wherever it stands. */
  alone: Merged | undefined;

  isRead = false;
  /** By field: its response key. */
  keys: readonly Name[] = nothing;
  /** By field: its name. The same array where none has an alias. */
  names: readonly Name[] = nothing;
  aliased = 0;
  selected: readonly Selected[] = nothing;
  fragments: readonly Piece[] = nothing;

  constructor(set: SelectionSetNode, isInline: boolean) {
    this.set = set;
    this.isInline = isInline;
  }
}

/** The selection sets of one document. */
export class Pieces {
  readonly #definitions: Fragments;
  readonly #known = new Map<SelectionSetNode, Piece>();
  readonly #names: Names;

  /** @param written selections of the document, about. */
  constructor(definitions: Fragments, written: number) {
    this.#definitions = definitions;
    this.#names = new Names(written);
  }

  of(set: SelectionSetNode): Piece {
    let known = this.#known.get(set);
    if (!known) this.#known.set(set, (known = new Piece(set, false)));
    return known;
  }

  below(selected: Selected): Piece {
    selected.piece ??= this.of(selected.set);
    return selected.piece;
  }

  read(piece: Piece): void {
    const { selections } = piece.set;
    let fields = 0;
    for (const { kind } of selections) if (kind === Kind.FIELD) fields += 1;
    // Of the length that it will have: one that grows is given room for many more.
    const keys = fields === 0 ? nothing : Array<Name>(fields);
    let names = keys;
    let selected: Selected[] = nothing;
    let fragments: Piece[] = nothing;
    let field = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const { alias, selectionSet } = node;
        if (alias) piece.aliased += 1;
        if (alias && names === keys) names = keys.slice();
        const key = this.#names.of((alias ?? node.name).value);
        keys[field] = key;
        names[field] = alias ? this.#names.of(node.name.value) : key;
        field += 1;
        if (!selectionSet) continue;
        selected = added(selected, new Selected(key, selectionSet));
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        fragments = added(fragments, new Piece(node.selectionSet, true));
      } else {
        const definition = this.#definitions.get(node.name.value);
        if (definition) fragments = added(fragments, this.of(definition.selectionSet));
      }
    }
    piece.isRead = true;
    piece.keys = keys;
    piece.names = names;
    piece.selected = selected;
    piece.fragments = fragments;
  }
}

/** Most lists have one entry: a list that begins with it takes no more room than that. */
function added<T>(list: T[], entry: T): T[] {
  if (list.length === 0) return [entry];
  list.push(entry);
  return list;
}
