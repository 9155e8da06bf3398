/**
 * Merges selection sets by response key, fragments expanded, whatever types they are for. A fragment that is spread in a hundred
 * sets is looked at a hundred times, and none of these looks compares a text or makes anything.
 */
import type { SelectionSetNode } from 'graphql';
import { behind, type Fragments } from './collect-fields.ts';
import type { Name } from './names.ts';
import { type Piece, Pieces, type Selected } from './pieces.ts';

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

/** Is told of the fields with selections. */
export interface Visitor {
  /** One that merges with no other. */
  single(field: Selected): void;
  /** All of one response key. */
  merging(fields: readonly Selected[]): void;
}

/** What one document remembers while its selection sets are merged. */
export class Merging {
  readonly #definitions: Fragments;
  readonly #pieces: Pieces;
  #merges = 0;

  /** @param written selections of the document, about. */
  constructor(definitions: Fragments, written: number) {
    this.#definitions = definitions;
    this.#pieces = new Pieces(definitions, written);
  }

  /** What one set shows by itself. */
  ofSet(set: SelectionSetNode): Merged {
    return this.#alone(this.#pieces.of(set));
  }

  /** What merges below fields of one response key. One that merges with no other shows the same wherever it stands. */
  ofFields(selected: readonly Selected[]): Merged {
    const pieces = selected.map((one) => this.#pieces.below(one));
    const [only] = pieces;
    return only && pieces.length === 1 ? this.#alone(only) : this.#merge(pieces);
  }

  /** Shows what is selected below. */
  visit({ pieces, repeated }: Merged, visitor: Visitor): void {
    const merge = (this.#merges += 1);
    const groups = repeated === 0 ? [] : grouped(pieces, merge);
    for (const { selected } of pieces) {
      for (const field of selected) if (field.key.mergesIn !== merge) visitor.single(field);
    }
    for (const group of groups) visitor.merging(group);
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
    const one = shown === piece.set ? piece : this.#pieces.of(shown);
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
      if (!piece.isRead) this.#pieces.read(piece);
      const { keys } = piece;
      looked += piece.set.selections.length;
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
}

/** The fields with selections that merge, by response key. */
function grouped(pieces: readonly Piece[], merge: number): Selected[][] {
  const groups: Selected[][] = [];
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
        groups.push(key.merging);
      }
    }
  }
  return groups;
}
