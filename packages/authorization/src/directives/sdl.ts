/** The three directives, and where a schema carries them: in its SDL, in extensions of it, or in `extensions` from code. */
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
import { checkRuleNames, federatedRules } from './federation.ts';
import { type Directable, type DirectiveArguments, usesOf } from './read-directive.ts';

/** What a denial that is certain beforehand does: nulls its field, or refuses the whole operation. */
export type AuthMode = 'NULL' | 'REJECT';

/** ERROR: null and FORBIDDEN. NULL: null. FILTER: not in the list, elsewhere null. NOT_FOUND: as if it did not exist, in a list neither. */
export type OwnerMode = 'ERROR' | 'NULL' | 'FILTER' | 'NOT_FOUND';

/** One of the three directives, whatever the schema calls it. */
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

/** SDL to put among a schema's type definitions, under names of your own. @throws {TypeError} for a name that is none. */
export function authDirectivesAs(names: DirectiveNames): string {
  const { auth, owner, public: open } = spelled(names);
  return /* GraphQL */ `
"What a denial does that is certain beforehand. NULL: its field is null. REJECT: nothing of the operation runs."
enum AuthMode { NULL REJECT }

"What becomes of an object or a field of somebody else. NULL and FILTER leave no error; FILTER and NOT_FOUND drop items of lists."
enum OwnerMode { ERROR NULL FILTER NOT_FOUND }

"Only for a caller who holds the roles and the scopes, and with whom the policies agree. The outer list is an OR, the inner lists are ANDs; without arguments any authenticated caller. Repeated: all must pass. Without a mode: REJECT for mutations and subscriptions, NULL for queries."
directive @${auth}(roles: [[String!]!], scopes: [[String!]!], policies: [[String!]!], mode: AuthMode) repeatable on
  OBJECT | INTERFACE | FIELD_DEFINITION | SCALAR | ENUM | ENUM_VALUE | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION

"Only for the caller whose claim equals the owner: a property of the object, an argument, or what a loader finds. Beside a loader, arg names the argument that names its rows. Repeated: one owner is enough. Beside @auth: both must pass."
directive @${owner}(field: String = "ownerId", claim: String = "sub", arg: String, loader: String, bypass: [[String!]!], mode: OwnerMode = ERROR, optional: Boolean, preset: Boolean) repeatable on
  OBJECT | FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION

"For everyone. Takes a root field, or all fields of a root type, out of the default rule."
directive @${open} on FIELD_DEFINITION | OBJECT
`;
}

/** SDL to put among a schema's type definitions. */
export const authDirectives: string = authDirectivesAs({});

/** Each use of a directive on one element. @throws {TypeError} naming the coordinate, for a form that cannot be read. */
export type Uses = (element: Directable, name: DirectiveName, coordinate: string) => DirectiveArguments[];

/** @throws {TypeError} for names that cannot be meant, or that the schema does not declare. */
export function directiveUses(schema: GraphQLSchema, names: DirectiveNames = {}): Uses {
  const spelling = spelled(names);
  for (const [kind, name] of Object.entries(names)) {
    if (!schema.getDirective(name)) {
      throw new TypeError(`directiveNames.${kind} is '${name}', but the schema declares no such directive.`);
    }
  }
  checkRuleNames(schema);
  return (element, kind, coordinate) => {
    const own = usesOf(schema, element, spelling[kind], coordinate);
    if (kind !== 'auth') return own;
    const federated = federatedRules(schema, element, coordinate).filter(({ name }) => name !== spelling.auth);
    return [...own, ...federated.map(({ rule }) => rule)];
  };
}

/** @throws {TypeError} for an argument that the directive does not have, or without a value: it would be silently without effect. */
export function knownArguments(
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
  const spelling = spelled(names);
  if (kinds.some((kind) => schema.getDirective(spelling[kind]))) return true;
  const uses = directiveUses(schema, names);
  for (const [coordinate, element] of elementsOf(schema)) {
    if (kinds.some((kind) => uses(element, kind, coordinate).length > 0)) return true;
  }
  return false;
}

/** @throws {TypeError} for a rule where it would have no effect. Most of them SDL cannot hold; code can. */
export function checkLocations(schema: GraphQLSchema, uses: Uses): void {
  for (const [coordinate, element, allowed] of elementsOf(schema)) {
    for (const kind of kinds) {
      if (!allowed.includes(kind) && uses(element, kind, coordinate).length > 0) {
        const [typeName = ''] = coordinate.split('.');
        const place = isInterfaceType(schema.getType(typeName)) ? '; put it on the types that implement it' : '';
        throw new TypeError(`${coordinate}: @${kind} has no effect here${place}.`);
      }
    }
  }
}

/** Every coordinate that could carry a rule. */
export function coordinatesOf(schema: GraphQLSchema): Set<string> {
  return new Set([...elementsOf(schema)].map(([coordinate]) => coordinate));
}

function spelled(names: DirectiveNames): Readonly<Record<DirectiveName, string>> {
  const spelling = readOptions('directiveNames', names, nameTable);
  if (new Set(Object.values(spelling)).size < kinds.length) {
    throw new TypeError('directiveNames must be three different names.');
  }
  return spelling;
}

type Element = readonly [coordinate: string, element: Directable, allowed: readonly DirectiveName[]];

function* elementsOf(schema: GraphQLSchema): Generator<Element> {
  yield ['schema', schema, []];
  for (const directive of schema.getDirectives()) {
    for (const argument of directive.args) yield [`@${directive.name}(${argument.name}:)`, argument, []];
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    yield [type.name, type, allowedOn(type)];
    yield* membersOf(type);
  }
}

function allowedOn(type: GraphQLNamedType): readonly DirectiveName[] {
  if (isObjectType(type)) return kinds;
  return isInterfaceType(type) || isEnumType(type) || isScalarType(type) ? ['auth'] : [];
}

function* membersOf(type: GraphQLNamedType): Generator<Element> {
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
