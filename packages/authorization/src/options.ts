/** The options of `guardSchema()`: what they mean, and what they are when they are left out. */
import type { Events, SecuredContext } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  among,
  anEventSink,
  atLeast,
  isRecord,
  must,
  orFalse,
  requirePlainObject,
  type SharedTable,
} from '@graphql-bulwark/core/internal';
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';
import type { DefaultRule } from './compile/compile-rules.ts';
import type { CodeRules } from './directives/rules-from-code.ts';
import type { DirectiveNames } from './directives/sdl.ts';
import type { Loaders } from './evaluate/loaders.ts';
import type { Policies } from './evaluate/policies.ts';

export interface GuardSchemaOptions<C = SecuredContext> {
  /**
   * What happens to root fields with neither `@auth` nor `@public`: `allow` leaves them open, `authenticated` requires a principal,
   * `deny` keeps the server from starting. @default 'authenticated'
   */
  readonly defaultRule?: DefaultRule | undefined;
  /** Rules by coordinate, in addition to those that the schema carries. @default none */
  readonly rules?: CodeRules | undefined;
  /** What `@auth(policies:)` may name. @default none */
  readonly policies?: Policies<C> | undefined;
  /** What `@owner(loader:)` may name. @default none */
  readonly loaders?: Loaders<C> | undefined;
  /** How long a policy or a loader may take before it denies. Milliseconds, 1 or more. @default 5000 */
  readonly timeoutMilliseconds?: number | undefined;
  /**
   * Brings owners and claims into one form, for example ids that are objects. `null` matches no caller. Left out: text as it is,
   * whole numbers as decimal text.
   */
  readonly normalizeOwner?: ((value: unknown) => string | null) | undefined;
  /**
   * How many denials of one field, in all objects and lists of an operation, have an error of their own. One further error says
   * that others are left out, and the rest is `null`. Whole number, 1 or more, or `false` for all. @default 20
   */
  readonly maxErrorsPerField?: number | false | undefined;
  /** Refuses rules on interfaces, rather than giving them to the types that implement them. @default false */
  readonly strictInterfaces?: boolean | undefined;
  /** What the schema calls the directives. @default auth, owner, public */
  readonly directiveNames?: DirectiveNames | undefined;
  /**
   * The same function as Apollo Server's `fieldResolver`, if that is set. It resolves fields without a resolver that are guarded, or
   * that are leaves of guarded objects.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- the type of Apollo Server's own option
  readonly fieldResolver?: GraphQLFieldResolver<any, any> | undefined;
  /** Where each denial is reported, once per coordinate and operation. Left out: denials are not reported. */
  readonly events?: Events | undefined;
}

/** The options that have a default. */
type WithDefault = Exclude<keyof GuardSchemaOptions, 'normalizeOwner' | 'directiveNames' | 'events'>;

export const optionTable: SharedTable<GuardSchemaOptions, WithDefault> = {
  defaultRule: { default: 'authenticated', check: among('allow', 'authenticated', 'deny') },
  rules: { default: {}, check: must('be an object by coordinate', isRecord) },
  policies: { default: {}, check: requirePlainObject },
  loaders: { default: {}, check: requirePlainObject },
  timeoutMilliseconds: { default: 5_000, check: atLeast(1) },
  maxErrorsPerField: { default: 20, check: orFalse(atLeast(1)) },
  normalizeOwner: { check: aFunction },
  strictInterfaces: { default: false, check: aFlag },
  directiveNames: { check: requirePlainObject },
  fieldResolver: { default: defaultFieldResolver, check: aFunction },
  events: { check: anEventSink },
};
