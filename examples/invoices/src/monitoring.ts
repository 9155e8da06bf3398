/** What the operator of the protected server sees: metrics for Prometheus, and alerts. */
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { SecurityEvent } from 'graphql-bulwark';
import { type AlertOptions, createMonitor, detect } from 'graphql-bulwark/monitor';
import { openTelemetryEvents } from 'graphql-bulwark/open-telemetry';

/** An alert, as it is printed. */
export interface RaisedAlert {
  readonly rule: string;
  readonly message: string;
}

export interface Monitoring {
  readonly onEvent: (event: SecurityEvent) => void;
  /** The metrics, in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Alerts since the start, in order. */
  readonly alerts: () => Promise<readonly RaisedAlert[]>;
  readonly close: () => Promise<void>;
}

/** Alerts that are kept to be printed. A real server would send them to those who are on call. */
const mostAlerts = 100;

/** @param store counts for the rules. */
export function startMonitoring(store: AlertOptions['store']): Monitoring {
  const raised: RaisedAlert[] = [];
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meters = new MeterProvider({ readers: [exporter] });
  function keepAlert(event: SecurityEvent): void {
    if (event.type === 'alert' && raised.length < mostAlerts) raised.push(event);
  }
  const monitor = createMonitor({
    sinks: [openTelemetryEvents({ meter: meters.getMeter('invoices') }), keepAlert],
    detector: detect({ store }),
  });
  return {
    onEvent: monitor.onEvent,
    async metrics() {
      await monitor.flush();
      const { resourceMetrics } = await exporter.collect();
      return new PrometheusSerializer().serialize(resourceMetrics);
    },
    async alerts() {
      await monitor.flush();
      return raised;
    },
    async close() {
      await monitor.close();
      await meters.shutdown();
    },
  };
}
