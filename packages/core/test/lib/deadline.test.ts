import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { within } from '../../src/internal.ts';

describe('within a time', () => {
  const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value));
  const never = () => new Promise<never>(() => {});

  it.each([1_000, 2 ** 31 - 1, 2 ** 31, 1e12])('of %d ms an answer arrives', async (milliseconds) => {
    const rounds = async () => {
      for (let round = 0; round < 50; round += 1) await later(round);
      return 'answer';
    };
    expect(await within(milliseconds, rounds())).toBe('answer');
  });

  it.each([
    ['answers', () => Promise.resolve('answer')],
    ['fails', () => Promise.reject(new Error('down'))],
  ])('what %s leaves no timer behind', async (_, work) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await Promise.allSettled([within(60_000, work())]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('what does not answer is given up', async () => {
    await expect(within(1, never())).rejects.toThrow('no answer within 1 ms');
  });
});
