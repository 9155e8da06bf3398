/**
 * Checks fields of a subgraph that require other fields by `@requires` or `@fromContext`. A router fetches those for the resolver
 * although the caller did not select them, and evaluates no rule of theirs. So a field must carry at least the rules of what it
 * requires, or the server does not start.
 *
 * Each field is compared with what it requires itself. A chain of fields holds because each of its links does.
 */
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { type AuthRule, implies, type Requirement } from '../compile/auth-rule.ts';
import { type CompiledRules, type Guarded, type GuardedField, listPossibleTypes } from '../compile/compiled-rules.ts';
import { readFederationDirective } from '../directives/federation.ts';

type Index = Pick<CompiledRules, 'fields' | 'types' | 'claimRules'>;

/** @throws {TypeError} naming both, for a field without the rule of one that it requires. */
export function validateRequires(schema: GraphQLSchema, index: Index): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const carried = [index.fields.get(coordinate), index.types.get(type.name)].filter((one) => one !== undefined);
      for (const [on, text] of findRequiredFields(schema, type, field, coordinate)) {
        for (const { guarded, at } of findSelectedGuards(
          schema,
          index,
          on,
          parseFieldSet(text, coordinate),
          coordinate,
        )) {
          if (carries(carried, guarded, index.claimRules)) continue;
          throw new TypeError(`${coordinate} requires ${at} and must carry at least its rule: ${guarded.rule}.`);
        }
      }
    }
  }
}

/** Finds what a field requires: selections as text, each with the type that it is made on. */
function findRequiredFields(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
  coordinate: string,
): (readonly [on: GraphQLNamedType, text: unknown])[] {
  const own = readFederationDirective(schema, field, 'requires', coordinate).map(
    (use) => [type, use['fields']] as const,
  );
  const fromContext = field.args.flatMap((argument) => {
    const at = `${coordinate}(${argument.name}:)`;
    return readFederationDirective(schema, argument, 'fromContext', at).flatMap((use) => {
      const found = /^\s*\$(\w+)([^]*)$/.exec(String(use['field']));
      if (!found) throw new TypeError(`${at}: @fromContext must name a context, as in "$user { id }".`);
      const [, name, text] = found;
      const types = Object.values(schema.getTypeMap()).filter(
        (one) =>
          (isObjectType(one) || isInterfaceType(one) || isUnionType(one)) &&
          readFederationDirective(schema, one, 'context', one.name).some((context) => context['name'] === name),
      );
      return types.map((one) => [one, text] as const);
    });
  });
  return [...own, ...fromContext];
}

/** Finds every guard of the selected fields, of what they return, and of what is passed to them. */
function* findSelectedGuards(
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
      yield* findSelectedGuards(schema, index, narrowed, node.selectionSet, coordinate);
      continue;
    }
    const name = node.name.value;
    if (name === '__typename') continue;
    let result: GraphQLNamedType | undefined;
    for (const { name: typeName } of listPossibleTypes(schema, on)) {
      const type = schema.getType(typeName);
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      if (!field) continue;
      result = getNamedType(field.type);
      const at = `${typeName}.${name}`;
      const guarded = index.fields.get(at);
      for (const one of [guarded, ...findArgumentGuards(field, node, guarded)]) if (one) yield { at, guarded: one };
    }
    if (!result) throw new TypeError(`${coordinate} requires ${on.name}.${name}, which the schema does not have.`);
    for (const { name: typeName } of listPossibleTypes(schema, result)) {
      const guarded = index.types.get(typeName);
      if (guarded) yield { at: `${on.name}.${name}`, guarded };
    }
    if (node.selectionSet) yield* findSelectedGuards(schema, index, result, node.selectionSet, coordinate);
  }
}

/** Guards of arguments that are passed, or that must not be left out. */
function findArgumentGuards(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  guarded: GuardedField | undefined,
): readonly Guarded[] {
  const found: Guarded[] = [];
  guarded?.findParts?.(getArgumentValues(field, node, {}), (part, _, present) => {
    const mayBeMissing = part.owners.some(({ optional }) => optional === true);
    if (present || !mayBeMissing) found.push(part);
  });
  return found;
}

/** Whether every caller who passes all of these guards passes the wanted one too. */
function carries(carried: readonly Guarded[], wanted: Guarded, rules: readonly AuthRule[]): boolean {
  const given = carried.flatMap((guarded) => listRequirements(guarded, rules));
  const knowsCaller = carried.some(({ slot }) => rules[slot]?.anonymous === false);
  if (rules[wanted.slot]?.anonymous === false && !knowsCaller) return false;
  if (!listRequirements(wanted, rules).every((one) => implies(given, one))) return false;
  if (wanted.owners.length === 0) return true;
  const accepted = new Set(wanted.owners.map(({ text }) => text));
  return carried.some(({ owners }) => owners.length > 0 && owners.every(({ text }) => accepted.has(text)));
}

function listRequirements({ slot, policies }: Guarded, rules: readonly AuthRule[]): Requirement[] {
  return [...(rules[slot]?.requirements ?? []), ...policies.map((anyOf) => ({ kind: 'policies' as const, anyOf }))];
}

function parseFieldSet(text: unknown, coordinate: string): SelectionSetNode {
  try {
    const trimmed = String(text).trim();
    const [definition] = parse(trimmed.startsWith('{') ? trimmed : `{${trimmed}}`, { noLocation: true }).definitions;
    if (typeof text === 'string' && definition?.kind === Kind.OPERATION_DEFINITION) return definition.selectionSet;
  } catch {
    // The error below says it.
  }
  throw new TypeError(`${coordinate}: what it requires is no set of fields.`);
}
