/**
 * What policies, loaders and arguments say about the root fields of an operation, asked before the first of them runs: a
 * mutation must not be half done when its second field turns out to be somebody else's.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import { collectFields, createInclusionTest, createTypeTest, indexFragments } from '@graphql-bulwark/core/internal';
import type { GuardedField } from '../compile/compiled-rules.ts';
import type { Guards } from '../guarded-schema.ts';
import { argumentsOf, type Foreseen, rejects } from './static-denials.ts';

/** One per coordinate, at most `maximum`. What is found out is handed over to the execution. */
export async function denialsBeforeRunning(
  operation: ResolvedOperation,
  { index, judge, memos }: Guards,
  maximum: number,
): Promise<Foreseen[]> {
  const { schema, document, contextValue, variables, operation: definition } = operation;
  const root = schema.getRootType(definition.operation);
  if (!root) return [];
  const fields = collectFields([definition.selectionSet], {
    fragments: indexFragments(document),
    includes: createInclusionTest(variables),
    applies: createTypeTest(schema, root),
  });
  const memo = memos.before(operation);
  const judged = [...fields].map(async ([key, nodes]) => {
    const [node] = nodes;
    const field = node && root.getFields()[node.name.value];
    const guarded = field && index.fields.get(`${root.name}.${field.name}`);
    const args = guarded && asksMore(guarded) ? argumentsOf(operation, field, node) : undefined;
    if (!guarded || !args) return undefined;
    const question = { contextValue, operation: definition, memo, source: undefined, args };
    const denied = await judge.evaluate(guarded, question);
    if (!denied || denied.mode === 'NULL' || !rejects(denied.guarded, operation)) return undefined;
    const { coordinate, rule } = denied.guarded;
    const { code, reason } = denied;
    return { code, reason, facts: { coordinate, rule, reason, nodes: [node], path: [key] } };
  });
  const found = new Map<string | undefined, Foreseen>();
  for (const denial of await Promise.all(judged)) {
    if (denial && !found.has(denial.facts.coordinate) && found.size < maximum) {
      found.set(denial.facts.coordinate, denial);
    }
  }
  return [...found.values()];
}

function asksMore({ find, policies, owners }: GuardedField): boolean {
  return find !== undefined || policies.length > 0 || owners.length > 0;
}
