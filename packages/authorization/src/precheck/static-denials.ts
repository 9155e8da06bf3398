/**
 * Finds the denials that roles and scopes make certain before anything runs.
 *
 * A selection on an abstract type is certain to be denied if it is for every object type that may come up there, also if these
 * types narrow the fields of an interface. A fragment on an object type is if that type is. Everything else is left to the guards in
 * the schema.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import {
  createInclusionTest,
  deny,
  type Place,
  type RefusalFacts,
  type SelectionVisitor,
  visitSelections,
} from '@graphql-bulwark/core/internal';
import {
  type ASTNode,
  type FieldNode,
  type GraphQLError,
  type GraphQLField,
  getArgumentValues,
  OperationTypeNode,
  type ResponsePath,
  responsePathAsArray,
} from 'graphql';
import type { Guarded } from '../compile/compiled-rules.ts';
import type { Denial, DenialReason } from '../evaluate/access-request.ts';
import type { Guards } from '../guarded-schema.ts';

/** A denied coordinate. */
export interface CertainDenial extends DenialReason {
  readonly facts: RefusalFacts;
}

/** Whether a denial refuses the operation as a whole: by the mode of its rule, else unless the operation is a query. */
export function rejectsOperation({ mode }: Guarded, { operation }: ResolvedOperation): boolean {
  return (mode ?? (operation.operation === OperationTypeNode.QUERY ? 'NULL' : 'REJECT')) === 'REJECT';
}

/** @param maximum of denials, of which there is one per coordinate. */
export function findStaticDenials(operation: ResolvedOperation, guards: Guards, maximum: number): CertainDenial[] {
  const { schema, document, contextValue } = operation;
  const { compiled, evaluator } = guards;
  const found = new Map<string, CertainDenial>();
  const denialsByPlace = new Map<Place, Map<string, Denial | undefined>>();

  const denyCoordinate = (guarded: Guarded | undefined): Denial | undefined =>
    guarded && evaluator.evaluateClaims(guarded, contextValue);
  const denyType = (name: string): Denial | undefined => denyCoordinate(compiled.types.get(name));
  const denyField = (name: string, fieldName: string): Denial | undefined =>
    denyCoordinate(compiled.fields.get(`${name}.${fieldName}`)) ?? denyType(name);
  /** Denied if each of the types that may come up here is. The denial of the first one is the answer. */
  const denyEverywhere = (
    place: Place,
    key: string,
    denyIn: (typeName: string) => Denial | undefined,
  ): Denial | undefined => {
    const { possible } = place;
    const known = denialsByPlace.get(place) ?? new Map<string, Denial | undefined>();
    denialsByPlace.set(place, known);
    if (!known.has(key)) {
      const first = possible[0] && denyIn(possible[0].name);
      known.set(key, first && possible.every(({ name }) => denyIn(name)) ? first : undefined);
    }
    return known.get(key);
  };
  const denyPlace = (place: Place): Denial | undefined => denyEverywhere(place, '', denyType);
  const denySelection = (place: Place, fieldName: string): Denial | undefined =>
    denyEverywhere(place, fieldName, (name) => denyField(name, fieldName));
  /** The denied arguments of the first type that may come up here, if each type denies some: their defaults may differ. */
  const denyArguments = ({ possible }: Place, fieldName: string, node: FieldNode): Denial[] => {
    let first: Denial[] | undefined;
    for (const one of possible) {
      const field = one.getFields()[fieldName];
      const guarded = compiled.fields.get(`${one.name}.${fieldName}`);
      const args = field && guarded?.findParts && readArguments(operation, field, node);
      const denied = guarded && args ? evaluator.evaluateInputClaims(guarded, args, contextValue) : [];
      if (denied.length === 0) return [];
      first ??= denied;
    }
    return first ?? [];
  };
  /** Whether the walk goes on below. A denial that only nulls its field ends it, but is not kept. */
  const continuesBelow = (denied: Denial | undefined, node: ASTNode, path: ResponsePath | undefined): boolean => {
    if (!denied) return true;
    const { coordinate, rule } = denied.guarded;
    if (rejectsOperation(denied.guarded, operation) && !found.has(coordinate) && found.size < maximum) {
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
    includes: createInclusionTest(operation.variables),
    answers: (type, fieldName) => !denyField(type.name, fieldName),
    field(parent, field, node, path, result) {
      const certain = denySelection(parent, field.name) ?? (result && denyPlace(result));
      if (!continuesBelow(certain, node, path)) return false;
      return (
        denyArguments(parent, field.name, node).filter((denied) => !continuesBelow(denied, node, path)).length === 0
      );
    },
    narrowed: (place, node, path) => continuesBelow(denyPlace(place), node, path),
  };
  visitSelections(schema, document, operation.operation, visitor);
  return [...found.values()];
}

/** Coerced arguments, or `undefined` if execution will refuse them. */
export function readArguments(
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

/** Makes the error of a denial. */
export function createDenialError({ code, facts }: CertainDenial): GraphQLError {
  return deny(code, facts);
}
