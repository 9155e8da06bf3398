/** What a Bulwark is made of, and every default. */
import type { AuthenticateOptions, GuardSchemaOptions, ImpliedRightsOptions } from '@graphql-bulwark/auth';
import {
  type ClientAddressOptions,
  checkFlags,
  checkFunctions,
  checkLogger,
  type EventListener,
  knownOptions,
  type Logger,
  type Messages,
  plainObject,
  type SecuredContext,
  type SubscriptionCallbackOptions,
} from '@graphql-bulwark/core';
import type { IntrospectionOptions } from '@graphql-bulwark/introspection';
import type { CostOptions, LimitsOptions, ListCapOptions } from '@graphql-bulwark/limits';
import type { RateLimitOptions, SocketLimitOptions } from '@graphql-bulwark/rate-limit';
import type { GraphQLError } from 'graphql';
import type { Authenticator } from './context.ts';
import type { ExposureOptions } from './exposure.ts';

export interface BulwarkOptions<C extends SecuredContext = SecuredContext> {
  /**
   * How a request says who it is: the options of `authenticate()`, a function of your own, or `false` for an API that knows
   * no callers.
   */
  readonly authenticate: AuthenticateOptions | Authenticator | false;
  /**
   * Which roles include others, and which scopes they bring: `{ roles: { ADMIN: ['MEMBER'] }, scopes: { MEMBER: ['read'] } }`.
   * Worked out when a caller is known, over every transport. Left out: a caller has what the credential says.
   */
  readonly impliedRights?: ImpliedRightsOptions | undefined;
  /** Left out: a root field without `@auth` and `@public` needs a principal; with `authenticate: false`, it is public. */
  readonly authorization?:
    | (Omit<GuardSchemaOptions<C>, 'events'> & {
        /** Answer for what a caller may not use as for what does not exist. Replaces 401, 403 and `null`. @default false */
        readonly hideUnauthorized?: boolean | undefined;
      })
    | undefined;
  readonly limits?: LimitsOptions | undefined;
  /** What operations may cost. Left out: the defaults of `cost()`; `false`: anything. */
  readonly cost?: Omit<CostOptions, 'view'> | false | undefined;
  /** How many items a resolver may return in one list. Left out: any number. */
  readonly resolvedLists?: Omit<ListCapOptions, 'fieldResolver' | 'events'> | undefined;
  readonly introspection?:
    | (Omit<IntrospectionOptions, 'view'> & {
        /** Callers who may introspect see only what they may use. @default false */
        readonly filtered?: boolean | undefined;
      })
    | undefined;
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Open sockets, operations and events over them. Left out: the defaults of the rate limit; `false`: any number. */
  readonly sockets?: SocketLimitOptions | false | undefined;
  /** How many proxies of yours stand in front. Left out: none. */
  readonly clientAddress?: ClientAddressOptions | undefined;
  /** Told of every refusal and failure. Left out: each kind is logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /** Errors without a code of their own that clients may see all the same. Left out: none. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /**
   * Answer what does not fit the schema with one constant text per code. Those who may introspect the whole schema read more.
   * Left out: on, unless `NODE_ENV` is `development` or `test`.
   */
  readonly strictMessages?: boolean | undefined;
  /** Texts in place of the constant ones, by code, for example in another language. */
  readonly messages?: Messages | undefined;
  /** Of the report on fields that look secret or privileged and have no rule; `false`: none. */
  readonly exposure?: ExposureOptions | false | undefined;
  /**
   * URLs below which a router of yours takes the events of subscriptions, or these with options of Apollo Server's callback plugin.
   * Do not name the plugin yourself: Bulwark runs it, and it hears only of what is let in. Left out: none.
   */
  readonly subscriptionCallbacks?: readonly string[] | SubscriptionCallbackOptions | undefined;
  /** Gets what failed and what was masked, in full. Left out: the logger of the Apollo Server. */
  readonly logger?: Logger | undefined;
}

/** Those that hold options of their own. */
const groups = [
  'authorization',
  'limits',
  'cost',
  'resolvedLists',
  'introspection',
  'rateLimit',
  'sockets',
  'clientAddress',
  'exposure',
] as const;
const mayBeOff: readonly string[] = ['cost', 'sockets', 'exposure'];

/** The options of `createBulwark`. */
const names: readonly (keyof BulwarkOptions)[] = [
  ...groups,
  'authenticate',
  'impliedRights',
  'onEvent',
  'expose',
  'strictMessages',
  'messages',
  'subscriptionCallbacks',
  'logger',
];

/** @throws {TypeError} for an option that there is not, and for what no other part checks. */
export function checkOptions<C extends SecuredContext>(options: BulwarkOptions<C>): void {
  knownOptions('createBulwark', options, names);
  for (const name of groups) {
    const value: unknown = options[name];
    if (value === undefined || (value === false && mayBeOff.includes(name))) continue;
    // What is no object would pass for one without options, and the defaults would hold.
    plainObject(name, value as object);
  }
  const { authorization = {}, introspection = {}, exposure, strictMessages, logger } = options;
  checkFunctions({ onEvent: options.onEvent, expose: options.expose });
  const { hideUnauthorized } = authorization;
  const { filtered } = introspection;
  const { strictExposure } = exposure || {};
  checkFlags({ hideUnauthorized, filtered, strictExposure, strictMessages });
  checkLogger(logger);
}
