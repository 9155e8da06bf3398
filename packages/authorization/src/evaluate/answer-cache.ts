/**
 * What one operation has found out so far, so that nothing is asked twice: answers of policies, and what loaders loaded.
 *
 * The check before execution makes one, and the execution of the same operation finds it in its state.
 */
import type { Principal, ResolvedOperation } from '@graphql-bulwark/core';
import {
  collectFields,
  createSlot,
  included,
  isObject,
  stateDuring,
  typeApplies,
} from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLResolveInfo, OperationTypeNode } from 'graphql';

/** Denials of one coordinate in one operation. */
export interface Tally {
  count: number;
  /** Tells the operator; `undefined` once it is told. */
  tell: ((count: number) => void) | undefined;
}

/** The errors of one field. */
export interface Shown {
  count: number;
  more?: GraphQLError;
}

/** Most operations fill few of the collections, and many none: each is made when it is first asked for. */
export class Memo {
  /** About whom the answers are. */
  caller: Principal | null | undefined;
  /** Whether somebody will say when the operation is answered; `undefined` before it is executed. */
  ends: boolean | undefined;
  /** Whether the operator is about to be told of denials. */
  tells = false;
  /** The root field of a mutation that the answers hold for, before or after its resolver. */
  mutation: string | undefined;

  #answers: Map<object, Map<string, unknown>> | undefined;
  #numbers: Numbers | undefined;
  #waiting: Map<object, unknown> | undefined;
  #tallies: Map<string, Tally> | undefined;
  #shown: Map<object, Shown> | undefined;
  #bypassed: Set<string> | undefined;
  #logged: Set<string> | undefined;

  /** subject -> key -> answer. The subject is a policy or loader; the key tells source and arguments apart. */
  get answers(): Map<object, Map<string, unknown>> {
    this.#answers ??= new Map();
    return this.#answers;
  }

  /** What keys call sources and arguments. */
  get numbers(): Numbers {
    this.#numbers ??= new Numbers();
    return this.#numbers;
  }

  /** Keys that wait for a policy's next call for many. */
  get waiting(): Map<object, unknown> {
    this.#waiting ??= new Map();
    return this.#waiting;
  }

  /** coordinate -> its denials. */
  get tallies(): Map<string, Tally> {
    this.#tallies ??= new Map();
    return this.#tallies;
  }

  /** The nodes of a field -> the errors that it has shown. */
  get shown(): Map<object, Shown> {
    this.#shown ??= new Map();
    return this.#shown;
  }

  /** Coordinates whose owner was not asked for, of which the operator has been told. */
  get bypassed(): Set<string> {
    this.#bypassed ??= new Set();
    return this.#bypassed;
  }

  /** Coordinates of which a failure has been logged. */
  get logged(): Set<string> {
    this.#logged ??= new Set();
    return this.#logged;
  }

  /** Forgets every answer, and what it is about: both may have changed. */
  forget(): void {
    this.#answers = undefined;
    this.#numbers = undefined;
    this.#waiting = undefined;
  }
}

export interface Memos {
  /** For the check of an operation. */
  before(operation: ResolvedOperation): Memo;
  /** For an execution. */
  during(contextValue: unknown, info: GraphQLResolveInfo): Memo;
  /** Says that the answer of what is executed next with this context will be followed by {@link Memos.ended}. */
  ends(contextValue: unknown): void;
  /** The memos of what was executed with this context since. */
  ended(contextValue: unknown): readonly Memo[];
}

export function memos(): Memos {
  const slot = createSlot(() => new Memo());
  const unended = new WeakMap<object, Memo[]>();

  /** @returns whether somebody will say when this context is answered. */
  function awaitEnd(contextValue: unknown, memo: Memo): boolean {
    const siblings = isObject(contextValue) ? unended.get(contextValue) : undefined;
    siblings?.push(memo);
    return siblings !== undefined;
  }

  return {
    before: ({ state }) => state.get(slot),
    during(contextValue, info) {
      const memo = stateDuring(contextValue, info).get(slot);
      memo.ends ??= awaitEnd(contextValue, memo);
      return memo;
    },
    ends(contextValue) {
      if (isObject(contextValue)) unended.set(contextValue, []);
    },
    ended(contextValue) {
      const memosOf = isObject(contextValue) ? unended.get(contextValue) : undefined;
      if (!memosOf) return [];
      unended.delete(contextValue as object);
      for (const memo of memosOf) memo.ends = false;
      return memosOf;
    },
  };
}

/** Forgets what a root field of the same mutation may have changed: an earlier one, or the one that the question stands below. */
export function forgetBefore(memo: Memo, info: GraphQLResolveInfo | undefined, resolved = false): void {
  if (info?.operation.operation !== OperationTypeNode.MUTATION) return;
  const key = `${rootPath(info).key}${resolved || info.path.prev ? ' resolved' : ''}`;
  memo.mutation ??= firstKey(info);
  if (memo.mutation !== key) memo.forget();
  memo.mutation = key;
}

/** Forgets what was found out about somebody else: a resolver may put another caller into the context. */
export function forgetOthers(memo: Memo, caller: Principal | null): void {
  if (memo.caller === caller) return;
  if (memo.caller !== undefined) memo.forget();
  memo.caller = caller;
}

/** The place of the root field that a field stands below, or is. */
function rootPath({ path }: GraphQLResolveInfo): GraphQLResolveInfo['path'] {
  let at = path;
  while (at.prev) at = at.prev;
  return at;
}

/** The response key of the root field that runs first. */
function firstKey({ operation, fragments, variableValues, schema, parentType }: GraphQLResolveInfo): string {
  const fields = collectFields([operation.selectionSet], {
    fragments: new Map(Object.entries(fragments)),
    includes: included(variableValues),
    applies: typeApplies(schema, schema.getMutationType() ?? parentType),
  });
  const [first = ''] = fields.keys();
  return first;
}

/** The answer that is known, or the one that `ask` gives. */
export function once<T>(memo: Memo, subject: object, key: string, ask: () => T): T {
  const answers = answersOf(memo, subject);
  if (!answers.has(key)) answers.set(key, ask());
  return answers.get(key) as T;
}

/** key -> what a policy or loader has answered. */
export function answersOf(memo: Memo, subject: object): Map<string, unknown> {
  let answers = memo.answers.get(subject);
  if (!answers) {
    answers = new Map();
    memo.answers.set(subject, answers);
  }
  return answers;
}

/** A key for a question about a source and arguments. */
export function questionKey({ numbers }: Memo, coordinate: string, source: unknown, args: unknown): string {
  return `${coordinate} ${numbers.ofSame(source ?? null)} ${numbers.ofEqual(args)}`;
}

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
