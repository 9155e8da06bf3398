import type { SecurityEvent } from '@graphql-bulwark/core';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createMonitor, pinoEvents } from '../../src/index.ts';

const base = { id: 'e-1', time: 1_750_000_000_000 } as const;
const denied: SecurityEvent = {
  ...base,
  type: 'access.denied',
  control: 'authorization',
  code: 'FORBIDDEN',
  coordinate: 'Query.users',
  outcome: 'refused',
  principalId: 'u-1',
  clientIp: '192.0.2.1',
};

/** Writes events through a real pino. @returns the lines, parsed. */
async function write(events: readonly SecurityEvent[], options = {}): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const monitor = createMonitor({ sinks: [pinoEvents(logger, options)] });
  for (const event of events) monitor.onEvent(event);
  await monitor.close();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('an event is one JSON line, with all of its fields under one', async () => {
  expect(await write([denied])).toEqual([
    { level: 40, time: expect.any(Number), bulwark: denied, msg: 'access.denied' },
  ]);
});

it('the field can have another name', async () => {
  expect((await write([denied], { field: 'security' }))[0]).toMatchObject({ security: denied });
});

it('alerts and failures are errors, refusals are warnings, the rest is information', async () => {
  const alert: SecurityEvent = {
    ...base,
    type: 'alert',
    outcome: 'noted',
    rule: 'volume',
    message: 'm',
    count: 2,
    threshold: 1,
    windowSeconds: 60,
  };
  const lines = await write([
    alert,
    { ...base, type: 'failure', where: 'request', outcome: 'refused' },
    denied,
    { ...base, type: 'config.warning', message: 'weak', outcome: 'noted' },
    { ...base, type: 'auth.success', method: 'jwt', outcome: 'noted' },
  ]);
  expect(lines.map(({ level }) => level)).toEqual([50, 50, 40, 40, 30]);
});

it('what is no logger is refused at start', () => {
  expect(() => pinoEvents({} as never)).toThrow('pinoEvents: logger must be a pino logger');
});
