/** The unguarded schema of a world, with resolvers that answer from its rows. */
import { annotateExternalObject, isExternalObject } from '@graphql-tools/delegate';
import type { GraphQLSchema } from 'graphql';
import { buildWithPothos } from './pothos.ts';
import { buildFromSdl, valueOf, type World } from './world.ts';

/** What a resolver ran for, in order. */
export type Ran = string[];

export function schemaOf(world: World, ran: Ran): GraphQLSchema {
  for (const one of world.rows) {
    if (one.delegated && !isExternalObject(one)) annotateExternalObject(one, [], undefined, {});
  }
  const resolverOf = (type: string, field: string) => (source: object | undefined) => {
    ran.push(`${type}.${field}`);
    return handedOver(valueOf(world, type, field, source), world.answers);
  };
  return world.built === 'by Pothos' ? buildWithPothos(world, resolverOf) : buildFromSdl(world, resolverOf);
}

function handedOver(value: unknown, how: World['answers']): unknown {
  if (how === 'later') return Promise.resolve(value);
  if (!Array.isArray(value)) return value;
  if (how === 'item by item') return value.map((item) => Promise.resolve(item));
  return how === 'as an iterator' ? value.values() : value;
}
