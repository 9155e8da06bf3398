/**
 * Compiles every rule of a schema once: for each coordinate which checks its guard runs, and in which order.
 *
 * Rules of types come first, because they also hold for fields that return the type; then rules of input types, which the finders of
 * arguments need; then fields with their arguments.
 */
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
} from 'graphql';
import {
  type AuthRule,
  combineRules,
  createAuthenticatedRule,
  formatRuleKey,
  selectClaims,
  selectPolicies,
} from './auth-rule.ts';
import {
  type Check,
  type CompiledRules,
  findGuardedSelections,
  type Guarded,
  type GuardedField,
  getOwnerMode,
  type Preset,
} from './compiled-rules.ts';
import { createPartFinder, groupGuardsByValue, type InputTypeGuards } from './inputs.ts';
import type { OwnerRule } from './owner-rule.ts';
import { createRuleReader, type ReaderOptions } from './read-rules.ts';
import { createRowCounter } from './requested-rows.ts';
import { validateNullMode, validateReferences } from './validate-owner.ts';
import { findWarnings } from './warnings.ts';

/** What happens to root fields that carry neither `@auth` nor `@public`. */
export type DefaultRule = 'allow' | 'authenticated' | 'deny';

export interface CompileOptions extends ReaderOptions {
  readonly defaultRule: DefaultRule;
}

/** What a guard is for: the objects of a type, a part of the arguments, or a field with what its arguments need. */
type Place = 'object' | 'part' | Pick<GuardedField, 'findParts' | 'presets'>;

/** @throws {TypeError} naming the coordinate, for a rule that is invalid there. */
export function compileRules(schema: GraphQLSchema, options: CompileOptions): CompiledRules {
  const { defaultRule } = options;
  const { readAuth, readOwners, isPublic, readInterfaces } = createRuleReader(schema, options);
  const slots = new Map<string, number>();
  const claimRules: AuthRule[] = [];
  const fields = new Map<string, GuardedField>();
  const types = new Map<string, Guarded>();
  const inputs = new Map<string, Guarded>();
  const publicFields = new Set<string>();
  const withoutRule: string[] = [];
  const all = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);

  /** An owner must be authenticated: an anonymous caller is denied before an owner is compared. */
  function addAuthenticated(own: readonly AuthRule[], owners: readonly OwnerRule[]): AuthRule[] {
    return owners.length > 0
      ? [...own, createAuthenticatedRule(owners.map(({ text }) => text).join(' or '))]
      : [...own];
  }
  function compileGuard(
    coordinate: string,
    own: readonly AuthRule[],
    owners: readonly OwnerRule[],
    place: Place,
  ): Guarded {
    const rule = combineRules(own);
    const claims = selectClaims(rule);
    const key = formatRuleKey(claims);
    const slot = slots.get(key) ?? claimRules.push(claims) - 1;
    slots.set(key, slot);
    const policies = selectPolicies(rule);
    const checks = orderChecks({ policies, owners }, place);
    return { coordinate, slot, rule: rule.text, mode: rule.mode, policies, owners, checks };
  }

  function compileType(type: GraphQLObjectType): AuthRule[] {
    const owners = readOwners(type, type.name, 'object');
    const isRoot = roots.has(type);
    if (isRoot && owners.length > 0) throw new TypeError(`${type.name}: a root type has no @owner.`);
    const own = [...readAuth(type, type.name), ...readInterfaces(type, (parent) => [parent, parent.name])];
    if (own.length > 0 && isPublic(type, type.name)) throw createContradiction(type.name);
    const required = addAuthenticated(own, owners);
    if (required.length > 0 && !isRoot) types.set(type.name, compileGuard(type.name, required, owners, 'object'));
    return required;
  }

  /** Compiles the guard of an argument, input field, enum value or type, and keeps it for the access table. */
  function compileInput(
    coordinate: string,
    own: readonly AuthRule[],
    owners: readonly OwnerRule[] = [],
  ): Guarded | undefined {
    const required = addAuthenticated(own, owners);
    if (required.length === 0) return undefined;
    const guard = compileGuard(coordinate, required, owners, 'part');
    inputs.set(coordinate, guard);
    return guard;
  }

  function compileInputType(type: GraphQLNamedType): InputTypeGuards {
    const members = new Map<string, Guarded>();
    const enumValues = isEnumType(type) ? type.getValues() : [];
    for (const field of isInputObjectType(type) ? Object.values(type.getFields()) : []) {
      const coordinate = `${type.name}.${field.name}`;
      const owners = readOwners(field, coordinate, 'input');
      const guard = compileInput(coordinate, readAuth(field, coordinate), owners);
      if (guard) members.set(field.name, guard);
    }
    for (const value of enumValues) {
      const coordinate = `${type.name}.${value.name}`;
      const guard = compileInput(coordinate, readAuth(value, coordinate));
      if (guard) members.set(value.name, guard);
    }
    const self = compileInput(type.name, leafRules.get(type.name) ?? []);
    for (const { name, value } of enumValues) {
      // Among the arguments it could not be told from a value that is null.
      if (value === null && (self ?? members.has(name))) {
        throw new TypeError(`${type.name}.${name}: a guarded value needs an internal value other than null.`);
      }
    }
    const values = isEnumType(type) ? groupGuardsByValue(type, (name) => members.get(name)) : new Map();
    return { self, field: (name) => members.get(name), values };
  }

  function compileArguments(
    type: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
  ): Pick<GuardedField, 'findParts' | 'presets'> {
    const presets: Preset[] = [];
    const args = field.args.map((arg) => {
      const coordinate = `${type.name}.${field.name}(${arg.name}:)`;
      const owners = readOwners(arg, coordinate, 'argument');
      for (const { claim } of owners.filter(({ preset }) => preset)) {
        if (!['ID', 'String'].includes(getNamedType(arg.type).name)) {
          throw new TypeError(`${coordinate}: preset of @owner needs an argument of type ID or String.`);
        }
        const list = isListType(isNonNullType(arg.type) ? arg.type.ofType : arg.type);
        presets.push({ name: arg.name, claim, list });
      }
      const inherited = readInterfaces(type, (parent) => [
        parent.getFields()[field.name]?.args.find(({ name }) => name === arg.name),
        `${parent.name}.${field.name}(${arg.name}:)`,
      ]);
      return [arg, compileInput(coordinate, [...readAuth(arg, coordinate), ...inherited], owners)] as const;
    });
    return { findParts: createFinder(args), presets };
  }

  function compileField(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): void {
    const coordinate = `${type.name}.${field.name}`;
    const isRoot = roots.has(type);
    const owners = readOwners(field, coordinate, 'field').map((owner) =>
      owner.loader === undefined ? owner : { ...owner, countRows: createRowCounter(field, owner.rows, isRoot) },
    );
    validateReferences(field, owners, isRoot, coordinate);
    const inherited = readInterfaces(type, (parent) => [
      parent.getFields()[field.name],
      `${parent.name}.${field.name}`,
    ]);
    const required = addAuthenticated([...readAuth(field, coordinate), ...inherited], owners);
    const fieldIsPublic = isPublic(field, coordinate);
    if (isRoot) {
      required.push(...(typeRules.get(type) ?? []));
      if (required.length === 0) {
        if (fieldIsPublic || isPublic(type, type.name)) publicFields.add(coordinate);
        else if (defaultRule === 'deny') withoutRule.push(coordinate);
        else if (defaultRule === 'authenticated') {
          required.push(createAuthenticatedRule('defaultRule: authenticated'));
        }
      }
    }
    if (fieldIsPublic && required.length > 0) throw createContradiction(coordinate);
    const named = getNamedType(field.type);
    // Roles and scopes of the type that a field returns are checked before its resolver runs. Its policies and owners are not: they
    // are about the object.
    if (isObjectType(named)) required.push(...(typeRules.get(named) ?? []).map(selectClaims));
    required.push(...(leafRules.get(named.name) ?? []));
    const findGuard = (valueName: string): Guarded | undefined => inputs.get(`${named.name}.${valueName}`);
    const values = isEnumType(named) ? groupGuardsByValue(named, findGuard) : undefined;
    const args = compileArguments(type, field);
    if (required.length === 0 && !args.findParts && !values?.size) return;
    const guard = compileGuard(coordinate, required, owners, args);
    fields.set(coordinate, { ...guard, ...args, ...(values?.size && { values }) });
  }

  const objects = all.filter(isObjectType);
  const leaves = all.filter((type) => isEnumType(type) || isScalarType(type));
  const leafRules = new Map(leaves.map((type) => [type.name, readAuth(type, type.name)]));
  const typeRules = new Map(objects.map((type) => [type, compileType(type)]));
  const createFinder = createPartFinder(schema, compileInputType);
  for (const type of objects) for (const field of Object.values(type.getFields())) compileField(type, field);
  if (withoutRule.length > 0) {
    throw new TypeError(`defaultRule is 'deny', and these have neither @auth nor @public: ${withoutRule.join(', ')}.`);
  }
  validateNullMode(schema, { types, fields, inputs });
  return {
    claimRules,
    fields,
    types,
    inputs,
    publicFields,
    guardedSelections: findGuardedSelections(schema, fields, types),
    mayRejectQueries: [...fields.values(), ...types.values(), ...inputs.values()].some(({ mode }) => mode === 'REJECT'),
    warnings: findWarnings(schema, fields, types, inputs),
  };
}

/** The checks of a guard in their order: claims, arguments, policies, owners; what an owner hides is asked for earlier. */
function orderChecks({ policies, owners }: Pick<Guarded, 'policies' | 'owners'>, place: Place): Check[] {
  const aboutObject: Check[] = [];
  if (policies.length > 0) aboutObject.push('policies');
  if (owners.length > 0) aboutObject.push('owners');
  if (place === 'part') return ['claims', ...aboutObject];
  // A policy that denied a hidden object would tell that there is one, so its owners come first.
  const hides = getOwnerMode({ owners }) !== 'ERROR';
  if (hides) aboutObject.reverse();
  if (place !== 'object') {
    const aboutArguments: Check[] = place.findParts ? ['arguments'] : [];
    if (place.presets && place.presets.length > 0) aboutArguments.push('presets');
    return ['claims', ...aboutArguments, ...aboutObject];
  }
  // Otherwise a caller without the role could tell hidden objects from missing ones.
  return hides ? ['owners', 'claims', ...aboutObject.slice(1)] : ['claims', ...aboutObject];
}

function createContradiction(coordinate: string): TypeError {
  return new TypeError(`${coordinate} is @public and carries @auth, itself or through its type or an interface.`);
}
