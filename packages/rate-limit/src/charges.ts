/** What one operation owes: one charge per bucket, before anything is counted. */
import {
  type Charge,
  collectFields,
  fragmentsOf,
  included,
  type ResolvedOperation,
  typeApplies,
} from '@graphql-bulwark/core';
import { type FieldNode, type GraphQLField, getArgumentValues } from 'graphql';
import type { LimitedFields } from './directive.ts';
import { keyOf, type Spelled } from './keys.ts';
import { wholePoints } from './points.ts';

/**
 * Counts distinct response keys of the root selection set, after fragments, aliases, `@skip` and `@include`: as many times as
 * the field will be called. Points on one key of one policy are summed.
 */
export function chargesOf(resolved: ResolvedOperation, limited: LimitedFields): Charge[] {
  const { schema, document, operation, security } = resolved;
  const root = schema.getRootType(operation.operation);
  const fields = root && limited.get(root.name);
  if (!fields || ![...resolved.facts.rootFieldNames].some((name) => fields.has(name))) return [];

  const { variables } = resolved;
  const selecting = {
    fragments: fragmentsOf(document),
    includes: included(variables),
    applies: typeApplies(schema, root),
  };
  const charges = new Map<string, Charge>();
  const spelled: Spelled = new Map();
  for (const [node] of collectFields([operation.selectionSet], selecting).values()) {
    const called = node && fields.get(node.name.value);
    if (!called) continue;
    const values = argumentValues(called.field, node, variables);
    for (const rule of called.rules) {
      const { policy, max: limit, windowSeconds } = rule;
      const key = keyOf(rule, security, values, spelled);
      const bucket = `${policy} ${key}`; // no space in a policy
      const points = wholePoints((charges.get(bucket)?.points ?? 0) + 1);
      charges.set(bucket, { key, policy, points, limit, windowSeconds });
    }
  }
  return [...charges.values()];
}

/** `undefined` where they do not coerce (a null in place of a required value): execution will say so; it is counted all the same. */
function argumentValues(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return undefined;
  }
}
