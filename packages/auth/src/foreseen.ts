/**
 * The denials that are certain before anything runs.
 *
 * A selection on an abstract type is denied when every type that can stand there is; a selection under the condition of one
 * object type when that type is. Everything else is left to the guards in the schema.
 */
import { deny, included, type RefusalFacts, type ResolvedOperation } from '@graphql-bulwark/core';
import {
  type ASTNode,
  type GraphQLCompositeType,
  type GraphQLError,
  getNamedType,
  isAbstractType,
  isCompositeType,
} from 'graphql';
import { type Why, whyOf } from './denials.ts';
import type { Guards } from './marker.ts';
import type { Guarded } from './rule-index.ts';
import { verdicts } from './standing.ts';
import { pathOf, type Visitor, type Way, walk } from './touched.ts';

/** One denied coordinate. */
export interface Foreseen extends Why {
  readonly facts: RefusalFacts;
}

/** One per coordinate, at most `maximum`. */
export function foreseenDenials(operation: ResolvedOperation, guards: Guards, maximum: number): Foreseen[] {
  const { schema, document, contextValue } = operation;
  const { index, standings } = guards;
  const found = new Map<string, Foreseen>();
  const verdictOnType = new Map<string, Refused | undefined>();

  const refusedBy = (guarded: Guarded | undefined): Refused | undefined => {
    const verdict = guarded && standings.judge(contextValue, guarded.slot);
    return guarded && verdict && verdict !== verdicts.allowed ? { guarded, why: whyOf(verdict) } : undefined;
  };
  /** Refused when each of the types that can stand here is; the first says why. */
  const everywhere = (
    key: string,
    type: GraphQLCompositeType,
    refused: (typeName: string) => Refused | undefined,
  ): Refused | undefined => {
    if (!isAbstractType(type)) return refused(type.name);
    if (!verdictOnType.has(key)) {
      const each = schema.getPossibleTypes(type);
      const first = each[0] && refused(each[0].name);
      verdictOnType.set(key, first && each.every(({ name }) => refused(name)) ? first : undefined);
    }
    return verdictOnType.get(key);
  };
  const onType = (type: GraphQLCompositeType): Refused | undefined =>
    everywhere(type.name, type, (name) => refusedBy(index.types.get(name)));
  const onField = (type: GraphQLCompositeType, fieldName: string): Refused | undefined =>
    everywhere(
      `${type.name}.${fieldName}`,
      type,
      (name) => refusedBy(index.fields.get(`${name}.${fieldName}`)) ?? refusedBy(index.types.get(name)),
    );
  const passes = (refused: Refused | undefined, node: ASTNode, way: Way | undefined): boolean => {
    if (!refused) return true;
    const { coordinate, rule } = refused.guarded;
    if (!found.has(coordinate) && found.size < maximum) {
      const path = pathOf(way);
      const facts = { coordinate, rule, reason: refused.why.reason, nodes: [node], ...(path.length > 0 && { path }) };
      found.set(coordinate, { ...refused.why, facts });
    }
    return false;
  };

  const visitor: Visitor = {
    includes: included(operation.variables),
    field(parent, field, node, way) {
      const result = getNamedType(field.type);
      const refused = onField(parent, field.name) ?? (isCompositeType(result) ? onType(result) : undefined);
      return passes(refused, node, way);
    },
    narrowed: (type, node, way) => passes(onType(type), node, way),
  };
  walk(schema, document, operation.operation, visitor);
  return [...found.values()];
}

/** A further error of the answer. */
export function denialOf({ code, facts }: Foreseen): GraphQLError {
  return deny(code, facts);
}

interface Refused {
  readonly guarded: Guarded;
  readonly why: Why;
}
