/**
 * Finds, before the first root field of an operation runs, those that policies, loaders or arguments deny. Otherwise the first field
 * of a mutation would have taken effect when the second one turns out to be denied.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import { collectFields, createInclusionTest, createTypeTest, indexFragments } from '@graphql-bulwark/core/internal';
import type { GuardedField } from '../compile/compiled-rules.ts';
import type { Guards } from '../guarded-schema.ts';
import { type CertainDenial, readArguments, rejectsOperation } from './static-denials.ts';

/**
 * Evaluates the rules of all root fields. Answers of policies and loaders stay in the cache of the operation, for its execution.
 *
 * @param maximum of denials, of which there is one per coordinate.
 */
export async function findRootFieldDenials(
  operation: ResolvedOperation,
  { compiled, evaluator, caches }: Guards,
  maximum: number,
): Promise<CertainDenial[]> {
  const { schema, document, contextValue, variables, operation: definition } = operation;
  const root = schema.getRootType(definition.operation);
  if (!root) return [];
  const fields = collectFields([definition.selectionSet], {
    fragments: indexFragments(document),
    includes: createInclusionTest(variables),
    applies: createTypeTest(schema, root),
  });
  const cache = caches.beforeExecution(operation);
  const evaluated = [...fields].map(async ([key, nodes]) => {
    const [node] = nodes;
    const field = node && root.getFields()[node.name.value];
    const guarded = field && compiled.fields.get(`${root.name}.${field.name}`);
    const args = guarded && needsEvaluation(guarded) ? readArguments(operation, field, node) : undefined;
    if (!guarded || !args) return undefined;
    const request = { contextValue, operation: definition, cache, source: undefined, args };
    const denied = await evaluator.evaluate(guarded, request);
    if (!denied || denied.mode === 'NULL' || !rejectsOperation(denied.guarded, operation)) return undefined;
    const { coordinate, rule } = denied.guarded;
    const { code, reason } = denied;
    return { code, reason, facts: { coordinate, rule, reason, nodes: [node], path: [key] } };
  });
  const found = new Map<string | undefined, CertainDenial>();
  for (const denial of await Promise.all(evaluated)) {
    if (denial && !found.has(denial.facts.coordinate) && found.size < maximum) {
      found.set(denial.facts.coordinate, denial);
    }
  }
  return [...found.values()];
}

function needsEvaluation({ findParts, policies, owners }: GuardedField): boolean {
  return findParts !== undefined || policies.length > 0 || owners.length > 0;
}
