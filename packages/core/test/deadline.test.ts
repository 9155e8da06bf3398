import { within } from '@graphql-bulwark/core';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
});

it.each([2 ** 31, Number.MAX_SAFE_INTEGER])('does not give up at once on what may take %d ms', async (milliseconds) => {
  vi.useFakeTimers();
  const late = vi.fn();
  void within(milliseconds, new Promise(() => {})).catch(late);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(late).not.toHaveBeenCalled();
});
