/**
 * How many times an operation asks for limited fields: distinct response keys at every response path, after fragments,
 * aliases, `@skip` and `@include`. A list is one path, whatever it holds.
 *
 * Where the type of an object is known only when it is there, the costliest of the possible types counts. Equal selections on
 * one type are counted once and added wherever they stand, so that fragments which fan out cost no more than their text; and
 * of the members of an interface or union that are charged alike, one is counted for all.
 */
import { type RefusalFacts, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { Kind, type VariableDefinitionNode } from 'graphql';
import { counter, type Slot, TooLarge } from './counter.ts';
import type { LimitedFields } from './directive.ts';
import { Members } from './members.ts';

/** What is owed to one rule, and how often. */
export interface Occurrence extends Slot {
  readonly times: number;
}

/** How deep an operation may nest: deeper ones are refused. */
const maxDepth = 400;

/** What is remembered of one operation, by the values that `@skip` and `@include` may depend on. */
interface Remembered {
  readonly conditions: readonly string[];
  readonly byValues: Map<string, Counted>;
}

/** What was counted, or why it was refused. */
type Counted = { readonly found: readonly Occurrence[] } | { readonly refused: RefusalFacts };

/** What is known of one schema, and of the operations on it. */
interface Memory {
  readonly members: Members;
  readonly operations: WeakMap<object, Remembered>;
}

const memories = new WeakMap<LimitedFields, Memory>();
const maxRemembered = 16;

/** @throws {GraphQLError} for an operation too large to be counted. */
export function occurrencesIn(resolved: ResolvedOperation, limited: LimitedFields): readonly Occurrence[] {
  if (limited.leading.size === 0) return [];
  const memory = memoryOf(resolved, limited);
  const { conditions, byValues } = operationIn(memory, resolved);
  const values = conditions.map((name) => resolved.variables[name]).join();
  let counted = byValues.get(values);
  if (!counted) {
    counted = countAll(resolved, limited, memory.members);
    if (byValues.size < maxRemembered) byValues.set(values, counted);
  }
  if ('refused' in counted) throw refuse('OCCURRENCE_LIMIT_EXCEEDED', counted.refused);
  return counted.found;
}

function memoryOf({ schema }: ResolvedOperation, limited: LimitedFields): Memory {
  let memory = memories.get(limited);
  if (!memory) {
    memory = { members: new Members(schema, limited), operations: new WeakMap() };
    memories.set(limited, memory);
  }
  return memory;
}

function operationIn({ operations }: Memory, { operation, facts }: ResolvedOperation): Remembered {
  let known = operations.get(operation);
  if (!known) {
    const conditions = facts.directives === 0 ? [] : (operation.variableDefinitions ?? []).filter(isCondition);
    known = { conditions: conditions.map(({ variable }) => variable.name.value), byValues: new Map() };
    operations.set(operation, known);
  }
  return known;
}

/** Nothing else than a Boolean may stand in `if`. */
function isCondition({ type }: VariableDefinitionNode): boolean {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return named.kind === Kind.NAMED_TYPE && named.name.value === 'Boolean';
}

/** @throws {GraphQLError} `FRAGMENT_CYCLE` */
function countAll(resolved: ResolvedOperation, limited: LimitedFields, members: Members): Counted {
  const { operation, facts } = resolved;
  const root = resolved.schema.getRootType(operation.operation);
  if (!root || !limited.leading.has(root.name)) return { found: [] };
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  if (!(facts.depth <= maxDepth)) return { refused: new TooLarge(facts.depth, maxDepth).facts };
  try {
    const counts = counter(resolved, limited, members)(operation.selectionSet, root);
    return { found: [...counts].map(([slot, times]) => ({ ...slot, times })) };
  } catch (thrown) {
    if (thrown instanceof TooLarge) return { refused: thrown.facts };
    throw thrown;
  }
}
