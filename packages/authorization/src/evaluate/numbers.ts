/**
 * Short names for values, so that a question can be remembered without what it is about.
 *
 * Each object is read once: the fields of an operation share its variables, however large these are.
 */
import { isObject } from '@graphql-bulwark/core/internal';

export class Numbers {
  #last = 0;
  readonly #identities = new WeakMap<object, number>();
  readonly #contents = new WeakMap<object, number>();
  readonly #primitives = new Map<unknown, number>();
  readonly #texts = new Map<string, number>();

  /** Objects count by identity: two with equal content are two. */
  ofSame(value: unknown): number {
    if (isObject(value)) return this.#in(this.#identities, value);
    return this.#in(this.#primitives, Object.is(value, -0) ? minusZero : value);
  }

  /** Lists and plain objects count by content, as it was when they first came up; any other object by identity. */
  ofEqual(value: unknown): number {
    if (!isObject(value)) return this.ofSame(value);
    return this.#in(this.#contents, value, () => {
      const text = this.#textOf(value);
      return text === undefined ? this.ofSame(value) : this.#in(this.#texts, text);
    });
  }

  /** Keys are in order, so that `{ a, b }` and `{ b, a }` are one. */
  #textOf(value: object): string | undefined {
    if (Array.isArray(value)) return `[${value.map((item) => this.ofEqual(item)).join()}`;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    const entries = Object.entries(value).map(([key, one]) => `${this.ofSame(key)}:${this.ofEqual(one)}`);
    return `{${entries.toSorted().join()}`;
  }

  #in<K>(numbers: Numbered<K>, key: K, make = (): number => (this.#last += 1)): number {
    let number = numbers.get(key);
    if (number === undefined) {
      number = make();
      numbers.set(key, number);
    }
    return number;
  }
}

/** A `Map` or a `WeakMap`. */
interface Numbered<K> {
  get(key: K): number | undefined;
  set(key: K, number: number): unknown;
}

/** A `Map` takes `0` and `-0` for the same. */
const minusZero = Symbol('-0');
