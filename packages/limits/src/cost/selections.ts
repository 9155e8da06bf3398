/**
 * Selections priced as execution runs them: fields merged by response key, and of an abstract type the dearest member.
 *
 * The merge is one of its own, on the walk of core: a plan serves requests with any variables, so that conditions of `@skip` and
 * `@include` stay open, and a fragment is entered again where it is spread under another condition. The cost of one field is
 * that of the IBM cost directives (section 7), or what an estimator says.
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

/** A selection set that takes part under its guard. */
interface GuardedSet {
  readonly set: SelectionSetNode;
  readonly guard: Condition;
}

/** A field that is asked for under its guard. */
interface GuardedField {
  readonly node: FieldNode;
  readonly guard: Condition;
}

/** What one answer asks of one field: the fields of one response key, in the order of the document. */
interface Asked {
  readonly cost: FieldCost;
  readonly fields: [GuardedField, ...GuardedField[]];
}

/** Prices one field, what is below it included, in place of its weights. */
export type PriceWhole = (
  compiler: Compiler,
  type: GraphQLObjectType,
  cost: FieldCost,
  node: FieldNode,
  below: Plan | undefined,
) => Term;

/** @param priceWhole left out: a field costs what its weights and arguments say. */
export function compileSelections(
  compiler: Compiler,
  root: SelectionSetNode,
  rootType: TypeCosts,
  priceWhole?: PriceWhole,
): Plan {
  return new SelectionCompiler(compiler, priceWhole).compile([{ set: root, guard: '' }], rootType, undefined, 1);
}

/** Prices the selection sets of one operation, each once for each type and list size that it meets. */
class SelectionCompiler {
  readonly #compiler: Compiler;
  readonly #priceWhole: PriceWhole | undefined;
  readonly #known = new Map<string, Plan>();
  /** An abstract type and the type conditions below it -> its representatives. */
  readonly #representatives = new Map<string, readonly TypeCosts[]>();

  constructor(compiler: Compiler, priceWhole: PriceWhole | undefined) {
    this.#compiler = compiler;
    this.#priceWhole = priceWhole;
  }

  compile(sets: readonly GuardedSet[], type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
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

  #nameSets(sets: readonly GuardedSet[]): string {
    return sets.map(({ set, guard }) => `${this.#compiler.idOf(this.#findShown(set))}?${guard}`).join(' ');
  }

  /** The set that shows the same wherever it stands: that of a fragment, where a set is nothing but its plain spread. */
  #findShown(set: SelectionSetNode): SelectionSetNode {
    return findLoneSpread(set)?.directives?.length ? set : followLoneSpread(set, this.#compiler.fragments);
  }

  #chooseDearest(sets: readonly GuardedSet[], type: TypeCosts, around: SizeContext | undefined, nesting: number): Plan {
    const members = this.#findRepresentatives(sets, type);
    const [only] = members;
    if (only && members.length === 1) return this.compile(sets, only, around, nesting);
    return this.#compiler.plans.choose(members.map((member) => this.compile(sets, member, around, nesting)));
  }

  /** One member for each way in which the members of an abstract type can be charged. */
  #findRepresentatives(sets: readonly GuardedSet[], type: TypeCosts): readonly TypeCosts[] {
    const { types: conditions } = new TypeConditions(this.#compiler).walk(sets);
    if (conditions.size === 0) return this.#compiler.costs.groupsOf(type).first;
    const names = Array.from(conditions, (condition) => condition.type.name);
    const key = [type.type.name, ...names.toSorted()].join(' ');
    let found = this.#representatives.get(key);
    if (!found) this.#representatives.set(key, (found = this.#tellApart(type, conditions)));
    return found;
  }

  /** @param conditions at least one. */
  #tellApart(type: TypeCosts, conditions: ReadonlySet<TypeCosts>): readonly TypeCosts[] {
    const { costs, spend } = this.#compiler;
    const { groups } = costs.groupsOf(type);
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
    const indexes = abstract.map((one) => costs.groupsOf(one).indexOf);
    // Members that are told apart are looked at once for each abstract condition: some ten such looks take as long as a selection.
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
    sets: readonly GuardedSet[],
    type: TypeCosts,
    around: SizeContext | undefined,
    nesting: number,
  ): readonly PlanItem[] {
    const { asked } = new PricedFields(this.#compiler, type).walk(sets);
    return [...asked.values()].map((one) => this.#compileField(one, type, around, nesting));
  }

  #compileField(asked: Asked, type: TypeCosts, around: SizeContext | undefined, nesting: number): PlanItem {
    const compiler = this.#compiler;
    const { cost, fields } = asked;
    const [{ node, guard }] = fields;
    const priceWhole = this.#priceWhole;
    // Under one guard the whole field stands or falls, and so does what is below.
    const together = fields.every((field) => field.guard === guard);
    const sizes = compileSizes(compiler, cost, node, around);
    let below: Plan | undefined;
    if (cost.composite && node.selectionSet) {
      const sets: GuardedSet[] = [];
      for (const field of fields) {
        const { selectionSet: set } = field.node;
        if (set) sets.push({ set, guard: together ? '' : field.guard });
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
      holds: together && guard === '' ? undefined : anyHolds(fields.map((field) => field.guard)),
      below,
      whole: priceWhole !== undefined,
    };
  }
}

/**
 * The weight of the field, and what its arguments add, and the directives of all that merges.
 *
 * Only the directives of the first field that takes part can make it cheaper: to repeat a field with others must not.
 */
function priceField(compiler: Compiler, { cost, fields }: Asked): Term {
  const [{ node, guard }] = fields;
  if (fields.length === 1) {
    if (cost.priced.length === 0 && !node.directives?.length) return cost.own;
    return atLeastZero(addTerms([cost.weight, priceInputs(compiler, cost, node)]));
  }
  const own = addTerms([cost.weight, priceOwnInputs(compiler, cost, node)]);
  const added = [...groupConditions(fields)].map(([one, guards]) => ({
    node: one,
    term: priceDirectives(compiler, one),
    holds: anyHolds(guards),
  }));
  const asFirst = new Map(added.map(({ node: one, term }) => [one, atLeastZero(addTerms([own, term]))]));
  const plain = atLeastZero(own);
  const repeated = added.map((one) => ({ ...one, term: applyWhere(atLeastZero(one.term), one.holds) }));
  if (guard === '' || fields.every((field) => field.guard === guard)) {
    const others = repeated.filter((one) => one.node !== node);
    return addTerms([asFirst.get(node) ?? plain, ...others.map(({ term }) => term)]);
  }
  if (added.length === 0) return plain;
  const inTurn = fields.map((field) => ({ node: field.node, holds: anyHolds([field.guard]) }));
  return function evaluateMerged(run) {
    const first = inTurn.find(({ holds }) => !holds || holds(run.variables))?.node;
    let total = evaluate((first && asFirst.get(first)) ?? plain, run);
    for (const one of repeated) if (one.node !== first) total += evaluate(one.term, run);
    return total;
  };
}

/** Field with directives -> its guards: that of a fragment that is spread twice takes part where one of them holds. */
function groupConditions(fields: readonly GuardedField[]): ReadonlyMap<FieldNode, readonly Condition[]> {
  const found = new Map<FieldNode, Condition[]>();
  for (const { node, guard } of fields) {
    if (!node.directives?.length) continue;
    const guards = found.get(node);
    if (guards) guards.push(guard);
    else found.set(node, [guard]);
  }
  return found;
}

/** Goes through merged selection sets under their guards. */
abstract class GuardedWalk implements SelectionWalker<Condition> {
  readonly fragments: Fragments;
  protected readonly compiler: Compiler;
  /** Fragment name -> the guards under which it was entered. */
  readonly #entered = new Map<string, Condition[]>();

  constructor(compiler: Compiler) {
    this.compiler = compiler;
    this.fragments = compiler.fragments;
  }

  walk(sets: readonly GuardedSet[]): this {
    for (const { set, guard } of sets) walkSelections(set, guard, this);
    return this;
  }

  under(node: SelectionNode, around: Condition): Condition | undefined {
    return readCondition(node, around);
  }

  opens({ selections }: SelectionSetNode): void {
    this.compiler.spend(selections.length, 1);
  }

  enters(name: string, guard: Condition): boolean {
    const before = this.#entered.get(name) ?? [];
    // Comparing conditions is work as well.
    this.compiler.spend(before.length, 1);
    if (before.some((other) => isImpliedBy(other, guard))) return false;
    before.push(guard);
    this.#entered.set(name, before);
    return true;
  }

  abstract applies(condition: string): boolean;
  abstract field(node: FieldNode, guard: Condition): void;
}

/** The types of all type conditions, whatever they ask for. */
class TypeConditions extends GuardedWalk {
  readonly types = new Set<TypeCosts>();

  applies(condition: string): boolean {
    const type = this.compiler.costs.typeNamed(condition);
    if (type) this.types.add(type);
    return true;
  }

  field(): void {}
}

/** The fields that cost something on one type. */
class PricedFields extends GuardedWalk {
  /** Response key -> the fields under it. */
  readonly asked = new Map<string, Asked>();
  readonly #on: TypeCosts;

  constructor(compiler: Compiler, on: TypeCosts) {
    super(compiler);
    this.#on = on;
  }

  applies(condition: string): boolean {
    const type = this.compiler.costs.typeNamed(condition);
    return type === this.#on || type?.members?.has(this.#on) === true;
  }

  field(node: FieldNode, guard: Condition): void {
    const isPlain = !node.directives?.length;
    if (this.#on.hasFreeLeaves && isPlain && !node.selectionSet) return;
    const cost = this.#on.fields.get(node.name.value);
    // `__typename` costs nothing; `__schema` and `__type` have limits of their own.
    if (!cost || (cost.isFree && isPlain)) return;
    const key = readResponseKey(node);
    const same = this.asked.get(key);
    if (same) same.fields.push({ node, guard });
    else this.asked.set(key, { cost, fields: [{ node, guard }] });
  }
}
