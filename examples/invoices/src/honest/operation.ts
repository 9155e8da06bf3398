/** What an honest operation is: a question, and a check that the answer is the right one. */
import { type Answer, at, send } from '../client.ts';
import type { Target } from '../target.ts';

export interface HonestOperation {
  readonly name: string;
  /** Whether it registers a text of its own by hash, which is no honest thing to do where documents are trusted. */
  readonly registers?: boolean;
  /** @returns the last answer, after checking it. @throws {Refused} */
  readonly run: (target: Target) => Promise<Answer>;
}

/** An honest client did not get what it asked for. */
export class Refused extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`${answer.status} ${answer.code ?? ''} ${answer.text.slice(0, 200)}`);
    this.answer = answer;
  }
}

/** @throws {Refused} when the answer is not whole. */
export async function ask(url: string, request: Parameters<typeof send>[1]): Promise<Answer> {
  const answer = await send(url, request);
  if (answer.status !== 200 || !answer.data || answer.errors) throw new Refused(answer);
  return answer;
}

/** @throws {Refused} when something else stands at the path. */
export function expect(answer: Answer, path: readonly (string | number)[], value: unknown): Answer {
  if (at(answer, ...path) !== value) throw new Refused(answer);
  return answer;
}
