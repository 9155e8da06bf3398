/** Reads the rules that single elements of a schema carry, and refuses them where they are invalid or have no effect. */
import { type GraphQLInterfaceType, type GraphQLObjectType, type GraphQLSchema, isInterfaceType } from 'graphql';
import type { Directable } from '../directives/read-directive.ts';
import { checkArguments, checkLocations, type DirectiveReader } from '../directives/sdl.ts';
import { type AllowsAnonymous, type AuthRule, readAuthRule } from './auth-rule.ts';
import { type OwnerPlace, type OwnerRule, readOwnerRule } from './owner-rule.ts';
import { validateOwners } from './validate-owner.ts';

export interface ReaderOptions {
  readonly readUses: DirectiveReader;
  /** Whether rules on interfaces are refused, rather than given to the types that implement them. */
  readonly strictInterfaces: boolean;
  readonly allowsAnonymous: AllowsAnonymous;
  /** Throws for a loader that does not exist. */
  readonly requireLoader: (loader: string, coordinate: string) => void;
}

export interface RuleReader {
  /** Each `@auth` of an element. */
  readonly readAuth: (element: Directable, coordinate: string) => AuthRule[];
  /** Each `@owner` of an element. */
  readonly readOwners: (element: Directable, coordinate: string, place: OwnerPlace) => OwnerRule[];
  /** Whether an element is `@public`. */
  readonly isPublic: (element: Directable, coordinate: string) => boolean;
  /** Each `@auth` of the same element on the interfaces of a type. graphql-js itself evaluates nothing of an interface. */
  readonly readInterfaces: (
    type: GraphQLObjectType,
    find: (parent: GraphQLInterfaceType) => readonly [element: Directable | undefined, coordinate: string],
  ) => AuthRule[];
}

/** @throws {TypeError} naming the coordinate, as its functions do, for a rule that is invalid or has no effect there. */
export function createRuleReader(schema: GraphQLSchema, options: ReaderOptions): RuleReader {
  const { readUses, strictInterfaces, allowsAnonymous, requireLoader } = options;
  checkLocations(schema, readUses);

  function readAuth(element: Directable, coordinate: string): AuthRule[] {
    return readUses(element, 'auth', coordinate).map((use) => readAuthRule(use, coordinate, allowsAnonymous));
  }

  function refuseRules(element: Directable, coordinate: string): void {
    if (readAuth(element, coordinate).length > 0) {
      throw new TypeError(`${coordinate}: strictInterfaces is on; put the rule on the types that implement it.`);
    }
  }

  for (const type of strictInterfaces ? Object.values(schema.getTypeMap()).filter(isInterfaceType) : []) {
    refuseRules(type, type.name);
    for (const field of Object.values(type.getFields())) {
      refuseRules(field, `${type.name}.${field.name}`);
      for (const arg of field.args) refuseRules(arg, `${type.name}.${field.name}(${arg.name}:)`);
    }
  }

  return {
    readAuth,
    readOwners(element, coordinate, place) {
      const owners = readUses(element, 'owner', coordinate).map((use) => readOwnerRule(use, coordinate, place));
      for (const { loader } of owners) if (loader !== undefined) requireLoader(loader, coordinate);
      return validateOwners(owners, coordinate);
    },
    isPublic(element, coordinate) {
      const found = readUses(element, 'public', coordinate);
      for (const use of found) checkArguments(use, 'public', coordinate, []);
      return found.length > 0;
    },
    readInterfaces(type, find) {
      return listInterfaces(type).flatMap((parent) => {
        const [element, coordinate] = find(parent);
        return element ? readAuth(element, coordinate) : [];
      });
    },
  };
}

/** The interfaces of a type, and theirs: a valid type names all of them, but a schema may be assumed valid without being so. */
function listInterfaces(type: GraphQLObjectType): GraphQLInterfaceType[] {
  const all = new Set(type.getInterfaces());
  for (const one of all) for (const parent of one.getInterfaces()) all.add(parent);
  return [...all];
}
