export { type AlertOptions, type AlertRules, type Detector, detect } from './alerts/detect.ts';
export { createMonitor, type Monitor, type MonitorOptions } from './monitor.ts';
export { type OperationEventOptions, operationEvents } from './operation-events.ts';
export { type PinoEventsOptions, type PinoLogger, pinoEvents } from './sinks/pino.ts';
export type { Sink, SinkCounts } from './sinks/sink.ts';
