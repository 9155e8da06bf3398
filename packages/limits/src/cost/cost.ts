/**
 * Stops: operations that ask for too much, however small they look: lists in lists, dear fields, thousands of input objects.
 * Room: check, after the structural limits, on coerced variables.
 * Answers: `COST_LIMIT_EXCEEDED`, 400; `COST_INVALID_SLICING_ARGUMENT`, 400, for a list size that cannot be meant.
 */
import type { Control, ResolvedOperation } from '@graphql-bulwark/core';
import { catchRejection, createSlot, joinNames } from '@graphql-bulwark/core/internal';
import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { tighterLimits } from '../per-principal.ts';
import { actualCost } from './models/actual-cost.ts';
import { type CostOptions, costLimitTable, resolveCostOptions } from './options.ts';
import { costMeter, judgeCost, type Priced, type Tell } from './price.ts';
import { dearest } from './shares.ts';
import { unsizedLists } from './unsized-lists.ts';

/** What an operation costs under its variables. */
export interface Cost {
  readonly fieldCost: number;
  readonly typeCost: number;
}

/** The control, and its price list for other controls, such as a budget that charges by cost. */
export interface CostControl<C> extends Control<C> {
  /** @throws the refusal of an operation that cannot be priced. */
  readonly costOf: (operation: ResolvedOperation<C>) => Cost;
}

/**
 * Limits what operations cost.
 *
 * @throws {TypeError} while the server is being built, for an unknown option or a value that cannot be meant; while it starts,
 * for a schema whose `@cost` and `@listSize` cannot be meant.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits(), cost({ maxCost: 500 })] })] })
 */
export function cost<C = unknown>(options: CostOptions = {}): CostControl<C> {
  const settings = resolveCostOptions(options);
  const { mode, exposeCost, perPrincipal, view, maxCost, maxTypeCost } = settings;
  const meter = costMeter(settings);
  // Kept until the answer goes out, and only where it tells.
  const priced = createSlot<Priced | undefined>(() => undefined);
  const ceilings = { maxCost, maxTypeCost };
  let warned = false;

  function price(resolved: ResolvedOperation<C>): Priced {
    const { schema, document, operation, variables } = resolved;
    return meter.price(schema, document, operation, variables);
  }

  function tellOf(operation: ResolvedOperation<C>): Tell | undefined {
    if (!exposeCost) return undefined;
    return (shares) => {
      const known = view?.(operation);
      return known ? shares.filter(({ coordinate }) => hasField(known, coordinate)) : shares;
    };
  }

  return {
    name: 'cost',
    mode,

    start({ schema, warn }) {
      const costs = meter.schemaOf(schema);
      if (settings.model === 'estimators') return;
      const { unknown, assumed } = unsizedLists(costs);
      if (unknown.length > 0) {
        warn?.(
          `cost: nothing says how long these lists can be, and each counts as ${settings.defaultListSize} items: ` +
            `${joinNames(unknown)}. Say it with @listSize or listSizes.`,
        );
      }
      if (assumed.length > 0) {
        warn?.(
          `cost: these lists are priced by their assumedSize, and nothing keeps them from being longer: ${joinNames(assumed)}. ` +
            'Name the arguments that say their length (slicingArguments), or refuse longer ones with enforceAssumedSizes ' +
            'of executionLimits() (option execution of createBulwark).',
        );
      }
    },

    check(operation) {
      const found = price(operation);
      const tell = tellOf(operation);
      if (tell) operation.state.set(priced, found);
      judgeCost(found, ceilings, tell);
      if (!perPrincipal) return;
      const given = catchRejection(perPrincipal(operation.security));
      const tighter = tighterLimits({
        control: 'cost',
        given,
        table: costLimitTable,
        maxima: ceilings,
        loose(name) {
          if (warned) return;
          warned = true;
          const message = `cost: perPrincipal returned a ${name} above the ceiling of ${ceilings[name]}; the ceiling holds.`;
          operation.report({ type: 'config.warning', message });
        },
      });
      judgeCost(found, tighter, tell);
    },

    respond({ operation, data, extend }) {
      const found = exposeCost ? operation?.state.get(priced) : undefined;
      if (!operation || !found || !Number.isFinite(found.fieldCost)) return;
      const actual = settings.actualCost && data ? actualCost(found, data) : Number.NaN;
      extend('cost', {
        requestedQueryCost: Math.ceil(found.fieldCost),
        actualQueryCost: Number.isNaN(actual) ? null : Math.ceil(actual),
        dearest: tellOf(operation)?.(dearest(found.program, found.variables)),
      });
    },

    costOf(operation) {
      const found = price(operation);
      if (!Number.isFinite(found.fieldCost + found.typeCost)) judgeCost(found, {}, tellOf(operation));
      return found;
    },
  };
}

/** @param coordinate `Type.field` */
function hasField(schema: GraphQLSchema, coordinate: string): boolean {
  const [typeName = '', name = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  return (isObjectType(type) || isInterfaceType(type)) && Object.hasOwn(type.getFields(), name);
}
