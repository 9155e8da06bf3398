/** The texts of a document, each an object once it was met: what is the same object need not be compared letter by letter. */
import { maxPlaceBits, placeOf } from './distinct-keys.ts';
import type { Selected } from './pieces.ts';

/** A text of the document, as a response key and as the name of a field. What a merge knows of it holds in that merge only. */
export class Name {
  readonly text: string;
  /** The merges that met it last: as a response key, as one with selections, as one with several of them, and as the name of a field. */
  keyIn = 0;
  belowIn = 0;
  mergesIn = 0;
  nameIn = 0;
  /** What is selected below the response key: the first field, and all of several. */
  below: Selected | undefined;
  merging: Selected[] | undefined;
  /** The name of the first field with the response key. */
  first: Name | undefined;
  /** Response keys of the fields with the name. */
  keys = 0;

  constructor(text: string) {
    this.text = text;
  }
}

/** Text -> name. Most texts have a place of their own, which takes a third of what a `Map` takes to remember one. */
export class Names {
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
