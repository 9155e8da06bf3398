/** Questions of one operation that are asked together: a function of the application that answers many gets those of a whole list. */
import type { Memo } from './answer-cache.ts';

interface Batch<Q> {
  readonly questions: Q[];
  readonly answers: Promise<readonly unknown[]>;
}

/**
 * One call of `ask` for all questions to the same subject that come up until the event loop turns.
 *
 * @returns the answer to this question; rejects as `ask` does, and with a TypeError unless there is one answer for each.
 */
export function askTogether<Q>(
  { waiting }: Memo,
  subject: object,
  question: Q,
  ask: (questions: readonly Q[]) => unknown,
): Promise<unknown> {
  let batch = waiting.get(subject) as Batch<Q> | undefined;
  if (!batch) {
    const questions: Q[] = [];
    const answers = turn().then(async () => {
      waiting.delete(subject);
      const answered = await ask(questions);
      if (!Array.isArray(answered) || answered.length !== questions.length) {
        throw new TypeError('a policy or loader for many must return one answer for each that it is asked about');
      }
      return answered as unknown[];
    });
    batch = { questions, answers };
    waiting.set(subject, batch);
  }
  const at = batch.questions.push(question) - 1;
  return batch.answers.then((answered) => answered[at]);
}

/** After the promises that are settled already have been read. */
function turn(): Promise<void> {
  return Promise.resolve().then(
    () =>
      new Promise((resolve) => {
        process.nextTick(resolve);
      }),
  );
}
