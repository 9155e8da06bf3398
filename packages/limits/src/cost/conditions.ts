/**
 * What `@skip` and `@include` ask of the variables, as a value that can be compared: the sorted names of variables that must
 * not be false, and with `!` of those that must not be true. `''` always holds.
 */
import { Kind, type SelectionNode } from 'graphql';
import type { Variables } from './terms.ts';

export type Condition = string;

/** @returns what must hold for the node inside `around`, or `undefined` where it never takes part. */
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

/** Whether `guard` holds wherever `other` holds. */
export function isImpliedBy(guard: Condition, other: Condition): boolean {
  if (guard === '' || guard === other) return true;
  const parts = readParts(other);
  return readParts(guard).every((part) => parts.includes(part));
}

/** @returns a test of the variables for "one of these guards holds", or `undefined` where that is always so. */
export function anyHolds(guards: readonly Condition[]): ((variables: Variables) => boolean) | undefined {
  if (guards.includes('')) return undefined;
  const tests = guards.map((guard) => {
    const parts = readParts(guard).map((part) =>
      part.startsWith('!') ? { name: part.slice(1), not: true } : { name: part, not: false },
    );
    // A null, through a nullable variable, is refused by execution; until then it counts.
    return (variables: Variables) => parts.every(({ name, not }) => variables[name] !== not);
  });
  return (variables) => tests.some((test) => test(variables));
}

function readParts(guard: Condition): string[] {
  return guard === '' ? [] : guard.split(',');
}
