/**
 * Stops: bodies that are too large once inflated, bodies that are not JSON, other sites' scripts, pages made of answers.
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
 * Handlers to put in front of a GraphQL middleware, body parser included.
 *
 * @throws {TypeError} for an invalid option.
 * @example app.use('/graphql', ...expressSecurity(), expressMiddleware(server, { context }), jsonErrors())
 */
export function expressSecurity(options: HttpSecurityOptions = {}): RequestHandler[] {
  const security = readOptions('expressSecurity', options, httpSecurityTable);
  const onlyJson: RequestHandler = (request, _, next) => {
    // The parser would read a body to its end before it says that it is too large.
    const length = Number(request.headers['content-length'] ?? 0);
    if (!(length <= security.maxBodyBytes)) return next({ status: 413 });
    return next(hasBody(request.headers) && !isJson(request.headers['content-type']) ? { status: 415 } : undefined);
  };
  const parser = express.json({ limit: security.maxBodyBytes, type: () => true });
  return [...createUnreadStep(security.unreadSeconds), ...createHeaderSteps(security), onlyJson, parser];
}

/**
 * The last handler: what went wrong before GraphQL was reached, as JSON. Errors that are not the client's are told.
 *
 * @param onError told of them; left out, they are printed.
 * @throws {TypeError} for what is no function.
 */
export function jsonErrors(onError: (error: unknown) => void = printError): ErrorRequestHandler {
  aFunction('jsonErrors: onError', onError);
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, body } = describeUnreadable(error);
    if (status >= 500) onError(error);
    // What is left of the body is not read: the connection would carry it for as long as the client likes.
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
