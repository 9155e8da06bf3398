/**
 * Requests of one turn of the event loop share one script call, each still all or nothing. What fails, fails for those that
 * shared the call; nobody waits for a second turn, nor does a request for others while no call is under way.
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

export function sharedCall(run: (keys: readonly string[], argument: string) => Promise<unknown>): Ask {
  let waiting: Waiting[] = [];
  let size = 0;
  let underWay = 0;

  function flush(): void {
    const batch = waiting;
    waiting = [];
    size = 0;
    if (batch.length === 0) return;
    underWay += 1;
    void call(batch, run).finally(() => {
      underWay -= 1;
    });
  }

  return (op, entries) =>
    new Promise((resolve, reject) => {
      if (size > 0 && size + entries.length > maxEntries) flush();
      if (waiting.length === 0) (underWay === 0 ? process.nextTick : setImmediate)(flush);
      waiting.push({ op, entries, resolve, reject });
      size += entries.length;
    });
}

async function call(
  batch: readonly Waiting[],
  run: (keys: readonly string[], argument: string) => Promise<unknown>,
): Promise<void> {
  const keys: string[] = [];
  const indexes = new Map<string, number>();
  let argument = '';
  for (const { op, entries } of batch) {
    argument += `${ops[op]} ${entries.length} `;
    for (const { name, points, limit, window } of entries) {
      let index = indexes.get(name);
      if (index === undefined) {
        index = keys.push(name);
        indexes.set(name, index);
      }
      argument += `${index} ${points} ${limit} ${window} `;
    }
  }
  try {
    const verdicts = verdictsOf(batch, numbersOf(await run(keys, argument)));
    batch.forEach(({ resolve }, i) => resolve(verdicts[i] as Verdict));
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

function verdictsOf(batch: readonly Waiting[], numbers: readonly number[]): Verdict[] {
  let at = 0;
  const next = (): number => {
    at += 1;
    return numbers[at - 1] ?? Number.NaN;
  };
  const now = next();
  const verdicts = batch.map(({ entries }) => {
    const allowed = next() === 1;
    const answered = entries.map(() => ({ used: next(), endsAt: next(), isShort: !allowed && next() !== 0 }));
    return { allowed, now, entries: answered };
  });
  if (at !== numbers.length) throw new Error(noAnswer);
  return verdicts;
}

/** A broken answer must not read as one that allows. */
function numbersOf(answer: unknown): readonly number[] {
  const numbers: unknown = typeof answer === 'string' ? JSON.parse(answer) : undefined;
  if (Array.isArray(numbers) && numbers.every(Number.isSafeInteger)) return numbers;
  throw new Error(noAnswer);
}

const noAnswer = 'the script gave an answer that is none';
