/** The sink of OpenTelemetry. Needs `@opentelemetry/api`, which the application installs. */
export * from '@graphql-bulwark/monitor/open-telemetry';
