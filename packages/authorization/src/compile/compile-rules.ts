/** Every rule of a schema, compiled once: which coordinate asks what of whom. */
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
} from 'graphql';
import type { Directable } from '../directives/read-directive.ts';
import { checkLocations, knownArguments, type Uses } from '../directives/sdl.ts';
import {
  type AllowsAnonymous,
  allOf,
  authenticated,
  authRule,
  claimsOf,
  keyOf,
  policiesOf,
  type Rule,
} from './auth-rule.ts';
import {
  type Check,
  type Guarded,
  type GuardedField,
  ownerModeOf,
  type Preset,
  type RuleIndex,
  touchingOf,
} from './compiled-rules.ts';
import { finders, type TypeGuards, valueGuards } from './inputs.ts';
import { type OwnerPlace, type OwnerRule, ownerRule } from './owner-rule.ts';
import { countingRows } from './requested-rows.ts';
import { checkedOwners, checkNullable, checkReferences } from './validate-owner.ts';
import { warningsOf } from './warnings.ts';

/** What happens to root fields that carry neither `@auth` nor `@public`. */
export type DefaultRule = 'allow' | 'authenticated' | 'deny';

export interface IndexOptions {
  readonly uses: Uses;
  readonly defaultRule: DefaultRule;
  readonly strictInterfaces: boolean;
  readonly allowsAnonymous: AllowsAnonymous;
  readonly requireLoader: (loader: string, coordinate: string) => void;
}

/** @throws {TypeError} naming the coordinate, for a rule that cannot be meant. */
export function ruleIndex(schema: GraphQLSchema, options: IndexOptions): RuleIndex {
  const { uses, defaultRule, strictInterfaces, allowsAnonymous, requireLoader } = options;
  checkLocations(schema, uses);
  const slots = new Map<string, number>();
  const rules: Rule[] = [];
  const fields = new Map<string, GuardedField>();
  const types = new Map<string, Guarded>();
  const inputs = new Map<string, Guarded>();
  const open = new Set<string>();
  const all = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const objects = all.filter(isObjectType);
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  const undecided: string[] = [];

  const guarded = (
    coordinate: string,
    of: readonly Rule[],
    owners: readonly OwnerRule[],
    field: Partial<GuardedField> | 'object' | 'part',
  ): Guarded => {
    const rule = allOf(of);
    const claims = claimsOf(rule);
    const slot = slots.get(keyOf(claims)) ?? rules.push(claims) - 1;
    slots.set(keyOf(claims), slot);
    const policies = policiesOf(rule);
    const checks = checksOf({ policies, owners }, field);
    return { coordinate, slot, rule: rule.text, mode: rule.mode, policies, owners, checks };
  };
  const auth = (element: Directable, coordinate: string): Rule[] =>
    uses(element, 'auth', coordinate).map((use) => authRule(use, coordinate, allowsAnonymous));
  const ownersOf = (element: Directable, coordinate: string, place: OwnerPlace): OwnerRule[] => {
    const owners = uses(element, 'owner', coordinate).map((use) => ownerRule(use, coordinate, place));
    for (const { loader } of owners) if (loader !== undefined) requireLoader(loader, coordinate);
    return checkedOwners(owners, coordinate);
  };
  /** Nobody owns anything without being someone. */
  const withOwners = (own: readonly Rule[], owners: readonly OwnerRule[]): Rule[] =>
    owners.length > 0 ? [...own, authenticated(owners.map(({ text }) => text).join(' or '))] : [...own];
  const isPublic = (element: Directable, coordinate: string): boolean => {
    const found = uses(element, 'public', coordinate);
    for (const use of found) knownArguments(use, 'public', coordinate, []);
    return found.length > 0;
  };
  /** What stands on the interfaces of a type, which graphql-js never asks itself. */
  const fromInterfaces = (
    type: GraphQLObjectType,
    part: (parent: ReturnType<GraphQLObjectType['getInterfaces']>[number]) => readonly [Directable, string] | undefined,
  ): Rule[] =>
    type.getInterfaces().flatMap((parent) => {
      const found = part(parent);
      return found ? auth(...found) : [];
    });

  if (strictInterfaces) refuseInterfaceRules(all, auth);
  const leafRules = new Map(
    all.filter((type) => isEnumType(type) || isScalarType(type)).map((type) => [type.name, auth(type, type.name)]),
  );
  const typeRules = new Map(objects.map((type) => [type, rulesOfType(type)]));
  const finderOf = finders(schema, guardsOfInput);

  function rulesOfType(type: GraphQLObjectType): Rule[] {
    const owners = ownersOf(type, type.name, 'object');
    if (roots.has(type) && owners.length > 0) throw new TypeError(`${type.name}: a root type has no @owner.`);
    const own = [...auth(type, type.name), ...fromInterfaces(type, (parent) => [parent, parent.name])];
    if (own.length > 0 && isPublic(type, type.name)) throw contradiction(type.name);
    const both = withOwners(own, owners);
    if (both.length > 0 && !roots.has(type)) types.set(type.name, guarded(type.name, both, owners, 'object'));
    return both;
  }

  /** Keeps the guard of an argument, input field, enum value or type, for whoever lists them. */
  function input(coordinate: string, own: readonly Rule[], owners: readonly OwnerRule[] = []): Guarded | undefined {
    const both = withOwners(own, owners);
    if (both.length === 0) return undefined;
    const guard = guarded(coordinate, both, owners, 'part');
    inputs.set(coordinate, guard);
    return guard;
  }

  function guardsOfInput(type: GraphQLNamedType): TypeGuards {
    const members = new Map<string, Guarded>();
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`;
        const guard = input(coordinate, auth(field, coordinate), ownersOf(field, coordinate, 'input'));
        if (guard) members.set(field.name, guard);
      }
    }
    if (isEnumType(type)) {
      for (const value of type.getValues()) {
        const coordinate = `${type.name}.${value.name}`;
        const guard = input(coordinate, auth(value, coordinate));
        if (guard) members.set(value.name, guard);
      }
    }
    const self = input(type.name, leafRules.get(type.name) ?? []);
    for (const { name, value } of isEnumType(type) ? type.getValues() : []) {
      // As an input it is the same as none.
      if (value === null && (self ?? members.has(name))) {
        throw new TypeError(`${type.name}.${name}: a guarded value needs an internal value other than null.`);
      }
    }
    const values = isEnumType(type) ? valueGuards(type, (name) => members.get(name)) : new Map();
    return { self, field: (name) => members.get(name), values };
  }

  function argumentsOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): Partial<GuardedField> {
    const presets: Preset[] = [];
    const args = field.args.map((arg) => {
      const coordinate = `${type.name}.${field.name}(${arg.name}:)`;
      const owners = ownersOf(arg, coordinate, 'argument');
      for (const { claim } of owners.filter(({ preset }) => preset)) {
        const isList = isListType(isNonNullType(arg.type) ? arg.type.ofType : arg.type);
        if (!['ID', 'String'].includes(getNamedType(arg.type).name)) {
          throw new TypeError(`${coordinate}: preset of @owner needs an argument of type ID or String.`);
        }
        presets.push({ name: arg.name, claim, list: isList });
      }
      const own = [
        ...auth(arg, coordinate),
        ...fromInterfaces(type, (parent) => {
          const declared = parent.getFields()[field.name]?.args.find(({ name }) => name === arg.name);
          return declared && [declared, `${parent.name}.${field.name}(${arg.name}:)`];
        }),
      ];
      return [arg, input(coordinate, own, owners)] as const;
    });
    return { find: finderOf(args), presets };
  }

  for (const type of objects) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const isRoot = roots.has(type);
      const owners = ownersOf(field, coordinate, 'field').map((owner) =>
        owner.loader === undefined ? owner : { ...owner, countRows: countingRows(field, owner.rows, isRoot) },
      );
      checkReferences(field, owners, isRoot, coordinate);
      const own = withOwners(
        [
          ...auth(field, coordinate),
          ...fromInterfaces(type, (parent) => {
            const declared = parent.getFields()[field.name];
            return declared && [declared, `${parent.name}.${field.name}`];
          }),
        ],
        owners,
      );
      const fieldIsPublic = isPublic(field, coordinate);
      if (isRoot) {
        own.push(...(typeRules.get(type) ?? []));
        if (own.length === 0 && !fieldIsPublic && !isPublic(type, type.name)) {
          if (defaultRule === 'authenticated') own.push(authenticated('defaultRule: authenticated'));
          if (defaultRule === 'deny') undecided.push(coordinate);
        } else if (own.length === 0) {
          open.add(coordinate);
        }
      }
      if (fieldIsPublic && own.length > 0) throw contradiction(coordinate);
      // A field of a guarded type is refused before its resolver runs; policies and owners need the object.
      const named = getNamedType(field.type);
      if (isObjectType(named)) own.push(...(typeRules.get(named) ?? []).map(claimsOf));
      own.push(...(leafRules.get(named.name) ?? []));
      const values = isEnumType(named) ? valueGuards(named, (name) => inputs.get(`${named.name}.${name}`)) : undefined;
      const passedIn = argumentsOf(type, field);
      if (own.length === 0 && !passedIn.find && !values?.size) continue;
      fields.set(coordinate, {
        ...guarded(coordinate, own, owners, passedIn),
        ...passedIn,
        ...(values?.size && { values }),
      });
    }
  }
  if (undecided.length > 0) {
    throw new TypeError(`defaultRule is 'deny', and these have neither @auth nor @public: ${undecided.join(', ')}.`);
  }
  checkNullable(schema, { types, fields, inputs });
  return {
    rules,
    fields,
    types,
    inputs,
    open,
    touching: touchingOf(schema, fields, types),
    rejecting: [...fields.values(), ...types.values(), ...inputs.values()].some(({ mode }) => mode === 'REJECT'),
    warnings: warningsOf(schema, fields, types, inputs),
  };
}

/** The checks of a guard in their order: claims, arguments, policies, owners. */
function checksOf(
  { policies, owners }: Pick<Guarded, 'policies' | 'owners'>,
  place: Partial<GuardedField> | 'object' | 'part',
): Check[] {
  const asked: Check[] = [];
  if (policies.length > 0) asked.push('policies');
  if (owners.length > 0) asked.push('owners');
  if (place === 'part') return ['claims', ...asked];
  // Of what is hidden no policy says a word.
  const hides = ownerModeOf({ owners }) !== 'ERROR';
  if (hides) asked.reverse();
  if (place !== 'object') {
    const passedIn: Check[] = place.find ? ['arguments'] : [];
    if (place.presets && place.presets.length > 0) passedIn.push('presets');
    return ['claims', ...passedIn, ...asked];
  }
  // Callers who lack a right must not learn of more objects than those who hold it.
  return hides ? ['owners', 'claims', ...asked.slice(1)] : ['claims', ...asked];
}

function refuseInterfaceRules(
  types: readonly GraphQLNamedType[],
  auth: (element: Directable, coordinate: string) => readonly Rule[],
): void {
  const refuse = (element: Directable, coordinate: string): void => {
    if (auth(element, coordinate).length > 0) {
      throw new TypeError(`${coordinate}: strictInterfaces is on; put the rule on the types that implement it.`);
    }
  };
  for (const type of types.filter(isInterfaceType)) {
    refuse(type, type.name);
    for (const field of Object.values(type.getFields())) {
      refuse(field, `${type.name}.${field.name}`);
      for (const arg of field.args) refuse(arg, `${type.name}.${field.name}(${arg.name}:)`);
    }
  }
}

function contradiction(coordinate: string): TypeError {
  return new TypeError(`${coordinate} is @public and carries @auth, itself or through its type or an interface.`);
}
