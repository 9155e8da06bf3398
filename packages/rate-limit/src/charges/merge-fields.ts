/**
 * Merges the selection sets of one operation by response key, for those type conditions that hold. Only fields that are charged,
 * or lead to such fields, are kept.
 *
 * The grouping is `collectFields` of core. What is remembered of it is not what core's own merge remembers: that one bounds
 * documents before anything is known of a request, and takes every condition as true. A charge depends on the variables of the
 * request and on the type of the object, so selection sets that merge are remembered together with the conditions that hold.
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
  /** Types that fragments in them are for. */
  readonly conditions: readonly string[];
  /** Which of the conditions hold -> the fields. */
  readonly fields: Map<string, readonly FieldGroup[]>;
}

/** Fields of one response key. */
export interface FieldGroup {
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  /** What merges below them, once it was asked for. */
  below?: Merged;
}

/** Merges the selection sets of one operation. */
export class FieldMerger {
  readonly #selecting: Omit<SelectionFilter, 'applies'>;
  readonly #isCharged: (fieldName: string) => boolean;
  readonly #budget: LookBudget;
  /** A set, or the spreads that it comes to -> its number. */
  readonly #numbers = new Map<SelectionSetNode | string, number>();
  /** The numbers of sets -> what they hold together. */
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

  merge(sets: readonly SelectionSetNode[]): Merged {
    const name = sets.map((set) => this.#numberSet(set)).join();
    let merged = this.#known.get(name);
    if (!merged) {
      merged = this.#mergeAnew(sets);
      this.#known.set(name, merged);
    }
    return merged;
  }

  mergeBelow(group: FieldGroup): Merged {
    group.below ??= this.merge(group.nodes.flatMap(({ selectionSet }) => selectionSet ?? []));
    return group.below;
  }

  /** Finds the fields for objects of which these conditions hold. */
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

  /** Walks the sets with all conditions taken as true: that says which conditions there are, and what is there if all hold. */
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

  /** Sets that come to the same spreads share one number: clients add `__typename` and an id to each. */
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

  /** @returns the spreads that a set comes to; `undefined` where anything else in it is charged or depends on the request. */
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

/** Asks once for each node: it takes long to read the values of directives. */
function askOnce(includes: SelectionFilter['includes']): SelectionFilter['includes'] {
  const known = new Map<SelectionNode, boolean>();
  return (node) => {
    if (!node.directives?.length) return true;
    const answer = known.get(node) ?? includes(node);
    known.set(node, answer);
    return answer;
  };
}
