/** Who is asking, in whatever way the options say, with everything that the roles of a caller include. */
import { authenticate, reportOutcome, roleHierarchy } from '@graphql-bulwark/authentication';
import type { Events } from '@graphql-bulwark/core';
import { isPromise, within } from '@graphql-bulwark/core/internal';
import { type Authenticator, checkedPrincipal } from './context.ts';
import type { BulwarkOptions } from './options.ts';

type Options = Pick<BulwarkOptions, 'authenticate' | 'roleHierarchy' | 'clientAddress'>;

/** Longer than anybody waits: where the application's sessions hang, requests must not pile up behind them. */
const longestMilliseconds = 30_000;

/** @throws {TypeError} for invalid options of `authenticate()`, and for rights where there is no caller to have them. */
export function authenticator(options: Options, events: Events): Authenticator {
  const authenticated = withoutRoleHierarchy(options, events);
  if (options.roleHierarchy === undefined) return authenticated;
  if (options.authenticate === false) {
    throw new TypeError('createBulwark: roleHierarchy needs authenticate: without it no caller has a role.');
  }
  const addIncludedRoles = roleHierarchy(options.roleHierarchy);
  return async (request, anonymous) => {
    const principal = await authenticated(request, anonymous);
    return principal && addIncludedRoles(principal);
  };
}

function withoutRoleHierarchy({ authenticate: option, clientAddress }: Options, events: Events): Authenticator {
  if (option === false) return () => null;
  if (typeof option === 'function') {
    return (request, anonymous) =>
      reportOutcome(events, anonymous, async () => {
        const found = option(request, anonymous);
        return checkedPrincipal(isPromise(found) ? await within(longestMilliseconds, found) : found);
      });
  }
  return authenticate({ events, clientAddress, ...option });
}
