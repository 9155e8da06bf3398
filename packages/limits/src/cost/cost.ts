/**
 * Stops: operations that are short but ask for too much: lists in lists, expensive fields, thousands of input objects.
 * Room: check, after the structural limits, on coerced variables.
 * Answers: `COST_LIMIT_EXCEEDED`, 400; `COST_INVALID_SLICING_ARGUMENT`, 400, for an invalid list size.
 */
import type { Control, ResolvedOperation } from '@graphql-bulwark/core';
import { catchRejection, createSlot, joinNames } from '@graphql-bulwark/core/internal';
import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { readTighterLimits } from '../per-principal.ts';
import { type CostOptions, costLimitTable, resolveCostOptions } from './options.ts';
import {
  type ActualCostCounter,
  checkCost,
  createCostMeter,
  listComparisons,
  listDearest,
  type Priced,
  type SelectVisible,
} from './price.ts';
import { listUnsized } from './unsized-lists.ts';

/** What an operation costs under its variables. */
export interface Cost {
  /** What its fields cost together. */
  readonly fieldCost: number;
  /** What the objects that it can return cost together. */
  readonly typeCost: number;
}

/** The control, and its prices for other controls, such as a budget that charges by cost. */
export interface CostControl<C> extends Control<C> {
  /** The cost of an operation before it runs. @throws the refusal of an operation that cannot be priced. */
  readonly estimateCost: (operation: ResolvedOperation<C>) => Cost;
}

/**
 * Limits what operations cost.
 *
 * @throws {TypeError} while the server is being built, for an unknown or invalid option; while it starts, for a schema with an
 * invalid `@cost` or `@listSize`.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits(), cost({ maxCost: 500 })] })] })
 */
export function cost<C = unknown>(options: CostOptions = {}): CostControl<C> {
  const settings = resolveCostOptions(options);
  const { mode, exposeCost, perPrincipal, view } = settings;
  const counter = settings.actualCost as ActualCostCounter | undefined;
  const meter = createCostMeter(settings);
  // Set only with `exposeCost`, and kept until the response is sent.
  const priced = createSlot<Priced | undefined>(() => undefined);
  let warned = false;

  function priceOperation(resolved: ResolvedOperation<C>): Priced {
    const { schema, document, operation, variables } = resolved;
    return meter.price(schema, document, operation, variables);
  }

  function chooseVisible(operation: ResolvedOperation<C>): SelectVisible | undefined {
    if (!exposeCost) return undefined;
    return function selectVisible(shares) {
      const known = view?.(operation);
      return known ? shares.filter(({ coordinate }) => hasField(known, coordinate)) : shares;
    };
  }

  return {
    name: 'cost',
    mode,

    start({ schema, warn }) {
      const costs = meter.compileSchema(schema);
      if (settings.model?.name === 'estimators') return;
      const { unknown, inferred, assumed } = listUnsized(costs);
      if (unknown.length > 0) {
        warn?.(
          `cost: nothing says how long these lists can be, and each counts as ${settings.defaultListSize} items: ` +
            `${joinNames(unknown)}. Say it with @listSize or listSizes.`,
        );
      }
      if (inferred.length > 0) {
        warn?.(
          `cost: these arguments are taken for lengths of lists because of their names: ${joinNames(inferred)}. Say with @listSize or ` +
            'listSizes what they mean, or list in inferredSlicingArguments the names that do give lengths.',
        );
      }
      if (assumed.length > 0) {
        warn?.(
          `cost: these lists are priced by their assumedSize, and nothing keeps them from being longer: ${joinNames(assumed)}. ` +
            'Name the arguments that give their length (slicingArguments), or refuse longer ones with enforceAssumedSizes ' +
            'of executionLimits() (option execution of createBulwark).',
        );
      }
    },

    check(operation) {
      const found = priceOperation(operation);
      const selectVisible = chooseVisible(operation);
      if (selectVisible) operation.state.set(priced, found);
      // What is asked for with variables is no part of the document: list sizes stay bounded where a document is exempt.
      if (operation.isExempt('cost')) requirePrice(found, selectVisible);
      else {
        for (const [one, ceilings] of listComparisons(found, settings)) checkCost(one, ceilings, selectVisible);
      }
      if (!perPrincipal) return;
      const ceilings = found.program.infers ? settings.inferredCeilings : settings.ceilings;
      const given = catchRejection(perPrincipal(operation.security));
      const tighter = readTighterLimits({
        control: 'cost',
        given,
        table: costLimitTable,
        maxima: ceilings,
        onLoosened(name) {
          if (warned) return;
          warned = true;
          const message = `cost: perPrincipal returned a ${name} above the ceiling of ${ceilings[name]}; the ceiling holds.`;
          operation.report({ type: 'config.warning', message });
        },
      });
      checkCost(found, tighter, selectVisible);
    },

    respond({ operation, data, extend }) {
      const found = exposeCost ? operation?.state.get(priced) : undefined;
      if (!operation || !found || !Number.isFinite(found.fieldCost)) return;
      const actual = counter && data ? counter.count(found, data) : Number.NaN;
      extend('cost', {
        requestedQueryCost: Math.ceil(found.fieldCost),
        actualQueryCost: Number.isNaN(actual) ? null : Math.ceil(actual),
        dearest: chooseVisible(operation)?.(listDearest(found)),
      });
    },

    estimateCost(operation) {
      const found = priceOperation(operation);
      requirePrice(found, chooseVisible(operation));
      return found;
    },
  };
}

/** @throws the refusal of an operation that cannot be priced, such as one with an invalid list size. */
function requirePrice(found: Priced, selectVisible: SelectVisible | undefined): void {
  if (!Number.isFinite(found.fieldCost + found.typeCost)) checkCost(found, {}, selectVisible);
}

/** @param coordinate `Type.field` */
function hasField(schema: GraphQLSchema, coordinate: string): boolean {
  const [typeName = '', name = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  return (isObjectType(type) || isInterfaceType(type)) && Object.hasOwn(type.getFields(), name);
}
