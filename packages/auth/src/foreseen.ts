/**
 * The denials that are certain before anything runs.
 *
 * A selection on an abstract type is denied when every type that can stand there is; a selection under the condition of one
 * object type when that type is. Everything else is left to the guards in the schema.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import {
  deny,
  included,
  type RefusalFacts,
  type SelectionVisitor,
  visitSelections,
} from '@graphql-bulwark/core/internal';
import {
  type ASTNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLError,
  type GraphQLField,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  OperationTypeNode,
  type ResponsePath,
  responsePathAsArray,
} from 'graphql';
import type { Guarded } from './guarded.ts';
import type { Guards } from './marker.ts';
import type { Denied, Why } from './question.ts';

/** One denied coordinate. */
export interface Foreseen extends Why {
  readonly facts: RefusalFacts;
}

/** Whether a denial refuses the operation as a whole: its rule says so, or it is not a query. */
export function rejects({ mode }: Guarded, { operation }: ResolvedOperation): boolean {
  return (mode ?? (operation.operation === OperationTypeNode.QUERY ? 'NULL' : 'REJECT')) === 'REJECT';
}

/** Those that claims decide: one per coordinate, at most `maximum`. */
export function foreseenDenials(operation: ResolvedOperation, guards: Guards, maximum: number): Foreseen[] {
  const { schema, document, contextValue } = operation;
  const { index, judge } = guards;
  const found = new Map<string, Foreseen>();
  const verdictOnType = new Map<string, Denied | undefined>();

  const refusedBy = (guarded: Guarded | undefined): Denied | undefined =>
    guarded && judge.claims(guarded, contextValue);
  /** Refused when each of the types that can stand here is; the first says why. */
  const everywhere = (
    key: string,
    type: GraphQLCompositeType,
    refused: (typeName: string) => Denied | undefined,
  ): Denied | undefined => {
    if (!isAbstractType(type)) return refused(type.name);
    if (!verdictOnType.has(key)) {
      const each = schema.getPossibleTypes(type);
      const first = each[0] && refused(each[0].name);
      verdictOnType.set(key, first && each.every(({ name }) => refused(name)) ? first : undefined);
    }
    return verdictOnType.get(key);
  };
  const onType = (type: GraphQLCompositeType): Denied | undefined =>
    everywhere(type.name, type, (name) => refusedBy(index.types.get(name)));
  const onField = (type: GraphQLCompositeType, fieldName: string): Denied | undefined =>
    everywhere(
      `${type.name}.${fieldName}`,
      type,
      (name) => refusedBy(index.fields.get(`${name}.${fieldName}`)) ?? refusedBy(index.types.get(name)),
    );
  /** Of an abstract type, what the first takes amiss, where each of the types that can stand here does: defaults may differ. */
  const passedIn = (type: GraphQLCompositeType, fieldName: string, node: FieldNode): Denied[] => {
    let first: Denied[] | undefined;
    for (const one of isAbstractType(type) ? schema.getPossibleTypes(type) : [type]) {
      const field = one.getFields()[fieldName];
      const guarded = index.fields.get(`${one.name}.${fieldName}`);
      const args = field && guarded?.find && argumentsOf(operation, field, node);
      const denied = guarded && args ? judge.input(guarded, args, contextValue) : [];
      if (denied.length === 0) return [];
      first ??= denied;
    }
    return first ?? [];
  };
  /** Whether to look on below. A denial that only nulls its field ends here without a word. */
  const passes = (denied: Denied | undefined, node: ASTNode, path: ResponsePath | undefined): boolean => {
    if (!denied) return true;
    const { coordinate, rule } = denied.guarded;
    if (rejects(denied.guarded, operation) && !found.has(coordinate) && found.size < maximum) {
      const facts = {
        coordinate,
        rule,
        reason: denied.reason,
        nodes: [node],
        ...(path && { path: responsePathAsArray(path) }),
      };
      found.set(coordinate, { code: denied.code, reason: denied.reason, facts });
    }
    return false;
  };

  const visitor: SelectionVisitor = {
    includes: included(operation.variables),
    field(parent, field, node, path) {
      const result = getNamedType(field.type);
      const refused = onField(parent, field.name) ?? (isCompositeType(result) ? onType(result) : undefined);
      if (!passes(refused, node, path)) return false;
      return passedIn(parent, field.name, node).filter((denied) => !passes(denied, node, path)).length === 0;
    },
    narrowed: (type, node, path) => passes(onType(type), node, path),
  };
  visitSelections(schema, document, operation.operation, visitor);
  return [...found.values()];
}

/** Coerced arguments, or `undefined` where execution will refuse them. */
export function argumentsOf(
  { variables }: ResolvedOperation,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): Record<string, unknown> | undefined {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return undefined;
  }
}

/** A further error of the answer. */
export function denialOf({ code, facts }: Foreseen): GraphQLError {
  return deny(code, facts);
}
