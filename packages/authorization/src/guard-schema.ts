/**
 * Stops: fields and objects answered to callers who have no right to them.
 * Room: the schema itself, so that its rules hold with every transport, and with a bare `execute()`.
 * Answers: `null` with `UNAUTHENTICATED` or `FORBIDDEN` at its path; never an HTTP status.
 */
import type { SecuredContext } from '@graphql-bulwark/core';
import { carryPlainMark, type Resolver, readOptions, requireTestedGraphql } from '@graphql-bulwark/core/internal';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLSchema,
  GraphQLUnionType,
  isInterfaceType,
} from 'graphql';
import { compileRules } from './compile/compile-rules.ts';
import { createGivenUpTest } from './compile/compiled-rules.ts';
import { addCodeRules } from './directives/rules-from-code.ts';
import { createDirectiveReader } from './directives/sdl.ts';
import { createDenialReporter } from './enforce/denial.ts';
import { type Enforcement, guardField } from './enforce/field-guard.ts';
import { guardResult } from './enforce/result-guard.ts';
import { announceEvents, endWithCredential } from './enforce/subscription-expiry.ts';
import { guardType } from './enforce/type-guard.ts';
import { checkLeafValues, createOriginalTypeResolver, findExposedTypes, requireType } from './enforce/type-mismatch.ts';
import { createAnswerCaches } from './evaluate/answer-cache.ts';
import { createDelegationTracker, validateDelegation } from './evaluate/delegated-objects.ts';
import { createRuleEvaluator } from './evaluate/evaluate.ts';
import { createLoaderRegistry } from './evaluate/loaders.ts';
import { createNormalizer } from './evaluate/owner-identity.ts';
import { createPolicyRegistry } from './evaluate/policies.ts';
import { createCallerGrants } from './evaluate/roles-and-scopes.ts';
import { validateEntities } from './federation/validate-entities.ts';
import { validateRequires } from './federation/validate-requires.ts';
import { findGuards, markGuarded } from './guarded-schema.ts';
import { type GuardSchemaOptions, optionTable } from './options.ts';

/**
 * Compiles `@auth`, `@owner` and `@public` into the resolvers and types of a new schema. Apply it last: it guards the resolvers that
 * it finds.
 *
 * @throws {TypeError} naming the coordinate, for an invalid rule; for a schema that is guarded already.
 * @example
 * const schema = guardSchema(makeExecutableSchema({ typeDefs: [authDirectives, typeDefs], resolvers }))
 */
export function guardSchema<C = SecuredContext>(
  schema: GraphQLSchema,
  options: GuardSchemaOptions<C> = {},
): GraphQLSchema {
  requireTestedGraphql('guardSchema', schema);
  const settings = readOptions('guardSchema', options, optionTable);
  const { timeoutMilliseconds, fieldResolver, events } = settings;
  if (findGuards(schema)) throw new TypeError('guardSchema: this schema is guarded already; guard it once, and last.');

  const policies = createPolicyRegistry(settings.policies, timeoutMilliseconds);
  const loaders = createLoaderRegistry(settings.loaders, timeoutMilliseconds);
  const rules = compileRules(schema, {
    readUses: addCodeRules(schema, createDirectiveReader(schema, settings.directiveNames), settings.rules),
    defaultRule: settings.defaultRule,
    strictInterfaces: settings.strictInterfaces,
    allowsAnonymous: policies.allowsAnonymous,
    requireLoader: loaders.require,
  });
  validateDelegation(schema, rules, fieldResolver);
  validateEntities(schema, rules);
  validateRequires(schema, rules);
  for (const message of rules.warnings) events?.emit({ type: 'config.warning', message }, 'noted');

  const grants = createCallerGrants(rules.claimRules, createNormalizer(settings.normalizeOwner));
  const caches = createAnswerCaches();
  const denials = createDenialReporter(events, caches, settings.maxErrorsPerField);
  const evaluator = createRuleEvaluator({ grants, policies, loaders, reports: denials });
  const mayBeGivenUp = createGivenUpTest(schema, rules);
  const enforcement: Enforcement = { grants, evaluator, caches, denials, mayBeGivenUp, fieldResolver };
  const subscriptionType = schema.getSubscriptionType()?.name;
  const trackDelegated = createDelegationTracker(rules);
  const exposed = findExposedTypes(schema, rules);

  const guarded = mapSchema(schema, {
    [MapperKind.OBJECT_TYPE]: (type) => {
      const guard = rules.types.get(type.name);
      if (guard) {
        return new GraphQLObjectType({ ...type.toConfig(), isTypeOf: guardType(type.isTypeOf, guard, enforcement) });
      }
      if (!type.isTypeOf || !exposed.objects.has(type.name)) return undefined;
      return new GraphQLObjectType({ ...type.toConfig(), isTypeOf: requireType(type.isTypeOf, type.name) });
    },
    [MapperKind.ABSTRACT_TYPE]: (type) => {
      if (!exposed.abstracts.has(type.name)) return undefined;
      const resolveType = createOriginalTypeResolver(schema, type);
      return isInterfaceType(type)
        ? new GraphQLInterfaceType({ ...type.toConfig(), resolveType })
        : new GraphQLUnionType({ ...type.toConfig(), resolveType });
    },
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const coordinate = `${typeName}.${fieldName}`;
      const guard = rules.fields.get(coordinate);
      // The type in the unguarded schema: the mapped one may already be guarded.
      const { type } = (schema.getType(typeName) as GraphQLObjectType).getFields()[fieldName] ?? config;
      const original: Resolver = config.resolve ?? fieldResolver;
      const tracked = trackDelegated(type, original);
      const checked = guard || rules.types.has(typeName) ? checkLeafValues(type, coordinate, tracked) : tracked;
      if (checked !== tracked) carryPlainMark(config, checked);
      const resolve = guardResult(schema, type, guard, rules, checked, enforcement);
      let field = resolve === original ? config : { ...config, resolve };
      if (typeName === subscriptionType) {
        // Also without a rule of its own: the events of a public field may hold guarded objects.
        const subscribe = announceEvents(config.subscribe ?? defaultFieldResolver);
        field = { ...field, subscribe: endWithCredential(subscribe, coordinate, grants, events) };
      }
      return guard ? guardField(field, guard, enforcement) : field;
    },
  });
  return markGuarded(guarded, { compiled: rules, evaluator, caches, denials });
}
