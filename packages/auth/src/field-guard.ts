/** Guards a field: judges before its resolver, and before its source stream is opened. */
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLFieldResolver } from 'graphql';
import { type Denials, whyOf } from './denials.ts';
import type { Guarded } from './rule-index.ts';
import { type Standings, verdicts } from './standing.ts';

type Resolver = GraphQLFieldResolver<unknown, unknown>;
type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

export interface Guarding {
  readonly standings: Standings;
  readonly denials: Denials;
  /** Resolves fields that have no resolver. */
  readonly fieldResolver: Resolver;
}

/** @param opensStream whether the field belongs to the subscription type. */
export function guardedField(
  config: FieldConfig,
  guarded: Guarded,
  { standings, denials, fieldResolver }: Guarding,
  opensStream: boolean,
): FieldConfig {
  const behind =
    (resolver: Resolver): Resolver =>
    (source, args, contextValue, info) => {
      const verdict = standings.judge(contextValue, guarded.slot);
      if (verdict !== verdicts.allowed) return denials.no(guarded, whyOf(verdict), { contextValue, info });
      return resolver(source, args, contextValue, info);
    };
  return {
    ...config,
    resolve: behind(config.resolve ?? fieldResolver),
    ...(opensStream && { subscribe: behind(config.subscribe ?? defaultFieldResolver) }),
  };
}
