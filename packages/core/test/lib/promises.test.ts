import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { awaitWithin } from '../../src/internal.ts';

describe('awaitWithin', () => {
  const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value));
  const never = () => new Promise<never>(() => {});

  it.each([1_000, 2 ** 31 - 1, 2 ** 31, 1e12])('an answer arrives within a deadline of %d ms', async (milliseconds) => {
    const rounds = async () => {
      for (let round = 0; round < 50; round += 1) await later(round);
      return 'answer';
    };
    expect(await awaitWithin(milliseconds, rounds())).toBe('answer');
  });

  it.each([
    ['answers', () => Promise.resolve('answer')],
    ['fails', () => Promise.reject(new Error('down'))],
  ])('work that %s leaves no timer behind', async (_, work) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await Promise.allSettled([awaitWithin(60_000, work())]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('work that does not answer is given up at its deadline', async () => {
    await expect(awaitWithin(1, never())).rejects.toThrow('no answer within 1 ms');
  });
});
