/**
 * Stops: fields and objects answered to callers who have no right to them.
 * Room: the schema itself, so that it holds under every transport, and under `execute()`.
 * Answers: `null` with `UNAUTHENTICATED` or `FORBIDDEN` at its path; never an HTTP status.
 */
import { type Events, knownOptions, show } from '@graphql-bulwark/core';
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
import { denials } from './denials.ts';
import { guardedField } from './field-guard.ts';
import { mark, markOf } from './marker.ts';
import { objectGate, originalTypeResolver } from './object-gate.ts';
import { type DefaultRule, ruleIndex } from './rule-index.ts';
import { standings } from './standing.ts';

export interface GuardSchemaOptions {
  /**
   * What becomes of root fields with neither `@auth` nor `@public`: `allow` leaves them open, `authenticated` asks for a
   * principal, `deny` keeps the server from starting. @default 'authenticated'
   */
  readonly defaultRule?: DefaultRule | undefined;
  /** The same function as Apollo Server's `fieldResolver`, when that is set: it resolves guarded fields without a resolver. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the type of Apollo Server's own option
  readonly fieldResolver?: GraphQLFieldResolver<any, any> | undefined;
  /** Told of each denial, once per coordinate and operation. Left out: denials are silent for the operator. */
  readonly events?: Events | undefined;
}

/**
 * Compiles `@auth`, `@owner` and `@public` into a new schema. Apply it last: it guards the resolvers that it finds.
 *
 * @throws {TypeError} naming the coordinate, for a rule that cannot be meant; for a schema that is guarded already.
 * @example
 * const schema = guardSchema(makeExecutableSchema({ typeDefs: [authDirectives, typeDefs], resolvers }))
 */
export function guardSchema(schema: GraphQLSchema, options: GuardSchemaOptions = {}): GraphQLSchema {
  knownOptions('guardSchema', options, ['defaultRule', 'fieldResolver', 'events']);
  const { defaultRule = 'authenticated', fieldResolver = defaultFieldResolver, events } = options;
  if (!['allow', 'authenticated', 'deny'].includes(defaultRule)) {
    throw new TypeError(`defaultRule must be 'allow', 'authenticated' or 'deny', but is ${show(defaultRule)}.`);
  }
  if (markOf(schema)) throw new TypeError('guardSchema: this schema is guarded already; guard it once, and last.');

  const index = ruleIndex(schema, defaultRule);
  const guarding = { standings: standings(index.rules), denials: denials(events), fieldResolver };
  const subscriptionType = schema.getSubscriptionType()?.name;

  const guarded = mapSchema(schema, {
    [MapperKind.OBJECT_TYPE]: (type) => {
      const gate = index.types.get(type.name);
      if (!gate) return undefined;
      return new GraphQLObjectType({ ...type.toConfig(), isTypeOf: objectGate(type.isTypeOf, gate, guarding) });
    },
    [MapperKind.ABSTRACT_TYPE]: (type) => {
      if (type.resolveType || !schema.getPossibleTypes(type).some(({ name }) => index.types.has(name)))
        return undefined;
      const resolveType = originalTypeResolver(schema, type, guarding);
      return isInterfaceType(type)
        ? new GraphQLInterfaceType({ ...type.toConfig(), resolveType })
        : new GraphQLUnionType({ ...type.toConfig(), resolveType });
    },
    [MapperKind.OBJECT_FIELD]: (config, fieldName, typeName) => {
      const guard = index.fields.get(`${typeName}.${fieldName}`);
      return guard && guardedField(config, guard, guarding, typeName === subscriptionType);
    },
  });
  return mark(guarded, { index, standings: guarding.standings });
}
