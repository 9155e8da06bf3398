/**
 * From an operation to its cost: a function of the coerced variables, made once and kept as long as the document lives.
 *
 * Merged selection sets are priced once for each type that they meet, so that neither fragments that double at every level nor
 * an interface of hundreds of types multiply the work; what remains is bounded by a budget.
 */
import { type Fragments, fragmentsOf, refuse } from '@graphql-bulwark/core';
import type { DocumentNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { compileApollo } from './cost-apollo.ts';
import type { Spend } from './cost-arguments.ts';
import type { SizedFields } from './cost-list-size.ts';
import { compileMerged } from './cost-merged.ts';
import type { Plan, PlanItem } from './cost-plan.ts';
import type { CostSchema } from './cost-schema.ts';
import { evaluate, largest, Memory, product, type Run, sum, type Term, type Variables, when } from './cost-terms.ts';

/** A list size that a field hands to lists below it. */
export interface SizeContext {
  readonly fields: SizedFields;
  readonly size: Term;
  /** Equal for contexts that say the same. */
  readonly id: number;
}

/** What both models share while they compile one operation. */
export interface Compiler {
  readonly costs: CostSchema;
  readonly fragments: Fragments;
  readonly memory: Memory;
  readonly spend: Spend;
  /** Remembers that a size is wrong whatever the variables are. */
  readonly wrong: (coordinate: string) => number;
  readonly finish: (items: readonly PlanItem[], also?: readonly Plan[]) => Plan;
  readonly choose: (alternatives: readonly Plan[]) => Plan;
  readonly contextOf: (fields: SizedFields, size: Term) => SizeContext;
  /** A number for each selection set, by identity. */
  readonly idOf: (set: SelectionSetNode) => number;
}

/** Nesting that no schema needs; recursion stops here. */
const maxNesting = 500;

export interface CostProgram {
  readonly root: Plan;
  /** What the operation costs beside its fields. */
  readonly base: number;
  /** Every plan, each after those that it uses. */
  readonly plans: readonly Plan[];
  /** Selections and values that were looked at. */
  readonly nodes: number;
  readonly run: (variables: Variables) => CostRun;
}

export interface CostRun {
  readonly fieldCost: number;
  readonly typeCost: number;
  /** What the plans' terms are evaluated with. */
  readonly run: Run;
}

/** @throws the refusal of an operation that takes more than the budget to price. */
export function compileCost(
  costs: CostSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CostProgram {
  const { settings, schema } = costs;
  const memory = new Memory();
  const plans: Plan[] = [];
  const ids = new Map<SelectionSetNode, number>();
  const contexts = new Map<SizedFields, Map<Term, SizeContext>>();
  let contextCount = 0;
  let nodes = 0;
  let invalid: string | undefined;

  const compiler: Compiler = {
    costs,
    memory,
    fragments: fragmentsOf(document),
    spend(more, nesting) {
      nodes += more;
      if (nodes <= settings.maxCostNodes && nesting <= maxNesting) return;
      const actual = nesting <= maxNesting ? nodes : Infinity;
      throw refuse('COST_LIMIT_EXCEEDED', { limit: 'maxCostNodes', actual, maximum: settings.maxCostNodes });
    },
    wrong(coordinate) {
      invalid ??= coordinate;
      return Number.NaN;
    },
    finish(items, also = []) {
      const field = [...items.map((item) => when(item.holds, fieldCostOf(item))), ...also.map((plan) => plan.field)];
      const type = [...items.map((item) => when(item.holds, typeCostOf(item))), ...also.map((plan) => plan.type)];
      return keep({ items, alternatives: also, chooses: false, field: sum(field), type: sum(type) });
    },
    choose(alternatives) {
      const [only] = alternatives;
      if (only && alternatives.length === 1) return only;
      return keep({
        items: [],
        alternatives,
        chooses: true,
        field: largest(
          0,
          alternatives.map(({ field }) => field),
        ),
        type: largest(
          0,
          alternatives.map(({ type }) => type),
        ),
      });
    },
    contextOf(fields, size) {
      const known = contexts.get(fields) ?? new Map<Term, SizeContext>();
      contexts.set(fields, known);
      const context = known.get(size) ?? { fields, size, id: (contextCount += 1) };
      known.set(size, context);
      return context;
    },
    idOf(set) {
      const id = ids.get(set) ?? ids.size;
      ids.set(set, id);
      return id;
    },
  };

  function keep(plan: Plan): Plan {
    const kept = { ...plan, field: memory.keep(plan.field), type: memory.keep(plan.type) };
    plans.push(kept);
    return kept;
  }

  const rootType = schema.getRootType(operation.operation);
  if (!rootType) throw refuse('BAD_REQUEST', { reason: 'no root type for the operation' });
  const compile = settings.model === 'apollo' ? compileApollo : compileMerged;
  const root = compile(compiler, operation.selectionSet, rootType);
  const base = settings.base[operation.operation];
  const rootWeight = costs.typeWeight(rootType);
  return {
    root,
    base,
    plans,
    nodes,
    run(variables) {
      const run = memory.run(variables, invalid);
      return {
        fieldCost: base + evaluate(root.field, run),
        typeCost: rootWeight + evaluate(root.type, run),
        run,
      };
    },
  };
}

function fieldCostOf({ own, size, each, below, whole }: PlanItem): Term {
  if (!below && typeof own === 'number' && typeof size === 'number') return Math.max(0, own + size * each);
  return atLeastZero(whole ? own : sum([own, product(size, sum([each, below?.field ?? 0]))]));
}

function typeCostOf({ size, typeWeight, below }: PlanItem): Term {
  if (!below && typeof size === 'number') return Math.max(0, size * typeWeight);
  return atLeastZero(product(size, sum([typeWeight, below?.type ?? 0])));
}

/** No field pays for another one. */
function atLeastZero(cost: Term): Term {
  return typeof cost === 'number' ? Math.max(0, cost) : largest(0, [cost]);
}
