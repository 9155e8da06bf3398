/** Answers that may take time: synchronous stays synchronous. */
import { isPromise } from '@graphql-bulwark/core';

export type Maybe<T> = T | Promise<T>;

/** `then` for both kinds. */
export function after<T, R>(value: Maybe<T>, use: (value: T) => Maybe<R>): Maybe<R> {
  return isPromise(value) ? value.then((settled) => use(settled)) : use(value);
}

/** Whether every item passes. All are asked at once; none of them may reject. */
export function every<T>(items: readonly T[], ask: (item: T) => Maybe<boolean>): Maybe<boolean> {
  return decide(items, ask, false);
}

/** Whether one item passes. All are asked at once; none of them may reject. */
export function some<T>(items: readonly T[], ask: (item: T) => Maybe<boolean>): Maybe<boolean> {
  return decide(items, ask, true);
}

/** The first item that says no, asked one after the other; `undefined` when all agree. */
export function firstOf<T, R>(
  items: readonly T[],
  ask: (item: T) => Maybe<R | undefined>,
  at = 0,
): Maybe<R | undefined> {
  for (let i = at; i < items.length; i += 1) {
    const answer = ask(items[i] as T);
    if (isPromise(answer)) {
      return answer.then((settled) => settled ?? firstOf(items, ask, i + 1));
    }
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** The promise, whose rejection counts as handled. */
export function handled<T>(promise: PromiseLike<T>): PromiseLike<T> {
  promise.then(undefined, () => {});
  return promise;
}

function decide<T>(items: readonly T[], ask: (item: T) => Maybe<boolean>, decisive: boolean): Maybe<boolean> {
  const pending: Promise<boolean>[] = [];
  for (const item of items) {
    const answer = ask(item);
    if (answer === decisive) return decisive;
    if (typeof answer !== 'boolean') pending.push(answer);
  }
  if (pending.length === 0) return !decisive;
  return Promise.all(pending).then((settled) => (settled.includes(decisive) ? decisive : !decisive));
}
