/** Answers that may take time: synchronous stays synchronous. */
import { isPromise } from '@graphql-bulwark/core/internal';

export type Maybe<T> = T | Promise<T>;

/** `then` for both kinds. */
export function after<T, R>(value: Maybe<T>, use: (value: T) => Maybe<R>): Maybe<R> {
  return isPromise(value) ? value.then((settled) => use(settled)) : use(value);
}

/** Whether all are true; none of them may reject. */
export function allTrue(answers: readonly Maybe<boolean>[]): Maybe<boolean> {
  if (answers.includes(false)) return false;
  const pending = answers.filter((one) => typeof one !== 'boolean');
  return pending.length === 0 || Promise.all(pending).then((settled) => !settled.includes(false));
}

/** Whether one of them is true; none of them may reject. */
export function anyTrue(answers: readonly Maybe<boolean>[]): Maybe<boolean> {
  if (answers.includes(true)) return true;
  const pending = answers.filter((one) => typeof one !== 'boolean');
  return pending.length > 0 && Promise.all(pending).then((settled) => settled.includes(true));
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
