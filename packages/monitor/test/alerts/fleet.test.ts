/** Processes that share a store: each sees a part of an attack, and one of them speaks. */

import type { CounterStore, SecurityEvent } from '@graphql-bulwark/core';
import { memoryStore, redisStore } from '@graphql-bulwark/rate-limit';
import { Redis } from 'ioredis';
import { expect, inject, it } from 'vitest';
import { createMonitor, detect } from '../../src/index.ts';
import { attacks } from './attacks.ts';
import { replay } from './simulation.ts';

const redisUrl = inject('redisUrl');
const shared = attacks.filter(({ rule }) => rule !== 'volume' && rule !== 'refusalSpike');

it.each(shared)('two processes with one store find $name, and one of them speaks once', async ({ happen, rule }) => {
  const happenings = happen(60, 1);
  const alerts = await replay(happenings, {}, { processes: 2 });
  expect(alerts.filter((alert) => alert.rule === rule)).toHaveLength(1);
});

it('each of two processes without a shared store would miss what both see together', async () => {
  const guesses = attacks[0]?.happen(60, 1).slice(0, 8) ?? [];
  const apart = await Promise.all([0, 1].map((half) => replay(guesses.filter((_, i) => i % 2 === half))));
  expect(apart.flat()).toEqual([]);
  expect(await replay(guesses, {}, { processes: 2 })).toHaveLength(1);
});

/** Fails at authentication so many times, each time at the next of these detectors. @returns their alerts. */
async function failBefore(stores: readonly CounterStore[], times: number): Promise<SecurityEvent[]> {
  const alerts: SecurityEvent[] = [];
  const monitors = stores.map((store) =>
    createMonitor({
      sinks: [(event) => void (event.type === 'alert' && alerts.push(event))],
      detector: detect({ store }),
      logger: { warn() {}, error() {} },
    }),
  );
  for (let i = 0; i < times; i += 1) {
    monitors[i % monitors.length]?.onEvent({
      type: 'auth.failure',
      code: 'UNAUTHENTICATED',
      reason: 'signature',
      id: String(i),
      time: Date.now(),
      outcome: 'refused',
      clientIp: '203.0.113.9',
    });
  }
  for (const monitor of monitors) await monitor.flush();
  return alerts;
}

it.runIf(redisUrl)(
  'two processes with one Redis raise one alert between them, and none below the threshold',
  async () => {
    const client = new Redis(redisUrl ?? '');
    try {
      await client.ping();
      const open = (prefix: string) => [0, 1].map(() => redisStore({ client, prefix }));
      expect(await failBefore(open('monitor-few'), 4)).toEqual([]);
      expect(await failBefore(open('monitor-many'), 12)).toMatchObject([
        { rule: 'failedAuthentications', clientIp: '203.0.113.9', threshold: 5 },
      ]);
    } finally {
      client.disconnect();
    }
  },
);

it('a store that is down costs the counts of that time, and no request, sink or later alert', async () => {
  const store = memoryStore();
  let isDown = true;
  const failing: CounterStore = {
    ...store,
    consume: (...args) => (isDown ? Promise.reject(new Error('connection lost')) : store.consume(...args)),
  };
  expect(await failBefore([failing], 12)).toEqual([]);
  isDown = false;
  expect(await failBefore([failing], 12)).toHaveLength(1);
});

it('the alert reaches every sink of the monitor', async () => {
  const seen: string[][] = [[], []];
  const monitor = createMonitor({
    sinks: seen.map((types, i) => ({ name: `sink ${i}`, write: ({ type }) => void types.push(type) })),
    detector: detect({ store: memoryStore(), rules: { failedAuthentications: { count: 1 } } }),
  });
  monitor.onEvent({
    type: 'auth.failure',
    code: 'UNAUTHENTICATED',
    reason: 'signature',
    id: '1',
    time: Date.now(),
    outcome: 'refused',
    clientIp: '203.0.113.9',
  });
  await monitor.flush();
  expect(seen).toEqual([
    ['auth.failure', 'alert'],
    ['auth.failure', 'alert'],
  ]);
});
