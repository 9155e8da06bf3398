/**
 * Stops: bodies that are too large once inflated, bodies that are not JSON, scripts of other sites, and responses shown as pages.
 * Room: Express 5, in front of the GraphQL middleware.
 * Answers: 413, 415 and 400 as JSON in the form of GraphQL errors; never a page, a stack trace or the text of a body.
 */
import { aFunction, readOptions } from '@graphql-bulwark/core/internal';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { type HttpSecurityOptions, httpSecurityTable, printError } from './options.ts';
import { createHeaderSteps } from './security-headers.ts';
import { createUnreadStep } from './unread-answers.ts';
import { describeUnreadable, isJson } from './unreadable-body.ts';

/**
 * Makes the handlers to put in front of a GraphQL middleware, body parser included.
 *
 * @throws {TypeError} for an invalid option.
 * @example app.use('/graphql', ...expressSecurity(), expressMiddleware(server, { context }), jsonErrors())
 */
export function expressSecurity(options: HttpSecurityOptions = {}): RequestHandler[] {
  const security = readOptions('expressSecurity', options, httpSecurityTable);
  const requireJson: RequestHandler = (request, _, next) => {
    // The parser would read a body that is announced as too large to its end before it refuses it.
    const length = Number(request.headers['content-length'] ?? 0);
    if (!(length <= security.maxBodyBytes)) return next({ status: 413 });
    return next(hasBody(request.headers) && !isJson(request.headers['content-type']) ? { status: 415 } : undefined);
  };
  const parser = express.json({ limit: security.maxBodyBytes, type: () => true });
  return [...createUnreadStep(security.unreadSeconds), ...createHeaderSteps(security), requireJson, parser];
}

/**
 * Makes the last handler, which answers requests that failed before they reached GraphQL as JSON.
 *
 * @param onError gets the errors that are not the client's fault; left out, they are printed.
 * @throws {TypeError} for anything but a function.
 * @example app.use(jsonErrors((error) => logger.error(error)))
 */
export function jsonErrors(onError: (error: unknown) => void = printError): ErrorRequestHandler {
  aFunction('jsonErrors: onError', onError);
  return function answerWithJson(error: unknown, _request, response, next) {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, body } = describeUnreadable(error);
    if (status >= 500) onError(error);
    // The rest of the body is not read. Without this header the client could go on sending it for as long as it likes.
    if (status === 413) response.set('connection', 'close');
    response.status(status).json(body);
  };
}

function hasBody(headers: {
  'transfer-encoding'?: string | undefined;
  'content-length'?: string | undefined;
}): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
