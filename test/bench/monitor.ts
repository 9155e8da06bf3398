// What an event costs: CPU time from the listener until every sink has written it, beside the request that it is about.
// Run with: npm run bench:monitor
import { ApolloServer } from '@apollo/server';
import { createEvents, guard, type SecuredContext, type SecurityEvent, securityContext } from '@graphql-bulwark/core';
import { createMonitor, detect, type MonitorOptions, operationEvents, pinoEvents } from '@graphql-bulwark/monitor';
import { openTelemetryEvents } from '@graphql-bulwark/monitor/open-telemetry';
import { memoryStore } from '@graphql-bulwark/rate-limit';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { pino } from 'pino';

const rounds = 6;
const security = securityContext({
  principal: { id: 'u-1', claims: {}, roles: [], scopes: [], authMethod: 'jwt' },
  clientIp: '192.0.2.1',
});
const origin = { security, operationType: 'query', operationName: 'Invoices' };
const answered = { type: 'operation.answered', errors: 0, objects: 20, depth: 4, fields: 12, cost: 20 } as const;
const failed = { type: 'auth.failure', code: 'UNAUTHENTICATED', reason: 'signature' } as const;

/** Microseconds of CPU time: the least of several rounds, since other processes only ever add to it. */
async function measure(calls: number, work: () => Promise<void>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    if (round > 0) least = Math.min(least, (user + system) / calls);
  }
  return least;
}

async function measureEvents(
  details: typeof answered | typeof failed,
  outcome: SecurityEvent['outcome'],
  options?: MonitorOptions,
): Promise<number> {
  const monitor = options && createMonitor({ maxQueued: 2_000, ...options });
  const events = createEvents(monitor?.onEvent ?? (() => {}), () => console);
  const burst = 500;
  return measure(burst * 40, async () => {
    for (let times = 0; times < 40; times += 1) {
      for (let n = 0; n < burst; n += 1) events.emit(details, outcome, origin);
      await monitor?.flush();
    }
  });
}

/** Makes the work of many small operations on one server. */
async function serve(monitored: boolean): Promise<() => Promise<void>> {
  const monitor = createMonitor({ sinks: [() => {}] });
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { a: Int }',
    resolvers: { Query: { a: () => 1 } },
    stopOnTerminationSignals: false,
    plugins: [
      guard<SecuredContext>({
        controls: monitored ? [operationEvents()] : [],
        ...(monitored && { onEvent: monitor.onEvent }),
      }),
    ],
  });
  await server.start();
  return async () => {
    for (let n = 0; n < operations; n += 1) {
      await server.executeOperation({ query: '{ a }' }, { contextValue: { security } });
      // As between two requests, the event loop turns.
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await monitor.flush();
  };
}

const operations = 2_000;

const nowhere = pino({ base: null }, { write() {} });
const meter = new MeterProvider().getMeter('bench');
const rows: [string, number][] = [
  ['an event to a function that does nothing', await measureEvents(answered, 'noted')],
  ['through a monitor with one sink that does nothing', await measureEvents(answered, 'noted', { sinks: [() => {}] })],
  ['to pino, which writes nowhere', await measureEvents(answered, 'noted', { sinks: [pinoEvents(nowhere)] })],
  [
    'to the metrics of OpenTelemetry',
    await measureEvents(answered, 'noted', { sinks: [openTelemetryEvents({ meter })] }),
  ],
  [
    'to all rules: an operation',
    await measureEvents(answered, 'noted', { sinks: [], detector: detect({ store: memoryStore() }) }),
  ],
  [
    'to all rules: a failed authentication',
    await measureEvents(failed, 'refused', { sinks: [], detector: detect({ store: memoryStore() }) }),
  ],
];
console.log('microseconds of CPU time per event');
for (const [what, microseconds] of rows) console.log(`  ${microseconds.toFixed(2).padStart(8)}  ${what}`);
const [bareWork, monitoredWork] = [await serve(false), await serve(true)];
let [bare, monitored] = [Infinity, Infinity];
// In turns, so that neither has the quiet minutes of the machine.
for (let times = 0; times < 6; times += 1) {
  bare = Math.min(bare, await measure(operations, bareWork));
  monitored = Math.min(monitored, await measure(operations, monitoredWork));
}
console.log('microseconds of CPU time per small operation');
console.log(`  ${bare.toFixed(1).padStart(8)}  with a guard, without a listener`);
console.log(`  ${monitored.toFixed(1).padStart(8)}  with operationEvents() and a monitor`);
