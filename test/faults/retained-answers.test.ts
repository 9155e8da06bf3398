// Rule: nothing that outlives a hook may reach the request context, because the whole answer hangs on it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

/** Bytes that an answer of 500 objects leaves behind after the young objects were collected. */
async function bytesLeftBy(way: string): Promise<number> {
  const execArgv = ['--expose-gc', '--import', 'tsx', '-C', '@graphql-bulwark/source'];
  const child = fork(new URL('retained-answers-process.ts', import.meta.url), [way], { execArgv });
  onTestFinished(() => void child.kill());
  const [bytes] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the process ended with ${code}`);
    }),
  ]);
  return bytes as number;
}

it.each(['request', 'batch', 'socket'])(
  'an answer over a %s is collected with the young objects, and does not wait for a full collection',
  async (way) => {
    const held = await bytesLeftBy('held');
    const answers = way === 'batch' ? 2 : 1;
    expect(held).toBeGreaterThan(50_000);
    expect(await bytesLeftBy(way)).toBeLessThan((answers * held) / 2);
  },
  60_000,
);
