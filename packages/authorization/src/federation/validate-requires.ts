/**
 * What a federation router hands to a resolver by `@requires` or `@fromContext`: fields that the caller did not select, and whose
 * rules nobody asks. So the field that gets them must carry at least the same rules, or the server does not start.
 *
 * Each field is held against what it requires itself. A chain of fields holds because each of its links does.
 */
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { implies, type Requirement, type Rule } from '../compile/auth-rule.ts';
import type { Guarded, GuardedField, RuleIndex } from '../compile/compiled-rules.ts';
import { federationUses } from '../directives/federation.ts';

type Index = Pick<RuleIndex, 'fields' | 'types' | 'rules'>;

/** @throws {TypeError} naming both, for a field that carries less than one that it requires. */
export function checkRequired(schema: GraphQLSchema, index: Index): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const carried = [index.fields.get(coordinate), index.types.get(type.name)].filter((one) => one !== undefined);
      for (const [on, text] of requiredBy(schema, type, field, coordinate)) {
        for (const { guarded, at } of guardsWithin(schema, index, on, fieldSet(text, coordinate), coordinate)) {
          if (carries(carried, guarded, index.rules)) continue;
          throw new TypeError(`${coordinate} requires ${at} and must carry at least its rule: ${guarded.rule}.`);
        }
      }
    }
  }
}

/** What a field gets of other fields: selections as text, each with the type that it stands on. */
function requiredBy(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
  coordinate: string,
): (readonly [on: GraphQLNamedType, text: unknown])[] {
  const own = federationUses(schema, field, 'requires', coordinate).map((use) => [type, use['fields']] as const);
  const fromContext = field.args.flatMap((argument) => {
    const at = `${coordinate}(${argument.name}:)`;
    return federationUses(schema, argument, 'fromContext', at).flatMap((use) => {
      const found = /^\s*\$(\w+)([^]*)$/.exec(String(use['field']));
      if (!found) throw new TypeError(`${at}: @fromContext must name a context, as in "$user { id }".`);
      const [, name, text] = found;
      const types = Object.values(schema.getTypeMap()).filter(
        (one) =>
          (isObjectType(one) || isInterfaceType(one) || isUnionType(one)) &&
          federationUses(schema, one, 'context', one.name).some((context) => context['name'] === name),
      );
      return types.map((one) => [one, text] as const);
    });
  });
  return [...own, ...fromContext];
}

/** Every guard that stands on a selected field, on what it returns, or on what is passed to it. */
function* guardsWithin(
  schema: GraphQLSchema,
  index: Index,
  on: GraphQLNamedType,
  set: SelectionSetNode,
  coordinate: string,
): Generator<{ readonly at: string; readonly guarded: Guarded }> {
  for (const node of set.selections) {
    if (node.kind === Kind.FRAGMENT_SPREAD)
      throw new TypeError(`${coordinate}: a set of fields has no fragments by name.`);
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const narrowed = node.typeCondition ? schema.getType(node.typeCondition.name.value) : on;
      if (!narrowed) throw new TypeError(`${coordinate} requires fields of a type that the schema does not have.`);
      yield* guardsWithin(schema, index, narrowed, node.selectionSet, coordinate);
      continue;
    }
    const name = node.name.value;
    if (name === '__typename') continue;
    let result: GraphQLNamedType | undefined;
    for (const { name: typeName } of concrete(schema, on)) {
      const type = schema.getType(typeName);
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      if (!field) continue;
      result = getNamedType(field.type);
      const at = `${typeName}.${name}`;
      const guarded = index.fields.get(at);
      for (const one of [guarded, ...passedTo(field, node, guarded)]) if (one) yield { at, guarded: one };
    }
    if (!result) throw new TypeError(`${coordinate} requires ${on.name}.${name}, which the schema does not have.`);
    for (const { name: typeName } of concrete(schema, result)) {
      const guarded = index.types.get(typeName);
      if (guarded) yield { at: `${on.name}.${name}`, guarded };
    }
    if (node.selectionSet) yield* guardsWithin(schema, index, result, node.selectionSet, coordinate);
  }
}

function passedTo(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  guarded: GuardedField | undefined,
): readonly Guarded[] {
  const found: Guarded[] = [];
  guarded?.find?.(getArgumentValues(field, node, {}), (part, _, present) => {
    const mayBeMissing = part.owners.some(({ optional }) => optional === true);
    if (present || !mayBeMissing) found.push(part);
  });
  return found;
}

/** Whether whoever passes all of these passes the other one too. */
function carries(carried: readonly Guarded[], wanted: Guarded, rules: readonly Rule[]): boolean {
  const given = carried.flatMap((guarded) => requirementsOf(guarded, rules));
  const knowsCaller = carried.some(({ slot }) => rules[slot]?.anonymous === false);
  if (rules[wanted.slot]?.anonymous === false && !knowsCaller) return false;
  if (!requirementsOf(wanted, rules).every((one) => implies(given, one))) return false;
  if (wanted.owners.length === 0) return true;
  const accepted = new Set(wanted.owners.map(({ text }) => text));
  return carried.some(({ owners }) => owners.length > 0 && owners.every(({ text }) => accepted.has(text)));
}

function requirementsOf({ slot, policies }: Guarded, rules: readonly Rule[]): Requirement[] {
  return [...(rules[slot]?.requirements ?? []), ...policies.map((anyOf) => ({ of: 'policies' as const, anyOf }))];
}

function concrete(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLNamedType[] {
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
}

function fieldSet(text: unknown, coordinate: string): SelectionSetNode {
  try {
    const trimmed = String(text).trim();
    const [definition] = parse(trimmed.startsWith('{') ? trimmed : `{${trimmed}}`, { noLocation: true }).definitions;
    if (typeof text === 'string' && definition?.kind === Kind.OPERATION_DEFINITION) return definition.selectionSet;
  } catch {
    // told below
  }
  throw new TypeError(`${coordinate}: what it requires is no set of fields.`);
}
