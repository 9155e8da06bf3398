/** What one operation owes for its fields: one charge per bucket, before anything is counted. */
import type { Charge, ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import { type FieldNode, getArgumentValues } from 'graphql';
import { weigh } from '../rules/argument-path.ts';
import type { LimitedFields, Rule, Scope } from '../rules/directive.ts';
import { compileSpelling, type SpelledValues, writeCallerKey, writeValuesKey } from './bucket-key.ts';
import { type Call, countFields, type Written } from './count-fields.ts';
import type { Types } from './members.ts';

/** Who is charged: what charges depend on beside their rules, once per request. */
export interface Caller {
  readonly security: SecurityContext;
  /** The caller's tier; `undefined` where nothing depends on one. */
  readonly tier: string | undefined;
  /** Where buckets of this caller are kept; `undefined`: with all others. */
  readonly hashTag: string | undefined;
  /** The caller's key by a list of `scopesOf()`. */
  readonly key: (by: readonly Scope[]) => string;
}

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

/** More than every limit, and still a number that stores can compare. */
const tooMany = Number.MAX_SAFE_INTEGER;

/**
 * One charge. Only buckets of a caller follow the caller's tier and hash tag: what all share is kept in one place.
 *
 * @param values what stands behind the caller in the key.
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

/** Charges for fields counted by selection. Points on one key of one policy are summed. */
export function listCharges(resolved: ResolvedOperation, limited: LimitedFields, caller: Caller): Charge[] {
  const charges: Charge[] = [];
  let read: ReturnType<typeof createReader> | undefined;
  const positions = new Map<string, number>();
  const isDenied = createDenialCheck(resolved);
  for (const { rule, times, fieldName, types, call } of countFields(resolved, limited)) {
    // A caller who may not use a field must not use up what others have left of it.
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

/** Whether a field is denied on all of these types. Lists of many types are shared, and looked through once. */
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

/** Charges for one call of a resolver, by its coerced arguments. */
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
 * Reads the arguments of each node once, and each large value once; without variables, once for all requests. For each field
 * anew: below an interface one node is the field of several types, each with defaults of its own.
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

/** `undefined` where they do not coerce (a null in place of a required value): execution will say so; it is counted all the same. */
function readArguments(field: Call['field'], node: FieldNode, variables: Readonly<Record<string, unknown>>): Arguments {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return undefined;
  }
}

/** The coordinate that a charge is for; of several rules on one field the policies are numbered behind a `#`. */
export function readCoordinate({ policy }: Pick<Charge, 'policy'>): string {
  return policy.split('#', 1)[0] ?? policy;
}
