import type { SecurityEvent } from '@graphql-bulwark/core';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMonitor } from '../../src/index.ts';
import { openTelemetryEvents, readTraceId } from '../../src/sinks/open-telemetry.ts';

const base = { id: 'e-1', time: 0 } as const;
const denied: SecurityEvent = {
  ...base,
  type: 'access.denied',
  control: 'authorization',
  code: 'FORBIDDEN',
  coordinate: 'Query.users',
  outcome: 'refused',
  principalId: 'u-1',
  clientIp: '192.0.2.1',
  operationType: 'query',
  operationName: 'Users',
};
const answered: SecurityEvent = {
  ...base,
  type: 'operation.answered',
  outcome: 'noted',
  errors: 0,
  objects: 3,
  depth: 4,
  fields: 9,
  cost: 12,
  decisionMilliseconds: 2,
  milliseconds: 9,
  operationType: 'query',
};

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
afterAll(() => {
  context.disable();
  trace.disable();
  metrics.disable();
});

it('metrics as Prometheus reads them count by type, code and control, and have no attribute that a client chooses', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('test');
  const monitor = createMonitor({ sinks: [openTelemetryEvents({ meter })] });
  for (const event of [denied, denied, answered]) monitor.onEvent(event);
  await monitor.flush();
  const { resourceMetrics } = await exporter.collect();
  const text = new PrometheusSerializer().serialize(resourceMetrics);
  expect(text).toMatch(
    /bulwark_events_total\{bulwark_event_type="access.denied",bulwark_outcome="refused",graphql_operation_type="query",error_type="FORBIDDEN",bulwark_control="authorization"[^}]*\} 2\n/,
  );
  expect(text).toMatch(/bulwark_operation_depth_sum\{graphql_operation_type="query"[^}]*\} 4\n/);
  expect(text).toMatch(/bulwark_operation_cost_sum\{[^}]*\} 12\n/);
  expect(text).toMatch(/bulwark_decision_duration_sum\{[^}]*\} 0\.002\n/);
  expect(text).not.toMatch(/Users|u-1|192\.0\.2\.1/);
});

it('an event stands on the span of the request that it is about, with its trace id in every other sink', async () => {
  const spans = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('test');
  const traces: (string | undefined)[] = [];
  const monitor = createMonitor({
    sinks: [openTelemetryEvents({ tracer }), ({ traceId }) => void traces.push(traceId)],
    traceId: readTraceId,
  });
  const span = tracer.startSpan('request');
  const labelled = Object.assign({ operationHash: 'h-1', clientName: 'web', clientVersion: '1.2' }, denied);
  context.with(trace.setSpan(context.active(), span), () => monitor.onEvent(labelled));
  monitor.onEvent(denied);
  span.end();
  await monitor.flush();
  const [finished] = spans.getFinishedSpans();
  expect(finished?.events).toMatchObject([
    {
      name: 'bulwark.access.denied',
      attributes: {
        'error.type': 'FORBIDDEN',
        'graphql.operation.name': 'Users',
        'user.id': 'u-1',
        'client.address': '192.0.2.1',
        'bulwark.coordinate': 'Query.users',
        'bulwark.operation.hash': 'h-1',
        'bulwark.client.name': 'web',
        'bulwark.client.version': '1.2',
      },
    },
  ]);
  expect(traces).toEqual([span.spanContext().traceId, undefined]);
});

it('an alert is a span of its own, since no request raises it', async () => {
  const spans = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('test');
  const monitor = createMonitor({ sinks: [openTelemetryEvents({ tracer })] });
  const alert = { rule: 'volume', message: 'm', count: 20, threshold: 10, windowSeconds: 60 };
  monitor.onEvent({ ...base, type: 'alert', outcome: 'noted', ...alert });
  await monitor.flush();
  expect(spans.getFinishedSpans()).toMatchObject([
    { name: 'bulwark.alert', attributes: { 'bulwark.alert.rule': 'volume', 'bulwark.count': 20 } },
  ]);
});

it('neither a meter nor a tracer is refused at start', () => {
  expect(() => openTelemetryEvents({})).toThrow('openTelemetryEvents needs a meter, a tracer or both');
  expect(() => openTelemetryEvents({ meter: {} as never })).toThrow('meter must be a Meter of @opentelemetry/api');
});
