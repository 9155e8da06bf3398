/** The headers of an API's answers, and which other sites' scripts may read them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import helmet from 'helmet';
import type { HttpSecurity } from './options.ts';

/** Middleware in the form that Connect, Express and Fastify's raw request share. */
export type Step = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** What else a script may read of an answer: when to come back, and how its limits stand. */
const readable = 'Retry-After,RateLimit,RateLimit-Policy,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset';

/** In the order in which they stand. */
export function createHeaderSteps({ allowedOrigins, credentials }: HttpSecurity): readonly Step[] {
  const secure = helmet({
    // An answer is data: a browser that shows it as a page loads, frames and runs nothing of it.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: allowedOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  const share = cors({
    // A list, so that only its members are ever answered, and never the origin that happens to ask.
    origin: [...allowedOrigins],
    credentials,
    methods: ['GET', 'POST'],
    exposedHeaders: allowedOrigins.length > 0 ? readable : [],
    maxAge: 600,
  });
  const unstored: Step = (_, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  };
  return [secure, unstored, share];
}
