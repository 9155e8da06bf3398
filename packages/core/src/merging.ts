/**
 * Merges selection sets by response key, fragments expanded, whatever types they are for. Each set is read once for a document,
 * and each text in it is one {@link Name} from then on: a fragment that is spread in a hundred sets is looked at a hundred times,
 * and none of these looks compares a text.
 */
import { Kind, type SelectionSetNode } from 'graphql';
import { behind, type Fragments } from './collect.ts';
import { maxPlaceBits, placeOf } from './distinct-keys.ts';

/** What selection sets show where they merge. */
export interface Merged {
  /** Distinct response keys. */
  readonly keys: number;
  /** Fields with the response key of another one. */
  readonly repeated: number;
  /** The most response keys of one field name. */
  readonly mostKeysPerName: number;
  /** Selections that were looked at. */
  readonly looked: number;
  /** For each response key with selections those that merge. */
  readonly below: readonly (readonly Selected[])[];
  /** {@link mostKeysPerName} of this and all below it, where it is known. */
  mostBelow: number | undefined;
}

/** A text of the document, as a response key and as the name of a field. What a merge knows of it holds in that merge only. */
class Name {
  readonly text: string;
  /** The merges that met it last: as a response key, as one with selections, and as the name of a field. */
  keyIn = 0;
  belowIn = 0;
  nameIn = 0;
  /** What is selected below the response key. */
  below: Selected[] = nothing;
  /** The name of the first field with the response key. */
  first: Name | undefined;
  /** Response keys of the fields with the name. */
  keys = 0;

  constructor(text: string) {
    this.text = text;
  }
}

/** Text -> name. Most texts have a place of their own, which takes a third of what a `Map` takes to remember one. */
class Names {
  readonly #places: (Name | undefined)[] = [];
  #others: Map<string, Name> | undefined;

  constructor(expected: number) {
    this.#places.length = 1 << Math.min(maxPlaceBits, 33 - Math.clz32(expected));
  }

  of(text: string): Name {
    const place = placeOf(text, this.#places.length);
    const first = this.#places[place];
    if (first === undefined) {
      const name = new Name(text);
      this.#places[place] = name;
      return name;
    }
    if (first.text === text) return first;
    this.#others ??= new Map();
    let known = this.#others.get(text);
    if (!known) this.#others.set(text, (known = new Name(text)));
    return known;
  }
}

// Most sets have none of something, and arrays are what reading takes most time for.
const nothing: never[] = [];

/** A field with selections. */
export class Selected {
  readonly key: Name;
  readonly set: SelectionSetNode;
  piece: Piece | undefined;

  constructor(key: Name, set: SelectionSetNode) {
    this.key = key;
    this.set = set;
  }
}

/** A selection set that a merge enters: that of a field, an operation or a fragment. */
class Piece {
  readonly set: SelectionSetNode;
  /** An inline fragment stands at one place only. */
  readonly isInline: boolean;
  content: Content | undefined;
  /** The merge that entered it last where it is spread. */
  spreadIn = 0;
  /** What it shows by itself, which is the same wherever it stands. */
  alone: Merged | undefined;

  constructor(set: SelectionSetNode, isInline: boolean) {
    this.set = set;
    this.isInline = isInline;
  }
}

/** What stands in a selection set. */
interface Content {
  readonly selections: number;
  /** By field: its response key. */
  readonly keys: readonly Name[];
  /** By field: its name. The same array where none has an alias. */
  readonly names: readonly Name[];
  readonly selected: readonly Selected[];
  readonly fragments: readonly Piece[];
}

/** What one document remembers while its selection sets are merged. */
export class Merging {
  readonly #definitions: Fragments;
  readonly #pieces = new Map<SelectionSetNode, Piece>();
  readonly #names: Names;
  /** What a merge enters; what stands behind the end is left from another one. */
  readonly #entered: Piece[] = [];
  #merges = 0;

  /** @param written selections of the document, about. */
  constructor(definitions: Fragments, written: number) {
    this.#definitions = definitions;
    this.#names = new Names(written);
  }

  /** What one set shows by itself. */
  alone(set: SelectionSetNode): Merged {
    return this.#alone(this.#known(set));
  }

  /** What merges below a response key. One that merges with no other shows the same, and is the same, wherever it stands. */
  below(selected: readonly Selected[]): Merged {
    const [only] = selected;
    if (only && selected.length === 1) return this.#alone(this.#pieceOf(only));
    return this.#merge(selected.map((one) => this.#pieceOf(one)));
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

  #merge(pieces: readonly Piece[]): Merged {
    const merge = (this.#merges += 1);
    const entered = this.#entered;
    let end = 0;
    for (const piece of pieces) entered[end++] = piece;
    const groups: Selected[][] = [];
    let looked = 0;
    let fields = 0;
    let distinct = 0;
    let hasAlias = false;
    for (let at = 0; at < end; at += 1) {
      const { selections, keys, names, selected, fragments } = this.#contentOf(entered[at] as Piece);
      looked += selections;
      fields += keys.length;
      hasAlias ||= names !== keys;
      for (const key of keys) {
        if (key.keyIn === merge) continue;
        key.keyIn = merge;
        distinct += 1;
      }
      for (const field of selected) {
        const { key } = field;
        if (key.belowIn === merge) key.below.push(field);
        else {
          key.belowIn = merge;
          groups.push((key.below = [field]));
        }
      }
      for (const fragment of fragments) {
        if (fragment.spreadIn === merge) continue;
        if (!fragment.isInline) fragment.spreadIn = merge;
        entered[end++] = fragment;
      }
    }
    const mostKeysPerName = hasAlias ? this.#mostKeysPerName(end) : Math.min(distinct, 1);
    return {
      keys: distinct,
      repeated: fields - distinct,
      mostKeysPerName,
      looked,
      below: groups,
      mostBelow: undefined,
    };
  }

  /** @param end of what the merge entered. */
  #mostKeysPerName(end: number): number {
    const merge = (this.#merges += 1);
    /** Further names of a response key, which validation will refuse. */
    let others: Map<Name, Set<Name>> | undefined;
    let most = 0;
    for (let at = 0; at < end; at += 1) {
      const { keys, names } = this.#contentOf(this.#entered[at] as Piece);
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

  #pieceOf(selected: Selected): Piece {
    selected.piece ??= this.#known(selected.set);
    return selected.piece;
  }

  #known(set: SelectionSetNode): Piece {
    let known = this.#pieces.get(set);
    if (!known) this.#pieces.set(set, (known = new Piece(set, false)));
    return known;
  }

  #contentOf(piece: Piece): Content {
    piece.content ??= this.#read(piece.set);
    return piece.content;
  }

  #read({ selections }: SelectionSetNode): Content {
    const keys: Name[] = [];
    let names = keys;
    let selected: Selected[] = nothing;
    let fragments: Piece[] = nothing;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const { alias, selectionSet } = node;
        if (alias && names === keys) names = [...keys];
        const key = this.#names.of((alias ?? node.name).value);
        keys.push(key);
        if (names !== keys) names.push(alias ? this.#names.of(node.name.value) : key);
        if (selectionSet) selected = added(selected, new Selected(key, selectionSet));
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        fragments = added(fragments, new Piece(node.selectionSet, true));
      } else {
        const definition = this.#definitions.get(node.name.value);
        if (definition) fragments = added(fragments, this.#known(definition.selectionSet));
      }
    }
    return { selections: selections.length, keys, names, selected, fragments };
  }
}

/** Most lists have one entry: a list that begins with it takes no more room than that. */
function added<T>(list: T[], entry: T): T[] {
  if (list.length === 0) return [entry];
  list.push(entry);
  return list;
}
