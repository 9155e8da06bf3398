/**
 * What an operation asks for, as one short text: without its name, aliases, values, directives, the order of its fields and
 * the names of its fragments, none of which makes it another operation.
 */
import { createHash } from 'node:crypto';
import { fragmentsOf, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { Kind, type SelectionNode, type SelectionSetNode } from 'graphql';

/** Deeper ones are refused: reading them is recursive. */
const maxDepth = 400;

const identities = new WeakMap<object, string>();

/** @throws {GraphQLError} for an operation that nests too deeply to be read. */
export function identityOf({ document, operation, facts }: ResolvedOperation): string {
  let identity = identities.get(operation);
  if (identity === undefined) {
    if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
    if (!(facts.depth + facts.fragmentDepth + facts.introspectionDepth <= maxDepth))
      throw refuse('DEPTH_LIMIT_EXCEEDED');
    const fragments = fragmentsOf(document);
    const known = new Map<string, string>();
    const on = (type: string, set: SelectionSetNode): string => `...${type}${read(set)}`;
    const read = (set: SelectionSetNode): string =>
      digest([...new Set(set.selections.flatMap(selection))].toSorted().join());
    const selection = (node: SelectionNode): string[] => {
      if (node.kind === Kind.FIELD) {
        const args = (node.arguments ?? []).map(({ name }) => name.value).toSorted();
        return [`${node.name.value}(${args.join()})${node.selectionSet ? read(node.selectionSet) : ''}`];
      }
      if (node.kind === Kind.INLINE_FRAGMENT) {
        if (!node.typeCondition) return node.selectionSet.selections.flatMap(selection);
        return [on(node.typeCondition.name.value, node.selectionSet)];
      }
      const name = node.name.value;
      const fragment = fragments.get(name);
      if (fragment && !known.has(name)) known.set(name, on(fragment.typeCondition.name.value, fragment.selectionSet));
      return [known.get(name) ?? ''];
    };
    identity = digest(`${operation.operation}${read(operation.selectionSet)}`);
    identities.set(operation, identity);
  }
  return identity;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
