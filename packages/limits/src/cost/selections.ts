/**
 * Prices selections as execution runs them: fields are merged by response key, and for an interface or union the most expensive
 * member counts.
 *
 * The merge differs from that of core, and only the walk is shared: one plan serves requests with any variables, so the conditions
 * of `@skip` and `@include` must stay open, and a fragment is entered again where it is spread under another condition. The cost of
 * one field is that of the IBM cost directives (section 7), or what an estimator returns.
 */
import {
  type Fragments,
  findLoneSpread,
  followLoneSpread,
  readResponseKey,
  type SelectionWalker,
  walkSelections,
} from '@graphql-bulwark/core/internal';
import type { FieldNode, GraphQLObjectType, SelectionNode, SelectionSetNode } from 'graphql';
import type { Compiler, SizeContext } from './compile.ts';
import { anyHolds, type Condition, isImpliedBy, readCondition } from './conditions.ts';
import { compileSizes, priceDirectives, priceInputs, priceOwnInputs } from './field.ts';
import type { Plan, PlanItem } from './plan.ts';
import type { FieldCost, TypeCosts } from './schema.ts';
import { addTerms, applyWhere, atLeastZero, evaluate, type Term } from './terms.ts';

/** A selection set that is executed where its condition holds. */
interface ConditionalSet {
  readonly set: SelectionSetNode;
  readonly condition: Condition;
}

/** A field that is executed where its condition holds. */
interface ConditionalField {
  readonly node: FieldNode;
  readonly condition: Condition;
}

/** The fields of one response key, in the order of the document. They are executed as one field. */
interface RequestedField {
  readonly cost: FieldCost;
  readonly fields: [ConditionalField, ...ConditionalField[]];
}

/** Prices one field together with what is selected below it, in place of weights. */
export type PriceWhole = (
  compiler: Compiler,
  type: GraphQLObjectType,
  cost: FieldCost,
  node: FieldNode,
  below: Plan | undefined,
) => Term;

/**
 * Compiles the selection set of an operation into the plan of its price.
 *
 * @param priceWhole prices each field. Left out: a field costs what its weights and arguments say.
 * @throws the refusal of an operation that takes more than the budget to price.
 */
export function compileSelections(
  compiler: Compiler,
  root: SelectionSetNode,
  rootType: TypeCosts,
  priceWhole?: PriceWhole,
): Plan {
  return new SelectionCompiler(compiler, priceWhole).compile([{ set: root, condition: '' }], rootType, undefined, 1);
}

/** Prices the selection sets of one operation, each once for each type and list size that it meets. */
class SelectionCompiler {
  readonly #compiler: Compiler;
  readonly #priceWhole: PriceWhole | undefined;
  readonly #known = new Map<string, Plan>();
  /** Abstract type and the type conditions in a selection -> one member of each group that costs the same. */
  readonly #representatives = new Map<string, readonly TypeCosts[]>();

  constructor(compiler: Compiler, priceWhole: PriceWhole | undefined) {
    this.#compiler = compiler;
    this.#priceWhole = priceWhole;
  }

  compile(sets: readonly ConditionalSet[], type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    this.#compiler.spend(1, nesting);
    const key = `${this.#nameSets(sets)} ${type.type.name} ${around?.id ?? ''}`;
    let plan = this.#known.get(key);
    if (!plan) {
      plan = type.members
        ? this.#chooseDearest(sets, type, around, nesting)
        : this.#compiler.plans.add(this.#compileFields(sets, type, around, nesting));
      this.#known.set(key, plan);
    }
    return plan;
  }

  #nameSets(sets: readonly ConditionalSet[]): string {
    return sets.map(({ set, condition }) => `${this.#compiler.numberSet(this.#findShown(set))}?${condition}`).join(' ');
  }

  /** A set that holds nothing but the spread of a fragment, without directives, is priced as the set of that fragment. */
  #findShown(set: SelectionSetNode): SelectionSetNode {
    return findLoneSpread(set)?.directives?.length ? set : followLoneSpread(set, this.#compiler.fragments);
  }

  #chooseDearest(
    sets: readonly ConditionalSet[],
    type: TypeCosts,
    around: SizeContext | undefined,
    nesting: number,
  ): Plan {
    const members = this.#findRepresentatives(sets, type);
    const [only] = members;
    if (only && members.length === 1) return this.compile(sets, only, around, nesting);
    return this.#compiler.plans.choose(members.map((member) => this.compile(sets, member, around, nesting)));
  }

  /** Finds one member for each way in which the members of an abstract type can be charged. */
  #findRepresentatives(sets: readonly ConditionalSet[], type: TypeCosts): readonly TypeCosts[] {
    const { types } = new TypeConditions(this.#compiler).walk(sets);
    if (types.size === 0) return this.#compiler.costs.findGroups(type).first;
    const names = Array.from(types, ({ type: { name } }) => name);
    const key = [type.type.name, ...names.toSorted()].join(' ');
    let found = this.#representatives.get(key);
    if (!found) this.#representatives.set(key, (found = this.#distinguishMembers(type, types)));
    return found;
  }

  /**
   * @param conditions types of the type conditions, at least one.
   * @returns one member of each group whose members cost the same under these conditions.
   */
  #distinguishMembers(type: TypeCosts, conditions: ReadonlySet<TypeCosts>): readonly TypeCosts[] {
    const { costs, spend } = this.#compiler;
    const { groups } = costs.findGroups(type);
    const abstract: TypeCosts[] = [type];
    const chosen: TypeCosts[] = [];
    for (const condition of conditions) {
      if (condition.members) abstract.push(condition);
      else if (type.members?.has(condition)) chosen.push(condition);
    }
    if (abstract.length === 1) {
      for (const group of groups) {
        const other = group.find((member) => !conditions.has(member));
        if (other) chosen.push(other);
      }
      return chosen;
    }
    const indexes = abstract.map((one) => costs.findGroups(one).indexOf);
    // Each member is compared once for each abstract condition. Ten such comparisons take about as long as reading one selection.
    spend(Math.ceil(((type.members?.size ?? 0) * abstract.length) / 10), 1);
    const ways = new Set<string>();
    for (const member of type.members ?? []) {
      if (conditions.has(member)) continue;
      const way = indexes.map((index) => index.get(member)).join();
      if (!ways.has(way)) chosen.push(member);
      ways.add(way);
    }
    return chosen;
  }

  #compileFields(
    sets: readonly ConditionalSet[],
    type: TypeCosts,
    around: SizeContext | undefined,
    nesting: number,
  ): readonly PlanItem[] {
    const { asked } = new PricedFields(this.#compiler, type).walk(sets);
    return [...asked.values()].map((one) => this.#compileField(one, type, around, nesting));
  }

  #compileField(asked: RequestedField, type: TypeCosts, around: SizeContext | undefined, nesting: number): PlanItem {
    const compiler = this.#compiler;
    const { cost, fields } = asked;
    const [{ node, condition }] = fields;
    const priceWhole = this.#priceWhole;
    // Where all fields have the same condition, the condition of the field covers what is selected below it as well.
    const together = fields.every((field) => field.condition === condition);
    const sizes = compileSizes(compiler, cost, node, around);
    let below: Plan | undefined;
    if (cost.composite && node.selectionSet) {
      const sets: ConditionalSet[] = [];
      for (const field of fields) {
        const { selectionSet: set } = field.node;
        if (set) sets.push({ set, condition: together ? '' : field.condition });
      }
      below = this.compile(sets, cost.composite, sizes.below, nesting + 1);
    }
    return {
      key: readResponseKey(node),
      coordinate: cost.coordinate,
      own: priceWhole
        ? priceWhole(compiler, type.type as GraphQLObjectType, cost, node, below)
        : priceField(compiler, asked),
      each: 0,
      size: sizes.size,
      guess: sizes.guess,
      typeWeight: cost.typeWeight,
      holds: together && condition === '' ? undefined : anyHolds(fields.map((field) => field.condition)),
      below,
      whole: priceWhole !== undefined,
    };
  }
}

/**
 * The weight of the field, plus the cost of its arguments, plus the cost of the directives of all fields that merge.
 *
 * A negative weight of a directive makes the field cheaper only on the first field that is executed. Otherwise a client could repeat
 * a field with such a directive and pay less with each repetition.
 */
function priceField(compiler: Compiler, { cost, fields }: RequestedField): Term {
  const [{ node, condition }] = fields;
  if (fields.length === 1) {
    if (cost.priced.length === 0 && !node.directives?.length) return cost.own;
    return atLeastZero(addTerms([cost.weight, priceInputs(compiler, cost, node)]));
  }
  const own = addTerms([cost.weight, priceOwnInputs(compiler, cost, node)]);
  const added = [...groupConditions(fields)].map(([one, conditions]) => ({
    node: one,
    term: priceDirectives(compiler, one),
    holds: anyHolds(conditions),
  }));
  const asFirst = new Map(added.map(({ node: one, term }) => [one, atLeastZero(addTerms([own, term]))]));
  const plain = atLeastZero(own);
  const repeated = added.map((one) => ({ ...one, term: applyWhere(atLeastZero(one.term), one.holds) }));
  if (condition === '' || fields.every((field) => field.condition === condition)) {
    const others = repeated.filter((one) => one.node !== node);
    return addTerms([asFirst.get(node) ?? plain, ...others.map(({ term }) => term)]);
  }
  if (added.length === 0) return plain;
  const inTurn = fields.map((field) => ({ node: field.node, holds: anyHolds([field.condition]) }));
  return function evaluateMerged(run) {
    const first = inTurn.find(({ holds }) => !holds || holds(run.variables))?.node;
    let total = evaluate((first && asFirst.get(first)) ?? plain, run);
    for (const one of repeated) if (one.node !== first) total += evaluate(one.term, run);
    return total;
  };
}

/** Field with directives -> its conditions. A field of a fragment that is spread twice has two, and is executed where one holds. */
function groupConditions(fields: readonly ConditionalField[]): ReadonlyMap<FieldNode, readonly Condition[]> {
  const found = new Map<FieldNode, Condition[]>();
  for (const { node, condition } of fields) {
    if (!node.directives?.length) continue;
    const conditions = found.get(node);
    if (conditions) conditions.push(condition);
    else found.set(node, [condition]);
  }
  return found;
}

/** Walks merged selection sets, and enters each fragment once for each condition that says something new. */
abstract class ConditionalWalk implements SelectionWalker<Condition> {
  readonly fragments: Fragments;
  protected readonly compiler: Compiler;
  /** Fragment name -> the conditions under which it was entered. */
  readonly #entered = new Map<string, Condition[]>();

  constructor(compiler: Compiler) {
    this.compiler = compiler;
    this.fragments = compiler.fragments;
  }

  walk(sets: readonly ConditionalSet[]): this {
    for (const { set, condition } of sets) walkSelections(set, condition, this);
    return this;
  }

  under(node: SelectionNode, around: Condition): Condition | undefined {
    return readCondition(node, around);
  }

  opens({ selections }: SelectionSetNode): void {
    this.compiler.spend(selections.length, 1);
  }

  enters(name: string, condition: Condition): boolean {
    const before = this.#entered.get(name) ?? [];
    // Conditions are compared with each other, so a document of many conditions must pay for the comparisons.
    this.compiler.spend(before.length, 1);
    if (before.some((other) => isImpliedBy(other, condition))) return false;
    before.push(condition);
    this.#entered.set(name, before);
    return true;
  }

  abstract applies(typeName: string): boolean;
  abstract field(node: FieldNode, condition: Condition): void;
}

/** Collects the types of all type conditions. */
class TypeConditions extends ConditionalWalk {
  readonly types = new Set<TypeCosts>();

  applies(typeName: string): boolean {
    const type = this.compiler.costs.findType(typeName);
    if (type) this.types.add(type);
    return true;
  }

  field(): void {}
}

/** Collects the fields that cost something on one object type. */
class PricedFields extends ConditionalWalk {
  /** Response key -> the fields under it. */
  readonly asked = new Map<string, RequestedField>();
  readonly #on: TypeCosts;

  constructor(compiler: Compiler, on: TypeCosts) {
    super(compiler);
    this.#on = on;
  }

  applies(typeName: string): boolean {
    const type = this.compiler.costs.findType(typeName);
    return type === this.#on || type?.members?.has(this.#on) === true;
  }

  field(node: FieldNode, condition: Condition): void {
    const isPlain = !node.directives?.length;
    if (this.#on.hasFreeLeaves && isPlain && !node.selectionSet) return;
    const cost = this.#on.fields.get(node.name.value);
    // `__typename` costs nothing, and `__schema` and `__type` have limits of their own (maxIntrospectionFields).
    if (!cost || (cost.isFree && isPlain)) return;
    const key = readResponseKey(node);
    const same = this.asked.get(key);
    if (same) same.fields.push({ node, condition });
    else this.asked.set(key, { cost, fields: [{ node, condition }] });
  }
}
