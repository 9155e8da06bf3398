/** Who is asking, in whatever way the options say, with everything that the roles of a caller include. */
import { authenticate, impliedRights, reported } from '@graphql-bulwark/authentication';
import type { Events } from '@graphql-bulwark/core';
import { awaitWithin, isPromise } from '@graphql-bulwark/core/internal';
import { type Authenticator, requirePrincipal } from './context.ts';
import type { BulwarkOptions } from './options.ts';

type Options = Pick<BulwarkOptions, 'authenticate' | 'impliedRights' | 'clientAddress'>;

/** Longer than anybody waits: where the application's sessions hang, requests must not pile up behind them. */
const longestMilliseconds = 30_000;

/** @throws {TypeError} for invalid options of `authenticate()`, and for rights where there is no caller to have them. */
export function compileAuthenticator(options: Options, events: Events): Authenticator {
  const authenticated = withoutImpliedRights(options, events);
  if (options.impliedRights === undefined) return authenticated;
  if (options.authenticate === false) {
    throw new TypeError('createBulwark: impliedRights needs authenticate: without it no caller has a role.');
  }
  const complete = impliedRights(options.impliedRights);
  return async (request, anonymous) => {
    const principal = await authenticated(request, anonymous);
    return principal && complete(principal);
  };
}

function withoutImpliedRights({ authenticate: option, clientAddress }: Options, events: Events): Authenticator {
  if (option === false) return () => null;
  if (typeof option === 'function') {
    return (request, anonymous) =>
      reported(events, anonymous, async () => {
        const found = option(request, anonymous);
        return requirePrincipal(isPromise(found) ? await awaitWithin(longestMilliseconds, found) : found);
      });
  }
  return authenticate({ events, clientAddress, ...option });
}
