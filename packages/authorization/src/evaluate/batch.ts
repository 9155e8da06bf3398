/** Batches the calls of policies and loaders with `many`: one call answers the questions about a whole list. */
import type { AnswerCache } from './answer-cache.ts';

interface Batch<Q> {
  readonly questions: Q[];
  readonly answers: Promise<readonly unknown[]>;
}

/**
 * Calls `ask` once with all questions for the same policy or loader that come up in one turn of the event loop.
 *
 * @returns the answer to this question. Rejects as `ask` does, and with a TypeError unless there is one answer for each question.
 */
export function askInBatch<Q>(
  { batches }: AnswerCache,
  subject: object,
  question: Q,
  ask: (questions: readonly Q[]) => unknown,
): Promise<unknown> {
  let batch = batches.get(subject) as Batch<Q> | undefined;
  if (!batch) {
    const questions: Q[] = [];
    const answers = waitForTurn().then(async () => {
      batches.delete(subject);
      const answered = await ask(questions);
      if (!Array.isArray(answered) || answered.length !== questions.length) {
        throw new TypeError('a policy or loader for many must return one answer for each question');
      }
      return answered as unknown[];
    });
    batch = { questions, answers };
    batches.set(subject, batch);
  }
  const at = batch.questions.push(question) - 1;
  return batch.answers.then((answered) => answered[at]);
}

/** Resolves after the handlers of promises that are settled by now: they may ask further questions of this batch. */
function waitForTurn(): Promise<void> {
  return Promise.resolve().then(
    () =>
      new Promise((resolve) => {
        process.nextTick(resolve);
      }),
  );
}
