/**
 * Writes events to OpenTelemetry: counters and histograms of a meter, and span events on the span of the request. Names follow
 * its semantic conventions where these have one (`graphql.operation.type`, `error.type`, `client.address`, `user.id`).
 */

import type { SecurityEvent } from '@graphql-bulwark/core';
import { hasMethods, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { type Attributes, type Meter, type Tracer, trace } from '@opentelemetry/api';
import type { Sink } from './sink.ts';

/** Options of `openTelemetryEvents()`: at least one of them. */
export interface OpenTelemetryOptions {
  /** Counts events by type, code and control, and measures depth, cost and decision time. Left out: no metrics. */
  readonly meter?: Meter | undefined;
  /** Adds each event to the active span; an alert, which no request raises, gets a span of its own. Left out: no spans. */
  readonly tracer?: Tracer | undefined;
}

const optionTable = {
  meter: { check: must('be a Meter of @opentelemetry/api', (meter) => hasMethods(meter, 'createCounter')) },
  tracer: { check: must('be a Tracer of @opentelemetry/api', (tracer) => hasMethods(tracer, 'startSpan')) },
} satisfies OptionTable<OpenTelemetryOptions>;

/**
 * Makes the sink of OpenTelemetry.
 *
 * @throws {TypeError} for an invalid option, and where neither is given.
 * @example openTelemetryEvents({ meter: metrics.getMeter('api'), tracer: trace.getTracer('api') })
 */
export function openTelemetryEvents(options: OpenTelemetryOptions): Sink {
  const { meter, tracer } = readOptions('openTelemetryEvents', options, optionTable);
  if (!meter && !tracer) throw new TypeError('openTelemetryEvents needs a meter, a tracer or both.');
  return {
    name: 'open-telemetry',
    ...(meter && { write: createMeasurement(meter) }),
    ...(tracer && { observe: createSpanEvents(tracer) }),
  };
}

/** Reads the id of the active trace: the option `traceId` of `createMonitor()`. @returns `undefined` where none is active. */
export function readTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** The boundaries of histograms: the default ones of OpenTelemetry are made for milliseconds. */
const boundaries = {
  depth: [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50],
  cost: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
  seconds: [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
} as const;

/** Metrics have no attribute that a client chooses, such as the operation name: each value would be a time series. */
function createMeasurement(meter: Meter): (event: SecurityEvent) => void {
  const counted = meter.createCounter('bulwark.events', { description: 'Security events', unit: '{event}' });
  const histogram = (name: string, description: string, unit: string, explicitBucketBoundaries: readonly number[]) =>
    meter.createHistogram(name, {
      description,
      unit,
      advice: { explicitBucketBoundaries: [...explicitBucketBoundaries] },
    });
  const depths = histogram('bulwark.operation.depth', 'Depth of operations', '{level}', boundaries.depth);
  const costs = histogram('bulwark.operation.cost', 'Cost of operations', '{point}', boundaries.cost);
  const decisions = histogram(
    'bulwark.decision.duration',
    'Time to let an operation pass or refuse it',
    's',
    boundaries.seconds,
  );

  return function measureEvent(event) {
    counted.add(1, listMetricAttributes(event));
    if (event.type !== 'operation.answered') return;
    const { depth, cost, decisionMilliseconds, operationType } = event;
    const attributes = operationType === undefined ? {} : { 'graphql.operation.type': operationType };
    if (depth !== undefined) depths.record(depth, attributes);
    if (cost !== undefined) costs.record(cost, attributes);
    if (decisionMilliseconds !== undefined) decisions.record(decisionMilliseconds / 1_000, attributes);
  };
}

function listMetricAttributes(event: SecurityEvent): Attributes {
  const attributes: Attributes = { 'bulwark.event.type': event.type, 'bulwark.outcome': event.outcome };
  if (event.operationType !== undefined) attributes['graphql.operation.type'] = event.operationType;
  if ('code' in event && event.code !== undefined) attributes['error.type'] = event.code;
  if ('control' in event) attributes['bulwark.control'] = event.control;
  if (event.type === 'alert') attributes['bulwark.alert.rule'] = event.rule;
  return attributes;
}

function createSpanEvents(tracer: Tracer): (event: SecurityEvent) => void {
  return function addToSpan(event) {
    if (event.type === 'alert') {
      tracer.startSpan('bulwark.alert', { attributes: listSpanAttributes(event), root: true }).end();
      return;
    }
    trace.getActiveSpan()?.addEvent(`bulwark.${event.type}`, listSpanAttributes(event));
  };
}

/** What an event says of its request, where it knows it. */
const requestFields = [
  ['bulwark.operation.hash', 'operationHash'],
  ['bulwark.client.name', 'clientName'],
  ['bulwark.client.version', 'clientVersion'],
] as const;

function listSpanAttributes(event: SecurityEvent): Attributes {
  const attributes = listMetricAttributes(event);
  const more: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['bulwark.event.id', event.id],
    ['bulwark.request.id', event.requestId],
    ['graphql.operation.name', event.operationName],
    ['user.id', event.principalId],
    ['client.address', event.clientIp],
    ['bulwark.coordinate', 'coordinate' in event ? event.coordinate : undefined],
    ['bulwark.rule', 'rule' in event ? event.rule : undefined],
    ['bulwark.reason', 'reason' in event ? event.reason : undefined],
    ['bulwark.count', 'count' in event ? event.count : undefined],
  ];
  for (const [name, value] of more) if (value !== undefined) attributes[name] = value;
  for (const [name, field] of requestFields) {
    const value: unknown = Reflect.get(event, field);
    if (typeof value === 'string') attributes[name] = value;
  }
  return attributes;
}
