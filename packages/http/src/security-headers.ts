/** The security headers of responses, and which scripts of other sites may read responses (CORS). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import helmet from 'helmet';
import type { HttpSecurity } from './options.ts';

/** Middleware in the form of Connect, which Express and the raw requests of Fastify can run. */
export type Step = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** Headers that a script of another site may read: when to try again, and what is left of its limits. */
const readable = 'Retry-After,RateLimit,RateLimit-Policy,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset';

/** @returns the steps that set the headers, in the order in which they run. */
export function createHeaderSteps({ allowedOrigins, credentials }: HttpSecurity): readonly Step[] {
  const secure = helmet({
    // A response is data. If a browser is led to show it as a page, it must load, frame and run nothing.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: allowedOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  const share = cors({
    // With a list, only its members are sent back, and never the origin of whatever site asks.
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
