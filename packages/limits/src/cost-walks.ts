/** Walks through merged selection sets under their guards: what they ask of one type, and for which types they have conditions. */
import { type Fragments, responseKey, type Walking, walkSelections } from '@graphql-bulwark/core';
import type { FieldNode, SelectionNode, SelectionSetNode } from 'graphql';
import type { Compiler } from './cost-compile.ts';
import { type Guard, guardOf, impliedBy } from './cost-guards.ts';
import type { GuardedSets } from './cost-plan.ts';
import type { FieldCost, TypeCosts } from './cost-schema.ts';

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
  /** `undefined` where there is no condition. */
  types: Set<TypeCosts> | undefined;

  applies(condition: string): boolean {
    const type = this.compiler.costs.typeNamed(condition);
    if (type) (this.types ??= new Set()).add(type);
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
  readonly #on: TypeCosts;
  #byKey: Map<string, Asked> | undefined;

  constructor(compiler: Compiler, on: TypeCosts) {
    super(compiler);
    this.#on = on;
  }

  applies(condition: string): boolean {
    const type = this.compiler.costs.typeNamed(condition);
    return type === this.#on || type?.members?.has(this.#on) === true;
  }

  field(node: FieldNode, guard: Guard): void {
    const isPlain = !node.directives?.length;
    if (this.#on.hasFreeLeaves && isPlain && !node.selectionSet) return;
    const cost = this.#on.fields.get(node.name.value);
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
