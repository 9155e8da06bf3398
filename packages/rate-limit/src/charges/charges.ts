/** What one operation owes for its fields, computed before anything is counted: one charge per bucket. */
import type { Charge, ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import { type FieldNode, getArgumentValues } from 'graphql';
import { weigh } from '../rules/argument-path.ts';
import type { LimitedFields, Rule, Scope } from '../rules/directive.ts';
import { compileSpelling, type SpelledValues, writeCallerKey, writeValuesKey } from './bucket-key.ts';
import { type Call, countFields, type Written } from './count-fields.ts';
import type { Types } from './members.ts';

/** The caller who is charged, made once per request. */
export interface Caller {
  readonly security: SecurityContext;
  /** The caller's tier; `undefined` where no tiers are used. */
  readonly tier: string | undefined;
  /** Hash tag of the caller's buckets in a Redis Cluster; `undefined`: the same as for all others. */
  readonly hashTag: string | undefined;
  /** The caller's part of a key. @param by a list of `readScopes()`, by whose identity it is remembered. */
  readonly key: (by: readonly Scope[]) => string;
}

/** Makes the caller of one request. */
export function identifyCaller(security: SecurityContext, tier?: string, hashTag?: string): Caller {
  const keys = new Map<readonly Scope[], string>();
  const key = (by: readonly Scope[]): string => {
    let known = keys.get(by);
    if (known === undefined) {
      known = writeCallerKey(by, security);
      keys.set(by, known);
    }
    return known;
  };
  return { security, tier, hashTag, key };
}

/** Above every limit, and still a number that stores can compare exactly. */
const tooMany = Number.MAX_SAFE_INTEGER;

/**
 * Builds one charge. The caller's tier and hash tag apply only to buckets of that caller: one that several callers share has one limit and
 * one place.
 *
 * @param values the part of the key behind the caller's, by `writeValuesKey`.
 */
export function buildCharge(rule: Rule, caller: Caller, points = 1, values = ''): Charge {
  const { policy, windowSeconds, by } = rule;
  const key = values === '' ? caller.key(by) : caller.key(by) + values;
  const { tier, hashTag } = by.includes('PRINCIPAL') ? caller : noCaller;
  const limit = (tier !== undefined && rule.tiers?.get(tier)) || rule.max;
  const charge = { key, policy, points: Math.min(tooMany, points), limit, windowSeconds };
  return hashTag === undefined ? charge : { ...charge, hashTag };
}

const noCaller = { tier: undefined, hashTag: undefined };

/** Lists what an operation owes for fields that are counted by selection. Points for the same bucket are added up. */
export function listCharges(resolved: ResolvedOperation, limited: LimitedFields, caller: Caller): Charge[] {
  const charges: Charge[] = [];
  let read: ReturnType<typeof createReader> | undefined;
  const positions = new Map<string, number>();
  const isDenied = createDenialCheck(resolved);
  for (const { rule, times, fieldName, types, call } of countFields(resolved, limited)) {
    // A caller who may not use a field must not use up a bucket that others share.
    if (isDenied(fieldName, types)) continue;
    if (!call) {
      charges.push(buildCharge(rule, caller, times));
      continue;
    }
    read ??= createReader(resolved);
    const { values, weight } = read(rule, call);
    const bucket = `${rule.policy} ${values}`; // no space in a policy of a field
    const position = positions.get(bucket) ?? charges.length;
    positions.set(bucket, position);
    charges[position] = buildCharge(rule, caller, (charges[position]?.points ?? 0) + times * weight, values);
  }
  return charges;
}

/**
 * @returns a test whether a field is denied on all of these types. Its result is remembered per list, because lists are long and shared.
 */
function createDenialCheck({ isDenied }: ResolvedOperation): (fieldName: string, types: Iterable<Types>) => boolean {
  const known = new Map<Types, Map<string, boolean>>();
  const isDeniedOn = (fieldName: string, list: Types): boolean => {
    const ofList = known.get(list) ?? new Map<string, boolean>();
    known.set(list, ofList);
    const answer = ofList.get(fieldName) ?? list.every(({ name }) => isDenied(`${name}.${fieldName}`));
    ofList.set(fieldName, answer);
    return answer;
  };
  return (fieldName, types) => {
    for (const list of types) if (!isDeniedOn(fieldName, list)) return false;
    return true;
  };
}

/** Lists what one call of a resolver owes. @param args coerced. @throws {GraphQLError} for texts that are too long. */
export function listCallCharges(
  rules: readonly Rule[],
  args: Arguments,
  caller: Caller,
  spelled: SpelledValues,
): Charge[] {
  return rules.map((rule) => buildCharge(rule, caller, weighCall(rule, args), writeValuesKey(rule, args, spelled)));
}

type Arguments = Readonly<Record<string, unknown>> | undefined;

function weighCall({ weight }: Rule, args: Arguments): number {
  return weight && args ? weigh(weight, args) : 1;
}

/**
 * Reads the arguments of each node once per request, and in a document without variables once for all requests. It reads them for each
 * field again, because below an interface one node selects the field of several types, and each can have other defaults.
 */
function createReader({ operation, variables }: ResolvedOperation): (rule: Rule, call: Call) => Written {
  const isConstant = !operation.variableDefinitions?.length;
  const known = new Map<Call['field'], Map<FieldNode, Arguments>>();
  const spelled = compileSpelling();
  return (rule, call) => {
    const { field, node } = call;
    if (call.written) return call.written;
    const ofField = known.get(field) ?? new Map<FieldNode, Arguments>();
    known.set(field, ofField);
    const args = ofField.has(node) ? ofField.get(node) : readArguments(field, node, variables);
    ofField.set(node, args);
    const written = { values: writeValuesKey(rule, args, spelled), weight: weighCall(rule, args) };
    if (isConstant) call.written = written;
    return written;
  };
}

/**
 * @returns `undefined` where arguments do not coerce (a null for a required value). Execution will refuse them; they count all the same.
 */
function readArguments(field: Call['field'], node: FieldNode, variables: Readonly<Record<string, unknown>>): Arguments {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return undefined;
  }
}

/** @returns the coordinate that a charge is for. The policies of several rules on one field are numbered behind a `#`. */
export function readCoordinate({ policy }: Pick<Charge, 'policy'>): string {
  return policy.split('#', 1)[0] ?? policy;
}
