/**
 * Stops: calls of one field beyond its limit, where the rest of the answer shall survive or the calls are counted as they come.
 * Room: the guarded schema. Only fields that need it get a resolver of ours.
 * Answers: `RATE_LIMITED` as the error of one field.
 */
import { around, deny, requireTestedGraphql } from '@graphql-bulwark/core';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { LimitedField, LimitedFields, Rule } from './directive.ts';

export interface CallHooks {
  /** Seconds after which a coordinate denied for this operation may be asked for again; `undefined` where it is not denied. */
  readonly deniedFor: (
    contextValue: unknown,
    operation: OperationDefinitionNode,
    coordinates: readonly string[],
  ) => number | undefined;
  /** Charges one call. Rejects with the denial. */
  readonly charge: (
    contextValue: unknown,
    rules: readonly Rule[],
    args: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
}

type Resolver = GraphQLFieldResolver<unknown, unknown, Record<string, unknown>>;

/** In a field's extensions, which later transforms keep; of a symbol graphql-js keeps nothing. */
const marker = 'graphql-bulwark.rate-limited-calls';

/** A new schema in which these fields are counted as they are called, or denied one by one. */
export function guardCalls(
  schema: GraphQLSchema,
  limited: LimitedFields,
  { isPartial, fieldResolver }: { readonly isPartial: boolean; readonly fieldResolver: Resolver | undefined },
  hooks: CallHooks,
): GraphQLSchema {
  requireTestedGraphql('rateLimit: secure', schema);
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config, name, typeName) => {
      const field = limited.fields.get(typeName)?.get(name);
      if (!field || !needsGuard(field, isPartial) || Object.hasOwn(config.extensions ?? {}, marker)) return undefined;
      const inner: Resolver = config.resolve ?? fieldResolver ?? defaultFieldResolver;
      const resolve = around(config, unlessDenied(charging(inner, field, hooks), field, hooks));
      const extensions = { ...config.extensions, [marker]: true };
      // A stream that is opened costs the application, whatever becomes of its events.
      const subscribe = config.subscribe && unlessDenied(config.subscribe, field, hooks);
      return { ...config, extensions, resolve, ...(subscribe && { subscribe }) };
    },
  });
}

/** @throws {TypeError} for a schema with such fields that was not guarded. */
export function requireGuarded({ fields }: LimitedFields, isPartial: boolean): void {
  for (const [typeName, ofType] of fields) {
    for (const limited of ofType.values()) {
      if (!needsGuard(limited, isPartial) || Object.hasOwn(limited.field.extensions, marker)) continue;
      const why = limited.perResolve.length > 0 ? 'perResolve' : 'partial';
      throw new TypeError(
        `@rateLimit on ${typeName}.${limited.field.name}: with ${why}, pass the schema through secure() of the rate limit.`,
      );
    }
  }
}

function needsGuard({ rules, perResolve }: LimitedField, isPartial: boolean): boolean {
  return perResolve.length > 0 || (isPartial && rules.length > 0);
}

function unlessDenied(inner: Resolver, { rules }: LimitedField, hooks: CallHooks): Resolver {
  const coordinates = rules.map(({ coordinate }) => coordinate);
  return (source, args, contextValue, info) => {
    const retryAfterSeconds = hooks.deniedFor(contextValue, info.operation, coordinates);
    if (retryAfterSeconds !== undefined) throw deny('RATE_LIMITED', { retryAfterSeconds, coordinate: coordinates[0] });
    return inner(source, args, contextValue, info);
  };
}

function charging(inner: Resolver, { perResolve }: LimitedField, hooks: CallHooks): Resolver {
  if (perResolve.length === 0) return inner;
  return (source, args, contextValue, info) =>
    hooks.charge(contextValue, perResolve, args).then(() => inner(source, args, contextValue, info));
}
