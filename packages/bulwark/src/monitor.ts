/** Sinks and alerts, for applications that install nothing but `graphql-bulwark`. */
export * from '@graphql-bulwark/monitor';
