/** Values that may be promises. What is synchronous stays so: graphql-js completes a list of promises much more slowly. */
import { isPromise } from '@graphql-bulwark/core/internal';

export type Maybe<T> = T | Promise<T>;

/** `then` for both: calls `use` with the value now, or once it is settled. */
export function after<T, R>(value: Maybe<T>, use: (value: T) => Maybe<R>): Maybe<R> {
  return isPromise(value) ? value.then((settled) => use(settled)) : use(value);
}

/** Whether all are true. None of them may reject. */
export function allTrue(answers: readonly Maybe<boolean>[]): Maybe<boolean> {
  if (answers.includes(false)) return false;
  const pending = answers.filter((one) => typeof one !== 'boolean');
  return pending.length === 0 || Promise.all(pending).then((settled) => !settled.includes(false));
}

/** Whether one of them is true. None of them may reject. */
export function anyTrue(answers: readonly Maybe<boolean>[]): Maybe<boolean> {
  if (answers.includes(true)) return true;
  const pending = answers.filter((one) => typeof one !== 'boolean');
  return pending.length > 0 && Promise.all(pending).then((settled) => settled.includes(true));
}

/** The first answer that is not `undefined`. The items are asked in order, each after the answer about the one before. */
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

/** The same promise. If it rejects and is given up, that does not count as an unhandled rejection, which would end the process. */
export function handled<T>(promise: PromiseLike<T>): PromiseLike<T> {
  promise.then(undefined, () => {});
  return promise;
}
