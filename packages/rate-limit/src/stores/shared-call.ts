/**
 * Requests of one turn of the event loop share one script call, each still all or nothing. What fails, fails for those that
 * shared the call; nobody waits for a second turn.
 */
import { type Op, ops } from './redis-script.ts';

/** A bucket as the script knows it. */
export interface Entry {
  readonly name: string;
  readonly points: number;
  readonly limit: number;
  /** Length of the window in milliseconds, or its end. */
  readonly window: number;
}

/** What became of a bucket. */
export interface Answered {
  readonly used: number;
  readonly endsAt: number;
  readonly isShort: boolean;
}

/** The script's answer to one request. */
export interface Verdict {
  readonly allowed: boolean;
  /** The server's clock. */
  readonly now: number;
  readonly entries: readonly Answered[];
}

interface Waiting {
  readonly op: Op;
  readonly entries: readonly Entry[];
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/** Above so many buckets a call is not shared further: Redis serves nobody else while it runs. */
const maxEntries = 1_000;

export type Ask = (op: Op, entries: readonly Entry[]) => Promise<Verdict>;

export function sharedCall(run: (keys: readonly string[], args: readonly string[]) => Promise<unknown>): Ask {
  let waiting: Waiting[] = [];
  let size = 0;

  function flush(): void {
    const batch = waiting;
    waiting = [];
    size = 0;
    if (batch.length > 0) void call(batch, run);
  }

  return (op, entries) =>
    new Promise((resolve, reject) => {
      if (size > 0 && size + entries.length > maxEntries) flush();
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ op, entries, resolve, reject });
      size += entries.length;
    });
}

async function call(
  batch: readonly Waiting[],
  run: (keys: readonly string[], args: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const indexes = new Map<string, number>();
  const args: string[] = [];
  for (const { op, entries } of batch) {
    args.push(`${ops[op]}`, `${entries.length}`);
    for (const { name, points, limit, window } of entries) {
      let index = indexes.get(name);
      if (index === undefined) {
        index = indexes.size + 1;
        indexes.set(name, index);
      }
      args.push(`${index}`, `${points}`, `${limit}`, `${window}`);
    }
  }
  try {
    const numbers = numbersOf(await run([...indexes.keys()], args));
    const expected = batch.reduce((sum, { entries }) => sum + 1 + 3 * entries.length, 1);
    if (numbers.length !== expected) throw new Error('the script gave an answer that is none');
    let at = 1;
    for (const { entries, resolve } of batch) {
      resolve(verdictAt(numbers, at, entries.length));
      at += 1 + 3 * entries.length;
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

function verdictAt(numbers: readonly number[], at: number, count: number): Verdict {
  const number = (i: number): number => numbers[i] ?? Number.NaN;
  const entries = Array.from({ length: count }, (_, i) => ({
    used: number(at + 1 + 3 * i),
    endsAt: number(at + 2 + 3 * i),
    isShort: number(at + 3 + 3 * i) !== 0,
  }));
  return { allowed: number(at) === 1, now: number(0), entries };
}

/** A broken answer must not read as one that allows. */
function numbersOf(answer: unknown): readonly number[] {
  if (Array.isArray(answer) && answer.every((item) => Number.isSafeInteger(item))) return answer;
  throw new Error('the script gave an answer that is none');
}
