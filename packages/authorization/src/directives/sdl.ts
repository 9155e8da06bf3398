/** The three directives: their SDL, what a schema calls them, and on which elements they have an effect. */
import { type Check, must, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
} from 'graphql';
import { checkRuleNames, readFederatedRules } from './federation.ts';
import { type Directable, type DirectiveArguments, readDirective } from './read-directive.ts';

/** What a denial does that is certain before execution: nulls its field, or refuses the whole operation. */
export type AuthMode = 'NULL' | 'REJECT';

/** ERROR: null and FORBIDDEN. NULL: null. FILTER: left out of lists, elsewhere null. NOT_FOUND: left out of lists, elsewhere NOT_FOUND. */
export type OwnerMode = 'ERROR' | 'NULL' | 'FILTER' | 'NOT_FOUND';

/** One of the three directives, under whatever name a schema has it. */
export type DirectiveName = 'auth' | 'owner' | 'public';

/** What a schema calls the directives. Left out: `@auth`, `@owner`, `@public`. */
export type DirectiveNames = Readonly<Partial<Record<DirectiveName, string>>>;

const kinds: readonly DirectiveName[] = ['auth', 'owner', 'public'];

const aName: Check = must(
  "be a name without '@'",
  (name: unknown) => typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name),
);

const nameTable = {
  auth: { default: 'auth', check: aName },
  owner: { default: 'owner', check: aName },
  public: { default: 'public', check: aName },
} satisfies OptionTable<DirectiveNames>;

/** SDL of the directives under names of your own, for the type definitions. @throws {TypeError} for a name that is not valid. */
export function authDirectivesAs(names: DirectiveNames): string {
  const { auth, owner, public: open } = readNames(names);
  return /* GraphQL */ `
"What a denial does that is certain before execution. NULL: its field is null. REJECT: nothing of the operation runs."
enum AuthMode { NULL REJECT }

"What stands in place of an object or a field of another owner. NULL and FILTER leave no error; FILTER and NOT_FOUND leave items out of lists."
enum OwnerMode { ERROR NULL FILTER NOT_FOUND }

"Only for callers who hold the roles and the scopes, and pass the policies. The outer list is an OR, the inner lists are ANDs; without arguments any authenticated caller. Repeated: all must pass. Without a mode: REJECT for mutations and subscriptions, NULL for queries."
directive @${auth}(roles: [[String!]!], scopes: [[String!]!], policies: [[String!]!], mode: AuthMode) repeatable on
  OBJECT | INTERFACE | FIELD_DEFINITION | SCALAR | ENUM | ENUM_VALUE | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION

"Only for callers whose claim equals the owner: a property of the object, an argument, or what a loader finds. Beside a loader, arg is the argument that names its rows. Repeated: one owner is enough. Beside @auth: both must pass."
directive @${owner}(field: String = "ownerId", claim: String = "sub", arg: String, loader: String, bypass: [[String!]!], mode: OwnerMode = ERROR, optional: Boolean, preset: Boolean) repeatable on
  OBJECT | FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION

"For everyone. Exempts a root field, or all fields of a root type, from the default rule."
directive @${open} on FIELD_DEFINITION | OBJECT
`;
}

/** SDL of the directives, for the type definitions of a schema. */
export const authDirectives: string = authDirectivesAs({});

/** Reads each use of a directive on one element. @throws {TypeError} naming the coordinate, for a form that cannot be read. */
export type DirectiveReader = (element: Directable, name: DirectiveName, coordinate: string) => DirectiveArguments[];

/** Makes the reader of a schema. @throws {TypeError} for names that are invalid, or that the schema does not declare. */
export function createDirectiveReader(schema: GraphQLSchema, names: DirectiveNames = {}): DirectiveReader {
  const spelling = readNames(names);
  for (const [kind, name] of Object.entries(names)) {
    if (!schema.getDirective(name)) {
      throw new TypeError(`directiveNames.${kind} is '${name}', but the schema declares no such directive.`);
    }
  }
  checkRuleNames(schema);
  return (element, kind, coordinate) => {
    const own = readDirective(schema, element, spelling[kind], coordinate);
    if (kind !== 'auth') return own;
    const federated = readFederatedRules(schema, element, coordinate).filter(({ name }) => name !== spelling.auth);
    return [...own, ...federated.map(({ rule }) => rule)];
  };
}

/** @throws {TypeError} for an argument that the directive does not have, or that is undefined: it would have no effect. */
export function checkArguments(
  use: DirectiveArguments,
  name: DirectiveName,
  coordinate: string,
  known: readonly string[],
): void {
  for (const [argument, value] of Object.entries(use)) {
    if (!known.includes(argument)) throw new TypeError(`${coordinate}: @${name} has no argument '${argument}'.`);
    if (value === undefined) throw new TypeError(`${coordinate}: ${argument} of @${name} is undefined; leave it out.`);
  }
}

/** Whether the schema declares one of the directives, or uses one without declaring it. */
export function usesDirectives(schema: GraphQLSchema, names: DirectiveNames = {}): boolean {
  const spelling = readNames(names);
  if (kinds.some((kind) => schema.getDirective(spelling[kind]))) return true;
  const readUses = createDirectiveReader(schema, names);
  for (const [coordinate, element] of listElements(schema)) {
    if (kinds.some((kind) => readUses(element, kind, coordinate).length > 0)) return true;
  }
  return false;
}

/** @throws {TypeError} for a rule where it would have no effect. SDL does not allow most of these places, but `extensions` does. */
export function checkLocations(schema: GraphQLSchema, readUses: DirectiveReader): void {
  for (const [coordinate, element, allowed] of listElements(schema)) {
    for (const kind of kinds) {
      if (!allowed.includes(kind) && readUses(element, kind, coordinate).length > 0) {
        const [typeName = ''] = coordinate.split('.');
        const place = isInterfaceType(schema.getType(typeName)) ? '; put it on the types that implement it' : '';
        throw new TypeError(`${coordinate}: @${kind} has no effect here${place}.`);
      }
    }
  }
}

/** Lists every coordinate of an element that can carry a directive. */
export function listCoordinates(schema: GraphQLSchema): Set<string> {
  return new Set([...listElements(schema)].map(([coordinate]) => coordinate));
}

function readNames(names: DirectiveNames): Readonly<Record<DirectiveName, string>> {
  const spelling = readOptions('directiveNames', names, nameTable);
  if (new Set(Object.values(spelling)).size < kinds.length) {
    throw new TypeError('directiveNames must be three different names.');
  }
  return spelling;
}

/** An element that can carry a directive, and which of the three have an effect there. */
type Element = readonly [coordinate: string, element: Directable, allowed: readonly DirectiveName[]];

function* listElements(schema: GraphQLSchema): Generator<Element> {
  yield ['schema', schema, []];
  for (const directive of schema.getDirectives()) {
    for (const argument of directive.args) yield [`@${directive.name}(${argument.name}:)`, argument, []];
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    yield [type.name, type, listAllowed(type)];
    yield* listMembers(type);
  }
}

function listAllowed(type: GraphQLNamedType): readonly DirectiveName[] {
  if (isObjectType(type)) return kinds;
  return isInterfaceType(type) || isEnumType(type) || isScalarType(type) ? ['auth'] : [];
}

function* listMembers(type: GraphQLNamedType): Generator<Element> {
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      yield [coordinate, field, isObjectType(type) ? kinds : ['auth', 'public']];
      const onArgument: readonly DirectiveName[] = isObjectType(type) ? ['auth', 'owner'] : ['auth'];
      for (const argument of field.args) yield [`${coordinate}(${argument.name}:)`, argument, onArgument];
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field, ['auth', 'owner']];
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value, ['auth']];
  }
}
