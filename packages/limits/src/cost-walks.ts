/** Walks through merged selection sets under their guards: what they ask of one type, and for which types they have conditions. */
import { applies, type Fragments, responseKey, type Walking, walkSelections } from '@graphql-bulwark/core';
import type { FieldNode, GraphQLObjectType, SelectionNode, SelectionSetNode } from 'graphql';
import type { Compiler } from './cost-compile.ts';
import { type Guard, guardOf, impliedBy } from './cost-guards.ts';
import type { GuardedSets } from './cost-plan.ts';
import type { FieldCost, FieldCosts } from './cost-schema.ts';

/** What one answer asks of one field: fields that merge. */
export interface Asked {
  readonly node: FieldNode;
  readonly guard: Guard;
  readonly cost: FieldCost;
  /** Those after the first. */
  further: { readonly node: FieldNode; readonly guard: Guard }[] | undefined;
  /** The next response key. */
  next: Asked | undefined;
}

/** Goes through merged selection sets under their guards. */
abstract class GuardedWalk implements Walking<Guard> {
  readonly compiler: Compiler;
  #entered: Map<string, Guard[]> | undefined;

  constructor(compiler: Compiler) {
    this.compiler = compiler;
  }

  get fragments(): Fragments {
    return this.compiler.fragments;
  }

  walk(sets: GuardedSets): this {
    for (let one: GuardedSets | undefined = sets; one; one = one.also) walkSelections(one.set, one.guard, this);
    return this;
  }

  under(node: SelectionNode, around: Guard): Guard | undefined {
    return guardOf(node, around);
  }

  opens({ selections }: SelectionSetNode): void {
    this.compiler.spend(selections.length, 1);
  }

  enters(name: string, guard: Guard): boolean {
    this.#entered ??= new Map();
    const before = this.#entered.get(name);
    if (!before) {
      this.#entered.set(name, [guard]);
      return true;
    }
    // Comparing conditions is work as well.
    this.compiler.spend(before.length, 1);
    if (before.some((other) => impliedBy(other, guard))) return false;
    before.push(guard);
    return true;
  }

  abstract applies(condition: string): boolean;
  abstract field(node: FieldNode, guard: Guard): void;
}

/** Type conditions, whatever they ask for. */
export class ConditionsOf extends GuardedWalk {
  names: Set<string> | undefined;

  applies(condition: string): boolean {
    (this.names ??= new Set()).add(condition);
    return true;
  }

  field(): void {}
}

/** The fields that cost something on one type. */
export class FieldsOf extends GuardedWalk {
  /** In the order of the first of each response key. */
  first: Asked | undefined;
  count = 0;
  #last: Asked | undefined;
  readonly #type: GraphQLObjectType;
  readonly #costs: FieldCosts;
  #byKey: Map<string, Asked> | undefined;

  constructor(compiler: Compiler, type: GraphQLObjectType) {
    super(compiler);
    this.#type = type;
    this.#costs = compiler.costs.ofType(type);
  }

  applies(condition: string): boolean {
    return applies(this.compiler.costs.schema, this.#type, condition);
  }

  field(node: FieldNode, guard: Guard): void {
    const isPlain = !node.directives?.length;
    if (this.#costs.hasFreeLeaves && isPlain && !node.selectionSet) return;
    const cost = this.#costs.fields.get(node.name.value);
    // `__typename` costs nothing; `__schema` and `__type` have limits of their own.
    if (!cost || (cost.isFree && isPlain)) return;
    if (!this.compiler.merges) {
      this.#ask(node, guard, cost);
      return;
    }
    this.#byKey ??= new Map();
    const same = this.#byKey.get(responseKey(node));
    if (same) (same.further ??= []).push({ node, guard });
    else this.#byKey.set(responseKey(node), this.#ask(node, guard, cost));
  }

  #ask(node: FieldNode, guard: Guard, cost: FieldCost): Asked {
    const asked: Asked = { node, guard, cost, further: undefined, next: undefined };
    if (this.#last) this.#last.next = asked;
    else this.first = asked;
    this.#last = asked;
    this.count += 1;
    return asked;
  }
}
