/** Room 1 on Fastify, which hands over its requests in another way than `{ req }`. */
import type { IncomingMessage } from 'node:http';
import { aFunction } from '@graphql-bulwark/core/internal';
import { deriveRequest, type HttpRequest } from './context.ts';

/** A Fastify request, as far as it is used. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly body?: unknown;
}

/**
 * For `context` of `@as-integrations/fastify`.
 *
 * @example fastifyApolloHandler(server, { context: fastifyContext(bulwark.context(async () => ({ db }))) })
 */
export function fastifyContext<C>(
  context: (request: HttpRequest) => Promise<C>,
): (request: FastifyRequestLike) => Promise<C> {
  aFunction('fastifyContext: context', context);
  return ({ raw, body }) => context({ req: deriveRequest(raw, { body }) });
}
