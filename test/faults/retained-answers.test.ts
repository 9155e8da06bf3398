// Rule: nothing that outlives a hook may reach the request context, because the whole answer hangs on it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, it } from 'vitest';

/** Bytes that an answer of 500 objects leaves behind after the young objects were collected. */
async function bytesLeftBy(way: string): Promise<number> {
  const execArgv = ['--expose-gc', '--import', 'tsx', '-C', '@graphql-bulwark/source'];
  const child = fork(new URL('retained-answers-process.ts', import.meta.url), [way], { execArgv });
  try {
    const [bytes] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`the process ended with ${code}`);
      }),
    ]);
    return bytes as number;
  } finally {
    child.kill();
  }
}

/** What the measure says of an answer that does stay. */
let held: number;
beforeAll(async () => {
  held = await bytesLeftBy('held');
});

it.each(['request', 'batch', 'socket'])(
  'an answer over a %s is collected with the young objects, and does not wait for a full collection',
  async (way) => {
    const answers = way === 'batch' ? 2 : 1;
    expect(held).toBeGreaterThan(50_000);
    expect(await bytesLeftBy(way)).toBeLessThan((answers * held) / 2);
  },
);
