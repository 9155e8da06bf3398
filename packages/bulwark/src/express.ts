/** What stands in front of GraphQL on Express 5, and the limits of its HTTP server. */
export { type HttpLimits, type HttpSecurityOptions, httpLimits } from '@graphql-bulwark/http';
export { expressSecurity, jsonErrors } from '@graphql-bulwark/http/express';
