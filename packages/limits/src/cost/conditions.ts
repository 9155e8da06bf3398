/**
 * Conditions of `@skip` and `@include` on the variables, as texts that can be compared: the sorted names of the variables that must
 * not be false, joined by commas, and with `!` in front the names of those that must not be true. `''` always holds.
 */
import { Kind, type SelectionNode } from 'graphql';
import type { Variables } from './terms.ts';

/** For example `'!withoutItems,withTotal'`. */
export type Condition = string;

/**
 * Reads the condition of a node.
 *
 * @param around the condition of what the node stands in.
 * @returns what must hold for the node to be executed, `around` included, or `undefined` where it never is.
 */
export function readCondition(node: SelectionNode, around: Condition): Condition | undefined {
  if (!node.directives?.length) return around;
  const wanted: string[] = [];
  for (const { name, arguments: args } of node.directives) {
    const skip = name.value === 'skip';
    if (!skip && name.value !== 'include') continue;
    const value = args?.find((arg) => arg.name.value === 'if')?.value;
    if (value?.kind === Kind.BOOLEAN && value.value === skip) return undefined;
    if (value?.kind === Kind.VARIABLE) wanted.push(skip ? `!${value.name.value}` : value.name.value);
  }
  if (wanted.length === 0) return around;
  return [...new Set([...readParts(around), ...wanted])].toSorted().join();
}

/** Whether `condition` holds wherever `other` holds. */
export function isImpliedBy(condition: Condition, other: Condition): boolean {
  if (condition === '' || condition === other) return true;
  const parts = readParts(other);
  return readParts(condition).every((part) => parts.includes(part));
}

/** @returns a test of the variables for "one of these conditions holds", or `undefined` where one always holds. */
export function anyHolds(conditions: readonly Condition[]): ((variables: Variables) => boolean) | undefined {
  if (conditions.includes('')) return undefined;
  const tests = conditions.map((condition) => {
    const parts = readParts(condition).map((part) =>
      part.startsWith('!') ? { name: part.slice(1), not: true } : { name: part, not: false },
    );
    // Execution refuses a null, which a nullable variable can bring in. The price is computed before that and counts the node.
    return (variables: Variables) => parts.every(({ name, not }) => variables[name] !== not);
  });
  return (variables) => tests.some((test) => test(variables));
}

function readParts(condition: Condition): string[] {
  return condition === '' ? [] : condition.split(',');
}
