// Which windows the memory store forgets when it is full, and what that costs.
import type { Charge } from '@graphql-bulwark/core';
import { expect, it } from 'vitest';
import { createWindows, type Windows } from '../../src/stores/fixed-window.ts';

const maxKeys = 100;

function login(key: string, points = 1, limit = 5): Charge {
  return { policy: 'Mutation.login', key, points, limit, windowSeconds: 3_600 };
}

function flood(windows: Windows, count: number, points = 1, name = 'flood'): void {
  for (let i = 0; i < count; i += 1) windows.consume([login(`${name}:${i}`, points)]);
}

it.each([4, 5])(
  'attack: thousands of invented keys do not make the store forget a key that has used %i of 5',
  (used) => {
    const windows = createWindows(maxKeys);
    windows.consume([login('attacker', used)]);
    flood(windows, 10_000);
    expect(windows.peek(login('attacker')).remaining).toBe(5 - used);
    expect(windows.size()).toBe(maxKeys);
  },
);

it('among windows that are used equally the oldest is forgotten, which ends first', () => {
  for (const used of [1, 5]) {
    const windows = createWindows(maxKeys);
    windows.consume([login('first', used)]);
    flood(windows, maxKeys - 1, used);
    expect(windows.peek(login('first')).remaining).toBe(5 - used);
    windows.consume([login('one more', used)]);
    expect(windows.peek(login('first')).remaining).toBe(5);
    expect(windows.peek(login('flood:0')).remaining).toBe(5 - used);
  }
});

it('attack: in a store full of used up keys, two new keys do not replace each other', () => {
  const windows = createWindows(maxKeys);
  flood(windows, maxKeys, 5);
  let allowed = 0;
  for (let i = 0; i < 50; i += 1) {
    for (const key of ['one', 'other']) if (windows.consume([login(key)]).allowed) allowed += 1;
  }
  expect(allowed).toBe(10);
});

it('windows of one call beyond the bound are forgotten with the next new keys', () => {
  const windows = createWindows(maxKeys);
  const many = Array.from({ length: 3 * maxKeys }, (_, i) => login(`s:${i}`, 1, 2));
  expect(windows.consume(many).buckets.every(({ remaining }) => remaining === 1)).toBe(true);
  expect(windows.size()).toBe(3 * maxKeys);
  flood(windows, 3 * maxKeys);
  expect(windows.size()).toBe(maxKeys);
});

it.each([
  ['not used up', 5],
  ['used up', 1],
])('growth: a new key takes no longer in a full store than in one with room, where keys are %s', (_, limit) => {
  const keys = 100_000;
  let next = 0;
  const add = (windows: Windows, count: number): number => {
    const before = performance.now();
    for (let i = 0; i < count; i += 1) windows.consume([login(`k:${(next += 1)}`, 1, limit)]);
    return performance.now() - before;
  };
  const [full, roomy] = [createWindows(keys), createWindows(10 * keys)];
  for (const windows of [full, roomy]) add(windows, keys);
  // In turns, so that what else the machine does slows both down.
  const ratios = Array.from({ length: 15 }, () => add(full, 3_000) / add(roomy, 3_000));
  expect(full.size()).toBe(keys);
  expect(ratios.toSorted((a, b) => a - b)[7]).toBeLessThan(4);
});
