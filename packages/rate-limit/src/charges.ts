/** What one operation owes for its fields: one charge per bucket, before anything is counted. */
import type { Charge, ResolvedOperation, SecurityContext } from '@graphql-bulwark/core';
import { type FieldNode, type GraphQLField, getArgumentValues } from 'graphql';
import { weightOf } from './argument-path.ts';
import type { LimitedFields, Rule } from './directive.ts';
import { keyOf, type Spelled } from './keys.ts';
import { occurrencesIn } from './occurrences.ts';

/** What a charge depends on beside its rule, once per request. */
export interface Charged {
  readonly security: SecurityContext;
  /** The caller's tier; `undefined` where nothing depends on one. */
  readonly tier: string | undefined;
  /** Where buckets of this caller are kept; `undefined`: with all others. */
  readonly hashTag: string | undefined;
}

type Values = Readonly<Record<string, unknown>> | undefined;

/** More than every limit, and still a number that stores can compare. */
const tooMany = Number.MAX_SAFE_INTEGER;

/** One charge. Only buckets of a caller follow the caller's tier and hash tag: what all share is kept in one place. */
export function chargeFor(rule: Rule, key: string, points: number, { tier, hashTag }: Charged): Charge {
  const isCallers = rule.by.includes('PRINCIPAL');
  const limit = (tier !== undefined && isCallers && rule.tiers?.get(tier)) || rule.max;
  const { policy, windowSeconds } = rule;
  const charge = { key, policy, points, limit, windowSeconds };
  return isCallers && hashTag !== undefined ? { ...charge, hashTag } : charge;
}

/** Charges for fields counted by selection. Points on one key of one policy are summed. */
export function chargesOf(resolved: ResolvedOperation, limited: LimitedFields, charged: Charged): Charge[] {
  const occurrences = occurrencesIn(resolved, limited);
  const spelled: Spelled = new Map();
  const values = new Map<FieldNode, Values>();
  const charges = new Map<string, Charge>();
  // Of rules without arguments the key says who is counted, and no more.
  const who = new Map<readonly unknown[], string>();
  for (const { rule, field, node, times } of occurrences) {
    // Who may not use a field must not use up what others have left of it.
    if (resolved.isDenied(coordinateOf(rule))) continue;
    let called: Values;
    if (rule.args.length > 0 || rule.weight) {
      called = values.has(node) ? values.get(node) : argumentValues(field, node, resolved.variables);
      values.set(node, called);
    }
    let key = rule.args.length > 0 ? undefined : who.get(rule.by);
    if (key === undefined) {
      key = keyOf(rule, charged.security, called, spelled);
      if (rule.args.length === 0) who.set(rule.by, key);
    }
    const bucket = `${rule.policy} ${key}`; // no space in a policy of a field
    const points = times * (rule.weight && called ? weightOf(rule.weight, called) : 1);
    const sum = Math.min(tooMany, (charges.get(bucket)?.points ?? 0) + points);
    charges.set(bucket, chargeFor(rule, key, sum, charged));
  }
  return [...charges.values()];
}

/** Charges for one call of a resolver, by its coerced arguments. */
export function chargesOfCall(rules: readonly Rule[], args: Values, charged: Charged): Charge[] {
  return rules.map((rule) => {
    const points = Math.min(tooMany, rule.weight && args ? weightOf(rule.weight, args) : 1);
    return chargeFor(rule, keyOf(rule, charged.security, args), points, charged);
  });
}

/** `undefined` where they do not coerce (a null in place of a required value): execution will say so; it is counted all the same. */
function argumentValues(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): Values {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return undefined;
  }
}

/** The coordinate that a charge is for; of several rules on one field the policies are numbered behind a `#`. */
export function coordinateOf({ policy }: Pick<Charge, 'policy'>): string {
  return policy.split('#', 1)[0] ?? policy;
}
