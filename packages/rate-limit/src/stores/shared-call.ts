/**
 * Requests of one turn of the event loop share one script call, each still all or nothing. What fails, fails for those that
 * shared the call; nobody waits for a second turn, nor does a request for others while no call is under way.
 */
import { type Op, ops } from './redis-script.ts';

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
  /** In the order of the keys. */
  readonly buckets: readonly Answered[];
}

/** @param numbers per key: points, limit, window; a blank behind each. */
export type Ask = (op: Op, keys: readonly string[], numbers: string) => Promise<Verdict>;

interface Waiting {
  readonly op: Op;
  readonly keys: readonly string[];
  readonly numbers: string;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: unknown) => void;
}

/** Above so many keys a call is not shared further: Redis serves nobody else while it runs. */
const maxKeys = 1_000;

export function sharedCall(run: (keys: readonly string[], argument: string) => Promise<unknown>): Ask {
  let waiting: Waiting[] = [];
  let size = 0;
  let underWay = 0;

  function flush(): void {
    if (waiting.length > 0) void call(waiting);
    waiting = [];
    size = 0;
  }

  async function call(batch: readonly Waiting[]): Promise<void> {
    underWay += 1;
    const keys = batch.length === 1 ? (batch[0] as Waiting).keys : batch.flatMap((request) => request.keys);
    const argument = batch.map(({ op, keys: { length }, numbers }) => `${ops[op]} ${length} ${numbers}`).join('');
    try {
      const verdicts = verdictsOf(batch, numbersOf(await run(keys, argument)));
      batch.forEach(({ resolve }, i) => resolve(verdicts[i] as Verdict));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    underWay -= 1;
  }

  return (op, keys, numbers) =>
    new Promise((resolve, reject) => {
      if (size > 0 && size + keys.length > maxKeys) flush();
      if (waiting.length === 0 && underWay > 0) setImmediate(flush);
      else if (waiting.length === 0) process.nextTick(flush);
      waiting.push({ op, keys, numbers, resolve, reject });
      size += keys.length;
    });
}

function verdictsOf(batch: readonly Waiting[], numbers: readonly number[]): Verdict[] {
  const [now = Number.NaN] = numbers;
  let at = 1;
  const verdicts = batch.map(({ keys }): Verdict => {
    const allowed = numbers[at] === 1;
    const width = allowed ? 2 : 3;
    const buckets = keys.map((_, i): Answered => {
      const from = at + 1 + width * i;
      return {
        used: numbers[from] as number,
        endsAt: numbers[from + 1] as number,
        isShort: !allowed && numbers[from + 2] !== 0,
      };
    });
    at += 1 + width * keys.length;
    return { allowed, now, buckets };
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
