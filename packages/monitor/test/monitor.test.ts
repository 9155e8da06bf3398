import type { EventListener, SecurityEvent } from '@graphql-bulwark/core';
import { expect, it } from 'vitest';
import { createMonitor, type MonitorOptions } from '../src/index.ts';

const quiet = { warn() {}, error() {} };
const event = (id: string): SecurityEvent => ({
  type: 'access.denied',
  control: 'authorization',
  code: 'FORBIDDEN',
  id,
  time: 0,
  outcome: 'refused',
});

function start(sinks: MonitorOptions['sinks'], more: Partial<MonitorOptions> = {}) {
  return createMonitor({ sinks, logger: quiet, ...more });
}

/** A sink that remembers what it got. */
function collect(): { readonly ids: string[]; readonly write: EventListener } {
  const ids: string[] = [];
  return { ids, write: ({ id }) => void ids.push(id) };
}

it('every sink gets every event, in order, after the code that sent it has run', async () => {
  const [one, other] = [collect(), collect()];
  const monitor = start([one.write, { name: 'other', write: other.write }]);
  monitor.onEvent(event('a'));
  monitor.onEvent(event('b'));
  expect(one.ids).toEqual([]);
  await monitor.flush();
  expect(one.ids).toEqual(['a', 'b']);
  expect(other.ids).toEqual(['a', 'b']);
});

it.each([
  [
    'throws',
    () => {
      throw new Error('disk full');
    },
  ],
  ['rejects', async () => Promise.reject(new Error('no route'))],
  [
    'throws what is no error',
    () => {
      // oxlint-disable-next-line no-throw-literal -- a sink of an application may.
      throw undefined;
    },
  ],
])('a sink that %s loses its own events and none of the others', async (_, write) => {
  const good = collect();
  const monitor = start([{ name: 'bad', write }, good.write]);
  for (const id of ['a', 'b', 'c']) monitor.onEvent(event(id));
  await monitor.flush();
  expect(good.ids).toEqual(['a', 'b', 'c']);
  expect(monitor.count()).toMatchObject([
    { sink: 'bad', written: 0, failed: 3, dropped: 0, queued: 0 },
    { written: 3, failed: 0 },
  ]);
});

it('a sink that throws while the request runs harms neither the request nor the other sinks', async () => {
  const good = collect();
  const bad = {
    name: 'bad',
    observe() {
      throw new Error('no span');
    },
  };
  const monitor = start([bad, good.write]);
  expect(() => monitor.onEvent(event('a'))).not.toThrow();
  await monitor.flush();
  expect(good.ids).toEqual(['a']);
  expect(monitor.count()[0]).toMatchObject({ sink: 'bad', failed: 1 });
});

it('a sink that hangs is given up after its time, and its queue drops and counts what does not fit', async () => {
  const good = collect();
  const monitor = start([{ name: 'hangs', write: () => new Promise(() => {}) }, good.write], {
    maxQueued: 3,
    timeoutMilliseconds: 20,
  });
  for (const id of ['a', 'b', 'c', 'd', 'e']) monitor.onEvent(event(id));
  await expect.poll(() => monitor.count()[0]).toMatchObject({ failed: 3, dropped: 2, queued: 0 });
  // The same bound holds for the good one: nothing has been written before the request has run.
  expect(good.ids).toEqual(['a', 'b', 'c']);
});

it('a flood of events leaves other work of the process its turn', async () => {
  const good = collect();
  const monitor = start([good.write], { maxQueued: 10_000 });
  for (let i = 0; i < 5_000; i += 1) monitor.onEvent(event(String(i)));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(good.ids.length).toBeGreaterThan(0);
  expect(good.ids.length).toBeLessThan(5_000);
  await monitor.flush();
  expect(good.ids.length).toBe(5_000);
});

it('two sinks that answer each event with an event do not keep each other busy for ever', async () => {
  const ids: string[] = [];
  let sent = 0;
  const echo = (name: string) => ({
    name,
    async write({ id }: SecurityEvent) {
      ids.push(id);
      await Promise.resolve();
      sent += 1;
      monitor.onEvent(event(`${name}-${sent}`));
    },
  });
  const monitor = start([echo('one'), echo('two')]);
  monitor.onEvent(event('a'));
  await monitor.flush();
  // The event reaches both; the answer of each reaches the other one, twice in a row at most.
  expect(ids.filter((id) => id === 'a')).toHaveLength(2);
  expect(ids.length).toBeLessThanOrEqual(6);
});

it('a sink that sends an event while the request runs does not call itself without end', async () => {
  let calls = 0;
  const monitor = start([
    {
      name: 'recursive',
      observe() {
        calls += 1;
        monitor.onEvent(event('again'));
      },
    },
  ]);
  monitor.onEvent(event('a'));
  await monitor.flush();
  expect(calls).toBe(1);
});

it('lost events are logged once a minute per sink, without the text of the error', async () => {
  const lines: string[] = [];
  const monitor = start(
    [
      {
        name: 'bad',
        write() {
          throw Object.assign(new TypeError('event of s3cr3t'), { code: 'ECONNREFUSED' });
        },
      },
    ],
    { logger: { ...quiet, warn: (line) => void lines.push(line) } },
  );
  for (const id of ['a', 'b', 'c']) monitor.onEvent(event(id));
  await monitor.flush();
  expect(lines).toEqual(["Bulwark: the sink 'bad' lost an event: it threw TypeError (ECONNREFUSED)"]);
});

it('close() writes what is queued, closes each sink, and later events are dropped', async () => {
  const good = collect();
  let closed = 0;
  const monitor = start([{ name: 'good', write: good.write, close: () => void (closed += 1) }]);
  monitor.onEvent(event('a'));
  await monitor.close();
  monitor.onEvent(event('b'));
  await monitor.flush();
  expect([good.ids, closed]).toEqual([['a'], 1]);
});

it('events carry the id of the trace that was active when they were sent', async () => {
  let active: string | undefined = 'trace-1';
  const traces: (string | undefined)[] = [];
  const monitor = start([({ traceId }) => void traces.push(traceId)], { traceId: () => active });
  monitor.onEvent(event('a'));
  active = undefined;
  monitor.onEvent(event('b'));
  await monitor.flush();
  expect(traces).toEqual(['trace-1', undefined]);
});

it('a trace id that cannot be read is left out, and the event is sent', async () => {
  const good = collect();
  const monitor = start([good.write], {
    traceId() {
      throw new Error('no context');
    },
  });
  monitor.onEvent(event('a'));
  await monitor.flush();
  expect(good.ids).toEqual(['a']);
});

it.each([
  ['no list', { sinks: () => {} }, 'createMonitor: sinks must be a list'],
  ['a sink without a name', { sinks: [{ write() {} }] }, 'createMonitor: sinks must be a list'],
  ['two sinks of one name', { sinks: ['a', 'a'].map((name) => ({ name, write() {} })) }, 'with different names'],
  ['an unknown option', { sinks: [], maxQueue: 1 }, "did you mean 'maxQueued'?"],
  ['a queue for nothing', { sinks: [], maxQueued: 0 }, 'createMonitor: maxQueued must be a whole number'],
  ['a detector that is none', { sinks: [], detector: {} }, 'createMonitor: detector must be made by detect()'],
])('%s is refused at start', (_, options, message) => {
  expect(() => createMonitor(options as unknown as MonitorOptions)).toThrow(message);
});
