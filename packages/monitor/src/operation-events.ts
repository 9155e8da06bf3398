/**
 * Tells of every operation that was answered: its size, its cost, how long the controls took, and ids that were asked for in
 * vain. Refuses nothing.
 * Room: check, before all other controls, so that it can time them; and the way out.
 */
import { type Control, type OutgoingAnswer, REFUSALS, type ResolvedOperation } from '@graphql-bulwark/core';
import { aFunction, createSlot, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import { createMissSearch } from './missed-ids.ts';

/** Options of `operationEvents()`. */
export interface OperationEventOptions<C = unknown> {
  /** Prices an operation, for example `costOf` of the cost control. What it throws is no price. Left out: events have no cost. */
  readonly cost?: ((operation: ResolvedOperation<C>) => number) | undefined;
}

const optionTable = { cost: { check: aFunction } } satisfies OptionTable<OperationEventOptions>;

/** When the controls began and ended, by the monotonic clock, in milliseconds. */
interface Timing {
  readonly began: number;
  decided: number | undefined;
}

/** Codes of Apollo Server. Those of an application are not shown: it may build them from values. */
const apolloCodes = [
  'GRAPHQL_PARSE_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
];
const knownCodes: ReadonlySet<string> = new Set([...Object.keys(REFUSALS), ...apolloCodes]);

/**
 * Makes the control that sends an `operation.answered` event for each operation. Put it first. Over WebSockets nothing is
 * answered by the guard, so there is no event.
 *
 * @throws {TypeError} for an invalid option.
 * @example guard({ controls: [operationEvents(), limits()], onEvent: monitor.onEvent })
 */
export function operationEvents<C = unknown>(options: OperationEventOptions<C> = {}): Control<C> {
  const { cost } = readOptions('operationEvents', options as OperationEventOptions, optionTable);
  const findMisses = createMissSearch();
  const timing = createSlot<Timing | undefined>(() => undefined);

  function price(operation: ResolvedOperation<C>): number | undefined {
    try {
      const priced = cost?.(operation);
      return Number.isFinite(priced) ? priced : undefined;
    } catch {
      return undefined;
    }
  }

  function describe(answer: OutgoingAnswer<C>, operation: ResolvedOperation<C>) {
    const now = performance.now();
    const time = operation.state.get(timing);
    const { depth, fields } = operation.facts;
    const priced = cost && price(operation);
    const misses = findMisses(operation, answer);
    return {
      depth,
      fields,
      ...(priced !== undefined && { cost: priced }),
      ...(time && {
        decisionMilliseconds: (time.decided ?? now) - time.began,
        milliseconds: now - time.began,
      }),
      ...(misses.length > 0 && { misses }),
    };
  }

  return {
    name: 'operation-events',
    check(operation) {
      operation.state.set(timing, { began: performance.now(), decided: undefined });
    },
    // Asked after all checks, where all let the operation pass.
    answer({ state }) {
      const time = state.get(timing);
      if (time) time.decided = performance.now();
      return undefined;
    },
    respond(answer) {
      const { operation, errors, data } = answer;
      const code = errors.map(({ extensions }) => extensions?.['code']).find(isKnownCode);
      answer.report({
        type: 'operation.answered',
        errors: errors.length,
        objects: countObjects(data),
        ...(code !== undefined && { code }),
        ...(operation && describe(answer, operation)),
      });
    },
  };
}

function isKnownCode(code: unknown): code is string {
  return typeof code === 'string' && knownCodes.has(code);
}

/** An answer is counted this far: one that is larger costs enough already. */
const mostObjects = 100_000;

/** Counts the objects of an answer, up to a bound, without recursion. */
function countObjects(data: OutgoingAnswer['data']): number {
  let objects = 0;
  const open: unknown[] = data ? [data] : [];
  while (open.length > 0 && objects < mostObjects) {
    const value = open.pop();
    if (!Array.isArray(value)) objects += 1;
    for (const inner of Object.values(value as object) as unknown[]) {
      if (typeof inner === 'object' && inner !== null) open.push(inner);
    }
  }
  return objects;
}
