/** A map that forgets what was not read or written for longest: no client can make it grow. */

export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #maxSize: number;

  /** @param maxSize entries kept at once. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** @returns the value. */
  set(key: string, value: V): V {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxSize) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, value);
    return value;
  }

  /** Reads a value, and makes it where there is none. */
  getOrMake(key: string, make: () => V): V {
    return this.get(key) ?? this.set(key, make());
  }
}
