/** What stands in front of GraphQL on Fastify 5, and the limits of its HTTP server. */
export type { HttpLimits, HttpSecurityOptions } from '@graphql-bulwark/http';
export {
  type FastifyLimits,
  type FastifySecurityOptions,
  fastifyLimits,
  fastifySecurity,
} from '@graphql-bulwark/http/fastify';
