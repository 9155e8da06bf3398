/** What a Bulwark is made of, and the defaults that are its own. */
import type { AuthenticateOptions, RoleHierarchyOptions } from '@graphql-bulwark/authentication';
import type { GuardSchemaOptions } from '@graphql-bulwark/authorization';
import type { ClientAddressOptions, EventListener, Logger, Messages, SecuredContext } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  aLogger,
  among,
  checkCallbackUrls,
  checkMessages,
  hasMethods,
  must,
  type OptionTable,
  orFalse,
  readOptions,
  requirePlainObject,
  type Settings,
  type SubscriptionCallbackOptions,
} from '@graphql-bulwark/core/internal';
import type { IntrospectionOptions } from '@graphql-bulwark/introspection';
import type { CostOptions, ExecutionOptions, LimitsOptions } from '@graphql-bulwark/limits';
import type { RateLimitOptions, SocketLimitOptions } from '@graphql-bulwark/rate-limit';
import type { TrustedDocuments } from '@graphql-bulwark/trusted-documents';
import type { GraphQLError } from 'graphql';
import type { Authenticator } from './context.ts';
import { checkExposureOptions, type ExposureOptions } from './exposure.ts';
import type { UncheckedOperations } from './wiring.ts';

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
  readonly roleHierarchy?: RoleHierarchyOptions | undefined;
  /** Left out: a root field without `@auth` and `@public` needs a principal; with `authenticate: false`, it is public. */
  readonly authorization?:
    | (Omit<GuardSchemaOptions<C>, 'events' | 'beforeRootField'> & {
        /** Answer for what a caller may not use as for what does not exist. Replaces 401, 403 and `null`. @default false */
        readonly hideUnauthorized?: boolean | undefined;
      })
    | undefined;
  readonly limits?: LimitsOptions | undefined;
  /** What operations may cost. Left out: the defaults of `cost()`; `false`: anything. */
  readonly cost?: Omit<CostOptions, 'view'> | false | undefined;
  /** What operations may do while they run. Left out: the defaults of `executionLimits()`; `false`: anything. */
  readonly execution?: Omit<ExecutionOptions, 'events' | 'listSizes'> | false | undefined;
  readonly introspection?:
    | (Omit<IntrospectionOptions, 'view'> & {
        /** Callers who may introspect see only what they may use. @default false */
        readonly filtered?: boolean | undefined;
      })
    | undefined;
  readonly rateLimit?: RateLimitOptions | undefined;
  /** The documents that clients were built with: `trustedDocuments({ ... })` of `graphql-bulwark/trusted-documents`. Left out: any document may be sent. */
  readonly trustedDocuments?: TrustedDocuments | undefined;
  /** Open sockets, operations and events over them. Left out: the defaults of the rate limit; `false`: any number. */
  readonly sockets?: SocketLimitOptions | false | undefined;
  /** How many proxies of yours stand in front. Left out: none. */
  readonly clientAddress?: ClientAddressOptions | undefined;
  /** Told of every refusal and failure. Left out: each kind is logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /**
   * Tell of every operation that is answered as well (`operation.answered`), with its depth, cost and time, for metrics and for
   * rules that raise alerts.
   *
   * @default false
   */
  readonly operationEvents?: boolean | undefined;
  /** Errors that would be masked, and that clients may read all the same. Left out: none. */
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
  /**
   * What becomes of an operation that has a context of `bulwark.context()` and that neither `bulwark.apollo()` nor `bulwark.check()`
   * has checked, when it reaches the secured schema: `refuse` it, `warn` once, or `allow` it where it is meant. Left out: `warn` where
   * `NODE_ENV` is `development` or `test`, elsewhere `refuse`.
   */
  readonly uncheckedOperations?: UncheckedOperations | undefined;
  /** Gets what failed and what was masked, in full. Left out: the logger of the Apollo Server. */
  readonly logger?: Logger | undefined;
}

const optionTable = {
  authenticate: { required: true, check: must('be the options of authenticate(), a function, or false', knowsCallers) },
  roleHierarchy: { check: must('be { roles, scopes }', isObject) },
  authorization: { default: {}, check: requirePlainObject },
  limits: { default: {}, check: requirePlainObject },
  cost: { default: {}, check: orFalse(requirePlainObject) },
  execution: { default: {}, check: orFalse(requirePlainObject) },
  introspection: { default: {}, check: requirePlainObject },
  rateLimit: { default: {}, check: requirePlainObject },
  trustedDocuments: { check: must('be what trustedDocuments() returns', isTrustedDocuments) },
  sockets: { default: {}, check: orFalse(requirePlainObject) },
  clientAddress: { default: {}, check: requirePlainObject },
  onEvent: { check: aFunction },
  operationEvents: { default: false, check: aFlag },
  expose: { check: aFunction },
  strictMessages: { check: aFlag },
  messages: { default: {}, check: checkMessages },
  exposure: { default: {}, check: orFalse(checkExposureOptions) },
  subscriptionCallbacks: { check: checkCallbackUrls },
  uncheckedOperations: { check: among('refuse', 'warn', 'allow') },
  logger: { check: aLogger },
} satisfies OptionTable<BulwarkOptions>;

/** Of the umbrella alone, among the options of a part. */
const authorizationTable = { hideUnauthorized: { default: false, check: aFlag } } as const;
const introspectionTable = { filtered: { default: false, check: aFlag } } as const;

export type BulwarkSettings<C extends SecuredContext> = Settings<
  BulwarkOptions<C>,
  | 'authorization'
  | 'limits'
  | 'cost'
  | 'execution'
  | 'introspection'
  | 'rateLimit'
  | 'sockets'
  | 'clientAddress'
  | 'operationEvents'
  | 'messages'
  | 'exposure'
> & {
  readonly hideUnauthorized: boolean;
  readonly filtered: boolean;
};

/** @throws {TypeError} for an invalid option; those of a part are checked where the part is made. */
export function readBulwarkOptions<C extends SecuredContext>(options: BulwarkOptions<C>): BulwarkSettings<C> {
  const settings = readOptions('createBulwark', options, optionTable);
  const { hideUnauthorized, ...authorization } = settings.authorization;
  const { filtered, ...introspection } = settings.introspection;
  return {
    ...settings,
    authorization,
    introspection,
    ...readOptions('createBulwark: authorization', { hideUnauthorized }, authorizationTable),
    ...readOptions('createBulwark: introspection', { filtered }, introspectionTable),
  };
}

function knowsCallers(authenticate: unknown): boolean {
  return authenticate === false || typeof authenticate === 'function' || isObject(authenticate);
}

function isTrustedDocuments(value: unknown): boolean {
  return hasMethods(value, 'load', 'check', 'documentStore', 'countExemptTokens');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
