/**
 * Merges the selection sets of one operation by response key, for the type conditions that hold. Only fields that are charged, or below
 * which something is charged, are kept.
 *
 * The grouping is `collectFields` of core. Core's own merge of selection sets cannot be used: it bounds documents before anything is known
 * of a request, and takes every condition as true. A charge depends on the variables of the request and on the type of the object, so here
 * merged sets are remembered together with the conditions that hold.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import {
  collectFields,
  createInclusionTest,
  indexFragments,
  type SelectionFilter,
} from '@graphql-bulwark/core/internal';
import { type FieldNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql';
import { type LookBudget, looksPer } from './look-budget.ts';

/** Selection sets that merge. */
export interface Merged {
  readonly sets: readonly SelectionSetNode[];
  /** Names of the types in type conditions of fragments. */
  readonly conditions: readonly string[];
  /** Those of the conditions that hold -> the fields. */
  readonly fields: Map<string, readonly FieldGroup[]>;
}

/** Fields of one response key, which execution merges. */
export interface FieldGroup {
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  /** Their merged selection sets, once they have been needed. */
  below?: Merged;
}

/** Merges the selection sets of one operation. */
export class FieldMerger {
  readonly #selecting: Omit<SelectionFilter, 'applies'>;
  readonly #isCharged: (fieldName: string) => boolean;
  readonly #budget: LookBudget;
  /** A selection set, or the names of the spreads that it consists of -> its number. */
  readonly #numbers = new Map<SelectionSetNode | string, number>();
  /** Numbers of sets -> the sets merged. */
  readonly #known = new Map<string, Merged>();

  /** @param isCharged whether any type is charged for a field of this name, or below it. */
  constructor(
    { document, variables }: ResolvedOperation,
    isCharged: (fieldName: string) => boolean,
    budget: LookBudget,
  ) {
    this.#selecting = {
      fragments: indexFragments(document),
      includes: askOnce(createInclusionTest(variables)),
      opens: ({ selections }) => budget.spend(selections.length),
    };
    this.#isCharged = isCharged;
    this.#budget = budget;
  }

  /** Merges selection sets; equal sets give the same object. */
  merge(sets: readonly SelectionSetNode[]): Merged {
    const name = sets.map((set) => this.#numberSet(set)).join();
    let merged = this.#known.get(name);
    if (!merged) {
      merged = this.#mergeAnew(sets);
      this.#known.set(name, merged);
    }
    return merged;
  }

  /** Merges what is selected below fields of one response key. */
  mergeBelow(group: FieldGroup): Merged {
    group.below ??= this.merge(group.nodes.flatMap(({ selectionSet }) => selectionSet ?? []));
    return group.below;
  }

  /** Finds the fields for objects of a type. @param applies whether a type condition holds for it. */
  findFields({ sets, conditions, fields }: Merged, applies: SelectionFilter['applies']): readonly FieldGroup[] {
    this.#budget.spend(looksPer.walk + conditions.length);
    const holding = new Set(conditions.filter(applies));
    const name = [...holding].join();
    let found = fields.get(name);
    if (!found) {
      found = this.#groupFields(sets, (condition) => holding.has(condition));
      fields.set(name, found);
    }
    return found;
  }

  /** Walks the sets with all conditions taken as true, which collects the conditions, and the fields for the case that all of them hold. */
  #mergeAnew(sets: readonly SelectionSetNode[]): Merged {
    const conditions = new Set<string>();
    const all = this.#groupFields(sets, (condition) => conditions.add(condition).size > 0);
    return { sets, conditions: [...conditions], fields: new Map([[[...conditions].join(), all]]) };
  }

  #groupFields(sets: readonly SelectionSetNode[], applies: SelectionFilter['applies']): readonly FieldGroup[] {
    const groups: FieldGroup[] = [];
    for (const [node, ...others] of collectFields(sets, { ...this.#selecting, applies }).values()) {
      if (node && this.#isCharged(node.name.value)) groups.push({ nodes: [node, ...others] });
    }
    return groups;
  }

  /** Sets that spread the same fragments share one number, whatever free fields (`__typename`, an id) a client adds to each. */
  #numberSet(set: SelectionSetNode): number {
    let number = this.#numbers.get(set);
    if (number === undefined) {
      const spreads = this.#readSpreads(set);
      number = (spreads === undefined ? undefined : this.#numbers.get(spreads)) ?? this.#numbers.size;
      this.#numbers.set(set, number);
      if (spreads !== undefined) this.#numbers.set(spreads, number);
    }
    return number;
  }

  /** @returns the names of the spreads in a set; `undefined` where anything else in it is charged or depends on the request. */
  #readSpreads({ selections }: SelectionSetNode): string | undefined {
    this.#budget.spend(selections.length);
    const names: string[] = [];
    for (const node of selections) {
      if (node.kind === Kind.FIELD && !this.#isCharged(node.name.value)) continue;
      if (node.kind !== Kind.FRAGMENT_SPREAD || node.directives?.length) return undefined;
      names.push(node.name.value);
    }
    return names.join();
  }
}

/** Remembers the result for each node, because reading the values of directives takes long. */
function askOnce(includes: SelectionFilter['includes']): SelectionFilter['includes'] {
  const known = new Map<SelectionNode, boolean>();
  return function includesNode(node) {
    if (!node.directives?.length) return true;
    const answer = known.get(node) ?? includes(node);
    known.set(node, answer);
    return answer;
  };
}
