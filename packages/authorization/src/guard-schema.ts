/**
 * Stops: fields and objects answered to callers who have no right to them.
 * Room: the schema itself, so that it holds under every transport, and under `execute()`.
 * Answers: `null` with `UNAUTHENTICATED` or `FORBIDDEN` at its path; never an HTTP status.
 */
import type { Events, SecuredContext } from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  among,
  anEventSink,
  around,
  atLeast,
  isRecord,
  must,
  type OptionTable,
  orFalse,
  plainObject,
  type Resolver,
  readOptions,
  requireTestedGraphql,
} from '@graphql-bulwark/core/internal';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLUnionType,
  isInterfaceType,
} from 'graphql';
import { type DefaultRule, ruleIndex } from './compile/compile-rules.ts';
import { listsThatDenialsReach } from './compile/compiled-rules.ts';
import { type CodeRules, withCodeRules } from './directives/rules-from-code.ts';
import { type DirectiveNames, directiveUses } from './directives/sdl.ts';
import { denials } from './enforce/denial.ts';
import { type Guarding, guardedField } from './enforce/field-guard.ts';
import { guardedResult } from './enforce/result-guard.ts';
import { announcingEvents, endingWithCredential } from './enforce/subscription-expiry.ts';
import { objectGate, ofItsType, originalTypeResolver } from './enforce/type-guard.ts';
import { exposedTypes, withoutMisfits } from './enforce/type-mismatch.ts';
import { memos } from './evaluate/answer-cache.ts';
import { checkDelegation, recognisingDelegated } from './evaluate/delegated-objects.ts';
import { judge } from './evaluate/evaluate.ts';
import { type Loaders, loaderBook } from './evaluate/loaders.ts';
import { normalizer } from './evaluate/owner-identity.ts';
import { type Policies, policyBook } from './evaluate/policies.ts';
import { standings } from './evaluate/roles-and-scopes.ts';
import { checkEntities } from './federation/validate-entities.ts';
import { checkRequired } from './federation/validate-requires.ts';
import { mark, markOf } from './guarded-schema.ts';

export interface GuardSchemaOptions<C = SecuredContext> {
  /**
   * What becomes of root fields with neither `@auth` nor `@public`: `allow` leaves them open, `authenticated` asks for a
   * principal, `deny` keeps the server from starting. @default 'authenticated'
   */
  readonly defaultRule?: DefaultRule | undefined;
  /** Rules by coordinate, in addition to those that the schema carries. @default none */
  readonly rules?: CodeRules | undefined;
  /** What `@auth(policies:)` may name. @default none */
  readonly policies?: Policies<C> | undefined;
  /** What `@owner(loader:)` may name. @default none */
  readonly loaders?: Loaders<C> | undefined;
  /** How long a policy or a loader may take before it counts as denied. Milliseconds, 1 or more. @default 5000 */
  readonly timeoutMilliseconds?: number | undefined;
  /**
   * Brings owners and claims into comparable form, for example ids that are objects; `null` is nobody. Left out: text as it
   * is, whole numbers as decimal text.
   */
  readonly normalizeOwner?: ((value: unknown) => string | null) | undefined;
  /**
   * How many denials of one field, in all objects and lists of an operation, are errors of their own. One more says that there
   * are others, and the rest is `null`. Whole number, 1 or more, or `false` for all. @default 20
   */
  readonly maxErrorsPerField?: number | false | undefined;
  /** Refuses rules on interfaces, in place of giving them to the types that implement them. @default false */
  readonly strictInterfaces?: boolean | undefined;
  /** What the schema calls the directives. @default auth, owner, public */
  readonly directiveNames?: DirectiveNames | undefined;
  /**
   * The same function as Apollo Server's `fieldResolver`, when that is set: it resolves fields without a resolver
   * that are guarded, or that are leaves of guarded objects.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- the type of Apollo Server's own option
  readonly fieldResolver?: GraphQLFieldResolver<any, any> | undefined;
  /** Told of each denial, once per coordinate and operation. Left out: denials are silent for the operator. */
  readonly events?: Events | undefined;
}

const optionTable = {
  defaultRule: { default: 'authenticated', check: among('allow', 'authenticated', 'deny') },
  rules: { default: {}, check: must('be an object by coordinate', isRecord) },
  policies: { default: {}, check: plainObject },
  loaders: { default: {}, check: plainObject },
  timeoutMilliseconds: { default: 5_000, check: atLeast(1) },
  maxErrorsPerField: { default: 20, check: orFalse(atLeast(1)) },
  normalizeOwner: { check: aFunction },
  strictInterfaces: { default: false, check: aFlag },
  directiveNames: { check: plainObject },
  fieldResolver: { default: defaultFieldResolver, check: aFunction },
  events: { check: anEventSink },
} satisfies OptionTable<GuardSchemaOptions>;

/**
 * Compiles `@auth`, `@owner` and `@public` into a new schema. Apply it last: it guards the resolvers that it finds.
 *
 * @throws {TypeError} naming the coordinate, for a rule that cannot be meant; for a schema that is guarded already.
 * @example
 * const schema = guardSchema(makeExecutableSchema({ typeDefs: [authDirectives, typeDefs], resolvers }))
 */
export function guardSchema<C = SecuredContext>(
  schema: GraphQLSchema,
  options: GuardSchemaOptions<C> = {},
): GraphQLSchema {
  requireTestedGraphql('guardSchema', schema);
  const settings = readOptions('guardSchema', options, optionTable);
  const { defaultRule, fieldResolver, strictInterfaces, events, rules, directiveNames, normalizeOwner } = settings;
  const { timeoutMilliseconds, maxErrorsPerField } = settings;
  if (markOf(schema)) throw new TypeError('guardSchema: this schema is guarded already; guard it once, and last.');

  const policies = policyBook(settings.policies, timeoutMilliseconds);
  const loaders = loaderBook(settings.loaders, timeoutMilliseconds);
  const index = ruleIndex(schema, {
    uses: withCodeRules(schema, directiveUses(schema, directiveNames), rules),
    defaultRule,
    strictInterfaces,
    allowsAnonymous: policies.allowsAnonymous,
    requireLoader: loaders.require,
  });
  checkDelegation(schema, index, fieldResolver);
  checkEntities(schema, index);
  checkRequired(schema, index);
  for (const message of index.warnings) events?.emit({ type: 'config.warning', message }, 'noted');

  const standing = standings(index.rules, normalizer(normalizeOwner));
  const remembered = memos();
  const saying = denials(events, remembered, maxErrorsPerField);
  const guarding: Guarding = {
    standings: standing,
    denials: saying,
    memos: remembered,
    judge: judge({ standings: standing, policies, loaders, reports: saying }),
    mayBeGivenUp: listsThatDenialsReach(schema, index),
    fieldResolver,
  };
  const subscriptionType = schema.getSubscriptionType()?.name;
  const recognising = recognisingDelegated(index);
  const exposed = exposedTypes(schema, index);

  const guarded = mapSchema(schema, {
    [MapperKind.OBJECT_TYPE]: (type) => {
      const gate = index.types.get(type.name);
      if (gate)
        return new GraphQLObjectType({ ...type.toConfig(), isTypeOf: objectGate(type.isTypeOf, gate, guarding) });
      if (!type.isTypeOf || !exposed.objects.has(type.name)) return undefined;
      return new GraphQLObjectType({ ...type.toConfig(), isTypeOf: ofItsType(type.isTypeOf, type.name) });
    },
    [MapperKind.ABSTRACT_TYPE]: (type) => {
      if (!exposed.abstracts.has(type.name)) return undefined;
      const resolveType = originalTypeResolver(schema, type);
      return isInterfaceType(type)
        ? new GraphQLInterfaceType({ ...type.toConfig(), resolveType })
        : new GraphQLUnionType({ ...type.toConfig(), resolveType });
    },
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const coordinate = `${typeName}.${fieldName}`;
      const guard = index.fields.get(coordinate);
      // The type as it was: a mapped one may already be guarded.
      const { type } = (schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName] ?? config;
      const original: Resolver = config.resolve ?? fieldResolver;
      const recognised = recognising(type, original);
      const holdsGuarded = guard !== undefined || index.types.has(typeName);
      const fitting = holdsGuarded ? withoutMisfits(type, coordinate, recognised) : recognised;
      if (fitting !== recognised) around(config, fitting);
      const resolve = guardedResult(schema, type, guard, index, fitting, guarding);
      const judging = resolve === original ? config : { ...config, resolve };
      if (typeName !== subscriptionType) return guard ? guardedField(judging, guard, guarding) : judging;
      // What a public field streams may hold guarded objects.
      const opened = announcingEvents(config.subscribe ?? defaultFieldResolver);
      const bounded = { ...judging, subscribe: endingWithCredential(opened, coordinate, standing, events) };
      return guard ? guardedField(bounded, guard, guarding) : bounded;
    },
  });
  return mark(guarded, { index, judge: guarding.judge, memos: remembered, denials: saying });
}
