/**
 * The denials that are certain before anything runs.
 *
 * A selection on an abstract type is denied when every type that can come up there is, also where the types that implement an
 * interface narrow its fields; a selection under the condition of one object type when that type is. Everything else is left to
 * the guards in the schema.
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
import type { Denied, Why } from '../evaluate/access-request.ts';
import type { Guards } from '../guarded-schema.ts';

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
  const verdicts = new Map<Place, Map<string, Denied | undefined>>();

  const refusedBy = (guarded: Guarded | undefined): Denied | undefined =>
    guarded && judge.claims(guarded, contextValue);
  const refusedType = (name: string): Denied | undefined => refusedBy(index.types.get(name));
  const refusedField = (name: string, fieldName: string): Denied | undefined =>
    refusedBy(index.fields.get(`${name}.${fieldName}`)) ?? refusedType(name);
  /** Refused when each of the types that can stand here is; the first says why. */
  const everywhere = (
    place: Place,
    key: string,
    refused: (typeName: string) => Denied | undefined,
  ): Denied | undefined => {
    const { possible } = place;
    const known = verdicts.get(place) ?? new Map<string, Denied | undefined>();
    verdicts.set(place, known);
    if (!known.has(key)) {
      const first = possible[0] && refused(possible[0].name);
      known.set(key, first && possible.every(({ name }) => refused(name)) ? first : undefined);
    }
    return known.get(key);
  };
  const onType = (place: Place): Denied | undefined => everywhere(place, '', refusedType);
  const onField = (place: Place, fieldName: string): Denied | undefined =>
    everywhere(place, fieldName, (name) => refusedField(name, fieldName));
  /** Of several types that can stand here, what the first denies, where each of them denies something: defaults may differ. */
  const passedIn = ({ possible }: Place, fieldName: string, node: FieldNode): Denied[] => {
    let first: Denied[] | undefined;
    for (const one of possible) {
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
    includes: createInclusionTest(operation.variables),
    answers: (type, fieldName) => !refusedField(type.name, fieldName),
    field(parent, field, node, path, result) {
      const refused = onField(parent, field.name) ?? (result && onType(result));
      if (!passes(refused, node, path)) return false;
      return passedIn(parent, field.name, node).filter((denied) => !passes(denied, node, path)).length === 0;
    },
    narrowed: (place, node, path) => passes(onType(place), node, path),
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
