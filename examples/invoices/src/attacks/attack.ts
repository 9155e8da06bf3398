/** What an attack is: one thing tried over HTTP, judged by the answer. */
import type { Answer } from '../client.ts';
import type { Target } from '../target.ts';

export interface Outcome {
  /** The attacker did not get what they came for. */
  readonly stopped: boolean;
  /** Of the answer that decides: its HTTP status, 101 for one over a WebSocket, 0 when there was none. */
  readonly status: number;
  /** `extensions.code` of the first error, or how the WebSocket was closed. */
  readonly code: string | undefined;
  /** The attack could not begin, so that it proves nothing. */
  readonly isUntried?: boolean;
  /** A few words for the table. */
  readonly note: string;
}

export interface Attack {
  readonly name: string;
  /** Codes that a protected server may stop it with; `-`: it answers, without what the attacker came for. */
  readonly expect: readonly string[];
  readonly run: (target: Target) => Promise<Outcome>;
}

/** `loot`: what the attacker got, in a few words, or undefined when it is nothing. */
export function judge(answer: Answer, loot: string | undefined): Outcome {
  const { status, code } = answer;
  if (status === 0) return { stopped: false, status, code, note: `no answer (${answer.text})` };
  return { stopped: loot === undefined, status, code, note: loot ?? 'nothing' };
}
