/** Finds the caller of a request in the way that the options say, and adds the roles and scopes that its roles include. */
import { authenticate, reportOutcome, roleHierarchy } from '@graphql-bulwark/authentication';
import type { Events } from '@graphql-bulwark/core';
import { awaitWithin, isPromise } from '@graphql-bulwark/core/internal';
import { type Authenticator, requirePrincipal } from './context.ts';
import type { BulwarkOptions } from './options.ts';

type Options = Pick<BulwarkOptions, 'authenticate' | 'roleHierarchy' | 'clientAddress'>;

/** How long a function of the application may take: when its sessions hang, requests must not pile up behind them. */
const longestMilliseconds = 30_000;

/**
 * Compiles the options to one function that finds the caller of a request.
 *
 * @throws {TypeError} while the server is built, for invalid options of `authenticate()`, and for a role hierarchy where no caller is
 * known.
 */
export function compileAuthenticator(options: Options, events: Events): Authenticator {
  const findCaller = compileAuthenticate(options, events);
  if (options.roleHierarchy === undefined) return findCaller;
  if (options.authenticate === false) {
    throw new TypeError(
      'createBulwark: roleHierarchy needs authenticate, because without it no caller has a role: give authenticate, or leave ' +
        'roleHierarchy out.',
    );
  }
  const addIncludedRoles = roleHierarchy(options.roleHierarchy);
  return async function findCallerWithRoles(request, anonymous) {
    const principal = await findCaller(request, anonymous);
    return principal && addIncludedRoles(principal);
  };
}

function compileAuthenticate({ authenticate: option, clientAddress }: Options, events: Events): Authenticator {
  if (option === false) return () => null;
  if (typeof option === 'function') {
    return function askApplication(request, anonymous) {
      return reportOutcome(events, anonymous, async () => {
        const found = option(request, anonymous);
        return requirePrincipal(isPromise(found) ? await awaitWithin(longestMilliseconds, found) : found);
      });
    };
  }
  return authenticate({ events, clientAddress, ...option });
}
