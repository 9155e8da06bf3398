/**
 * What one operation has found out so far: answers of policies and loaders, so that nothing is asked twice, and which denials have
 * been reported.
 *
 * The check before execution makes the cache, and the execution finds it in the state of the operation.
 */
import type { Principal, ResolvedOperation } from '@graphql-bulwark/core';
import {
  collectFields,
  createInclusionTest,
  createSlot,
  createTypeTest,
  findOperationState,
  isObject,
} from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLResolveInfo, OperationTypeNode } from 'graphql';

/** Denials of one coordinate in one operation. */
export interface DenialCount {
  count: number;
  /** Reports them to the operator. `undefined` once it has. */
  report: ((count: number) => void) | undefined;
}

/** The errors of one field of the document. */
export interface FieldErrors {
  count: number;
  /** The error that says that further ones were left out. */
  omitted?: GraphQLError;
}

export class AnswerCache {
  /** The caller that the answers are about. `undefined`: there are no answers yet. */
  caller: Principal | null | undefined;
  /** The root field of a mutation that the answers hold for, before or after its resolver. */
  mutation: string | undefined;
  /** Policy or loader -> key of what was asked -> answer. */
  answers: Map<object, Map<string, unknown>> = new Map();
  /** Policy or loader -> its batch that has not been sent yet. */
  batches: Map<object, unknown> = new Map();
  /** What keys call sources and arguments. */
  numbers: ValueNumbers = new ValueNumbers();

  /** Whether {@link AnswerCaches.end} will be called for the operation. `undefined` before it is executed. */
  endIsAwaited: boolean | undefined;
  /** Whether a report of denials is scheduled, because the end is not awaited. */
  isReportScheduled = false;
  /** Coordinate -> its denials. */
  readonly denialCounts: Map<string, DenialCount> = new Map();
  /** Nodes of a field -> its errors. */
  readonly fieldErrors: Map<object, FieldErrors> = new Map();
  /** Coordinates of which a bypass has been reported. */
  readonly reportedBypasses: Set<string> = new Set();
  /** Coordinates of which a failure has been logged. */
  readonly loggedFailures: Set<string> = new Set();

  /** Forgets every answer, and the numbers of what it was about: objects may have changed as well. */
  forgetAnswers(): void {
    this.answers = new Map();
    this.batches = new Map();
    this.numbers = new ValueNumbers();
  }
}

/** The caches of one guarded schema. */
export interface AnswerCaches {
  /** The cache of an operation that is checked before it runs. */
  beforeExecution(operation: ResolvedOperation): AnswerCache;
  /** The cache of an operation that runs. */
  duringExecution(contextValue: unknown, info: GraphQLResolveInfo): AnswerCache;
  /** Promises a call of {@link AnswerCaches.end} once what is executed next with this context is answered. */
  awaitEnd(contextValue: unknown): void;
  /** The caches of what was executed with this context since {@link AnswerCaches.awaitEnd}. */
  end(contextValue: unknown): readonly AnswerCache[];
}

export function createAnswerCaches(): AnswerCaches {
  const slot = createSlot(() => new AnswerCache());
  const awaited = new WeakMap<object, AnswerCache[]>();

  function joinAwaited(contextValue: unknown, cache: AnswerCache): boolean {
    const caches = isObject(contextValue) ? awaited.get(contextValue) : undefined;
    caches?.push(cache);
    return caches !== undefined;
  }

  return {
    beforeExecution: ({ state }) => state.get(slot),
    duringExecution(contextValue, info) {
      const cache = findOperationState(contextValue, info).get(slot);
      cache.endIsAwaited ??= joinAwaited(contextValue, cache);
      return cache;
    },
    awaitEnd(contextValue) {
      if (isObject(contextValue)) awaited.set(contextValue, []);
    },
    end(contextValue) {
      const caches = isObject(contextValue) ? awaited.get(contextValue) : undefined;
      if (!caches) return [];
      awaited.delete(contextValue as object);
      for (const cache of caches) cache.endIsAwaited = false;
      return caches;
    },
  };
}

/**
 * Forgets what a mutation may have changed: answers from before an earlier root field, or from before the resolver of the root
 * field that a request stands below.
 */
export function forgetBeforeRootField(
  cache: AnswerCache,
  info: GraphQLResolveInfo | undefined,
  resolved = false,
): void {
  if (info?.operation.operation !== OperationTypeNode.MUTATION) return;
  const key = `${findRootPath(info).key}${resolved || info.path.prev ? ' resolved' : ''}`;
  cache.mutation ??= findFirstKey(info);
  if (cache.mutation !== key) cache.forgetAnswers();
  cache.mutation = key;
}

/** Forgets answers about another caller: a resolver may have replaced the principal in the context. */
export function forgetOtherCaller(cache: AnswerCache, caller: Principal | null): void {
  if (cache.caller === caller) return;
  if (cache.caller !== undefined) cache.forgetAnswers();
  cache.caller = caller;
}

/** The path of the root field that a field stands below, or is. */
function findRootPath({ path }: GraphQLResolveInfo): GraphQLResolveInfo['path'] {
  let at = path;
  while (at.prev) at = at.prev;
  return at;
}

/** The response key of the root field that runs first. */
function findFirstKey({ operation, fragments, variableValues, schema, parentType }: GraphQLResolveInfo): string {
  const fields = collectFields([operation.selectionSet], {
    fragments: new Map(Object.entries(fragments)),
    includes: createInclusionTest(variableValues),
    applies: createTypeTest(schema, schema.getMutationType() ?? parentType),
  });
  const [first = ''] = fields.keys();
  return first;
}

/** The known answer of a policy or loader, or the one that `ask` returns. */
export function askOnce<T>(cache: AnswerCache, subject: object, key: string, ask: () => T): T {
  const answers = getAnswers(cache, subject);
  if (!answers.has(key)) answers.set(key, ask());
  return answers.get(key) as T;
}

/** Key of what was asked -> what a policy or loader answered. */
export function getAnswers(cache: AnswerCache, subject: object): Map<string, unknown> {
  let answers = cache.answers.get(subject);
  if (!answers) {
    answers = new Map();
    cache.answers.set(subject, answers);
  }
  return answers;
}

/** The key of what is asked about a source and arguments. */
export function createAnswerKey({ numbers }: AnswerCache, coordinate: string, source: unknown, args: unknown): string {
  return `${coordinate} ${numbers.numberIdentity(source ?? null)} ${numbers.numberContent(args)}`;
}

/**
 * Gives values numbers, so that the key of an answer need not hold what it is about.
 *
 * Each object is read once: the fields of an operation share its variables, however large these are.
 */
class ValueNumbers {
  #last = 0;
  readonly #identities = new WeakMap<object, number>();
  readonly #contents = new WeakMap<object, number>();
  readonly #primitives = new Map<unknown, number>();
  readonly #texts = new Map<string, number>();

  /** By identity: two objects with equal content have two numbers. */
  numberIdentity(value: unknown): number {
    if (isObject(value)) return this.#in(this.#identities, value);
    return this.#in(this.#primitives, Object.is(value, -0) ? minusZero : value);
  }

  /** Lists and plain objects by their content when they first came up, any other object by identity. */
  numberContent(value: unknown): number {
    if (!isObject(value)) return this.numberIdentity(value);
    return this.#in(this.#contents, value, () => {
      const text = this.#formatContent(value);
      return text === undefined ? this.numberIdentity(value) : this.#in(this.#texts, text);
    });
  }

  /** Keys are sorted, so that `{ a, b }` and `{ b, a }` have one number. */
  #formatContent(value: object): string | undefined {
    if (Array.isArray(value)) return `[${value.map((item) => this.numberContent(item)).join()}`;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    const entries = Object.entries(value).map(([key, one]) => `${this.numberIdentity(key)}:${this.numberContent(one)}`);
    return `{${entries.toSorted().join()}`;
  }

  #in<K>(numbers: NumberMap<K>, key: K, make = (): number => (this.#last += 1)): number {
    let number = numbers.get(key);
    if (number === undefined) {
      number = make();
      numbers.set(key, number);
    }
    return number;
  }
}

/** A `Map` or a `WeakMap`. */
interface NumberMap<K> {
  get(key: K): number | undefined;
  set(key: K, number: number): unknown;
}

/** A `Map` takes `0` and `-0` for the same key. */
const minusZero = Symbol('-0');
