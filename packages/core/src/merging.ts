/**
 * Merges selection sets by response key, fragments expanded, whatever types they are for. Each set is read once for a document,
 * and each text in it is one {@link Name} from then on: a fragment that is spread in a hundred sets is looked at a hundred times,
 * and none of these looks compares a text or makes anything.
 */
import { Kind, type SelectionSetNode } from 'graphql';
import { behind, type Fragments } from './collect.ts';
import { type Name, Names } from './names.ts';

/** What selection sets show where they merge. */
export class Merged {
  /** What was merged, the fragments in it among them. */
  readonly pieces: readonly Piece[];
  /** Distinct response keys. */
  readonly keys: number;
  /** Fields with the response key of another one. */
  readonly repeated: number;
  /** Fields with an alias. */
  readonly aliased: number;
  /** Selections that were looked at. */
  readonly looked: number;
  below: readonly Below[] | undefined;
  /** The walk that met it last. */
  metBy: object | undefined;
  /** The most response keys of one field name, here and below, where they are more than a floor. */
  most: { readonly above: number; readonly found: number } | undefined;

  constructor(pieces: readonly Piece[], keys: number, repeated: number, aliased: number, looked: number) {
    this.pieces = pieces;
    this.keys = keys;
    this.repeated = repeated;
    this.aliased = aliased;
    this.looked = looked;
  }
}

/** Fields with selections. */
export interface Below {
  readonly selected: readonly Selected[];
  /** Whether they have one response key, so that their selections merge with each other; otherwise with none. */
  readonly merges: boolean;
  /** The walk that met it last: what merges with nothing is the same wherever it stands. */
  metBy: object | undefined;
}

// Most sets have none of something, and arrays are what reading takes most time for.
const nothing: never[] = [];

/** A field with selections. */
export class Selected {
  readonly key: Name;
  readonly set: SelectionSetNode;
  /** Aliases in its selections and below, fragments expanded. */
  readonly aliases: number;
  piece: Piece | undefined;

  constructor(key: Name, set: SelectionSetNode, aliases: number) {
    this.key = key;
    this.set = set;
    this.aliases = aliases;
  }
}

/** A selection set that a merge enters: that of a field, an operation or a fragment. */
export class Piece implements Below {
  readonly set: SelectionSetNode;
  /** An inline fragment stands at one place only. */
  readonly isInline: boolean;
  /** The merge that entered it last where it is spread. */
  spreadIn = 0;
  /** What it shows by itself, which is the same wherever it stands. */
  alone: Merged | undefined;

  isRead = false;
  selections = 0;
  /** By field: its response key. */
  keys: readonly Name[] = nothing;
  /** By field: its name. The same array where none has an alias. */
  names: readonly Name[] = nothing;
  aliased = 0;
  selected: readonly Selected[] = nothing;
  fragments: readonly Piece[] = nothing;

  readonly merges = false;
  metBy: object | undefined;

  constructor(set: SelectionSetNode, isInline: boolean) {
    this.set = set;
    this.isInline = isInline;
  }
}

/** What one document remembers while its selection sets are merged. */
export class Merging {
  readonly #definitions: Fragments;
  readonly #aliases: ReadonlyMap<SelectionSetNode, number> | undefined;
  readonly #pieces = new Map<SelectionSetNode, Piece>();
  readonly #names: Names;
  #merges = 0;

  /**
   * @param aliases in a selection set and below, fragments expanded; left out where there are none.
   * @param written selections of the document, about.
   */
  constructor(definitions: Fragments, aliases: ReadonlyMap<SelectionSetNode, number> | undefined, written: number) {
    this.#definitions = definitions;
    this.#aliases = aliases;
    this.#names = new Names(written);
  }

  /** What one set shows by itself. */
  ofSet(set: SelectionSetNode): Merged {
    return this.#alone(this.#known(set));
  }

  /** What is selected below a field that merges with no other: the same wherever it stands. */
  ofField(selected: Selected): Merged {
    return this.#alone(this.#pieceOf(selected));
  }

  /** What merges below fields of one response key. */
  ofFields(selected: readonly Selected[]): Merged {
    const [only] = selected;
    if (only && selected.length === 1) return this.ofField(only);
    return this.#merge(selected.map((one) => this.#pieceOf(one)));
  }

  /** The fields with selections, those of one response key together. */
  below(merged: Merged): readonly Below[] {
    merged.below ??= merged.repeated === 0 ? merged.pieces : grouped(merged.pieces, (this.#merges += 1));
    return merged.below;
  }

  /** The most response keys of one field name. */
  mostKeysPerName({ pieces }: Merged): number {
    const merge = (this.#merges += 1);
    /** Further names of a response key, which validation will refuse. */
    let others: Map<Name, Set<Name>> | undefined;
    let most = 0;
    for (const { keys, names } of pieces) {
      for (let field = 0; field < keys.length; field += 1) {
        const key = keys[field] as Name;
        const name = names[field] as Name;
        if (key.keyIn !== merge) {
          key.keyIn = merge;
          key.first = name;
        } else {
          if (key.first === name) continue;
          others ??= new Map();
          const known = others.get(key);
          if (known?.has(name)) continue;
          if (known) known.add(name);
          else others.set(key, new Set([name]));
        }
        name.keys = name.nameIn === merge ? name.keys + 1 : 1;
        name.nameIn = merge;
        most = Math.max(most, name.keys);
      }
    }
    return most;
  }

  #alone(piece: Piece): Merged {
    if (piece.alone) return piece.alone;
    // A set that is nothing but the spread of a fragment shows what the fragment does.
    const shown = behind(piece.set, this.#definitions);
    const one = shown === piece.set ? piece : this.#known(shown);
    one.alone ??= this.#merge([one]);
    piece.alone = one.alone;
    return piece.alone;
  }

  /** @param pieces to which what is spread in them is added. */
  #merge(pieces: Piece[]): Merged {
    const merge = (this.#merges += 1);
    let looked = 0;
    let fields = 0;
    let distinct = 0;
    let aliased = 0;
    for (let at = 0; at < pieces.length; at += 1) {
      const piece = pieces[at] as Piece;
      if (!piece.isRead) this.#read(piece);
      const { keys } = piece;
      looked += piece.selections;
      fields += keys.length;
      aliased += piece.aliased;
      for (const key of keys) {
        if (key.keyIn === merge) continue;
        key.keyIn = merge;
        distinct += 1;
      }
      for (const fragment of piece.fragments) {
        if (fragment.spreadIn === merge) continue;
        if (!fragment.isInline) fragment.spreadIn = merge;
        pieces.push(fragment);
      }
    }
    return new Merged(pieces, distinct, fields - distinct, aliased, looked);
  }

  #pieceOf(selected: Selected): Piece {
    selected.piece ??= this.#known(selected.set);
    return selected.piece;
  }

  #known(set: SelectionSetNode): Piece {
    let known = this.#pieces.get(set);
    if (!known) this.#pieces.set(set, (known = new Piece(set, false)));
    return known;
  }

  #read(piece: Piece): void {
    const keys: Name[] = [];
    let names = keys;
    let selected: Selected[] = nothing;
    let fragments: Piece[] = nothing;
    const { selections } = piece.set;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const { alias, selectionSet } = node;
        if (alias) piece.aliased += 1;
        if (alias && names === keys) names = [...keys];
        const key = this.#names.of((alias ?? node.name).value);
        keys.push(key);
        if (names !== keys) names.push(alias ? this.#names.of(node.name.value) : key);
        if (!selectionSet) continue;
        selected = added(selected, new Selected(key, selectionSet, this.#aliases?.get(selectionSet) ?? 0));
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        fragments = added(fragments, new Piece(node.selectionSet, true));
      } else {
        const definition = this.#definitions.get(node.name.value);
        if (definition) fragments = added(fragments, this.#known(definition.selectionSet));
      }
    }
    piece.isRead = true;
    piece.selections = selections.length;
    piece.keys = keys;
    piece.names = names;
    piece.selected = selected;
    piece.fragments = fragments;
  }
}

function grouped(pieces: readonly Piece[], merge: number): readonly Below[] {
  const below: Below[] = [];
  for (const { selected } of pieces) {
    for (const field of selected) {
      const { key } = field;
      if (key.belowIn !== merge) {
        key.belowIn = merge;
        key.below = field;
      } else if (key.mergesIn === merge) (key.merging as Selected[]).push(field);
      else {
        key.mergesIn = merge;
        key.merging = [key.below as Selected, field];
        below.push({ selected: key.merging, merges: true, metBy: undefined });
      }
    }
  }
  if (below.length === 0) return pieces;
  const single: Selected[] = [];
  for (const { selected } of pieces) for (const field of selected) if (field.key.mergesIn !== merge) single.push(field);
  below.push({ selected: single, merges: false, metBy: undefined });
  return below;
}

/** Most lists have one entry: a list that begins with it takes no more room than that. */
function added<T>(list: T[], entry: T): T[] {
  if (list.length === 0) return [entry];
  list.push(entry);
  return list;
}
