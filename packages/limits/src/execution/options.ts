/** What a user may set about execution, in one place with its meaning, unit and default. */
import type { Events } from '@graphql-bulwark/core';
import {
  aFlag,
  among,
  anEventSink,
  aText,
  atLeast,
  between,
  longestTimer,
  type OptionTable,
  orFalse,
  readOptions,
  type Settings,
} from '@graphql-bulwark/core/internal';
import type { ListSize } from '../cost/options.ts';

/** Bounds of what one operation does, and of one event of a subscription. Each is a whole number, or `false` for none. */
export interface ExecutionBounds {
  /** Items of all lists that resolvers return for the operation, together. 1 or more. @default 100000 */
  readonly maxResultItems?: number | false | undefined;
  /** Length of the answer's data as JSON, in UTF-16 code units. 1 or more. @default 20000000 */
  readonly maxResponseCharacters?: number | false | undefined;
  /** Seconds for which a query, or an event of a subscription, may run. 1 or more. @default 30 */
  readonly maxExecutionSeconds?: number | false | undefined;
  /** The same for mutations. What has begun is finished, unless this says otherwise. 1 or more. @default false */
  readonly maxMutationSeconds?: number | false | undefined;
  /**
   * Refuses an operation in which a list is more than ten times as long as its `assumedSize`: what it costs was counted by
   * that size. Otherwise such a list is only reported. @default false
   */
  readonly enforceAssumedSizes?: boolean | undefined;
}

export interface ExecutionOptions extends ExecutionBounds {
  /** `report`: what would be refused becomes an event and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /** Those of the guard beside it: told where there is no Apollo Server. Left out: the guard alone tells of refusals. */
  readonly events?: Events | undefined;
  /** The sizes that `cost()` is given, to tell of lists that are longer. Left out: those of the directives. */
  readonly listSizes?: Readonly<Record<string, ListSize>> | undefined;
  /** What the schema calls `@listSize`. @default 'listSize' */
  readonly listSizeName?: string | undefined;
}

const seconds = orFalse(between(1, Math.floor(longestTimer / 1_000)));

const optionTable = {
  maxResultItems: { default: 100_000, check: orFalse(atLeast(1)) },
  maxResponseCharacters: { default: 20_000_000, check: orFalse(atLeast(1)) },
  maxExecutionSeconds: { default: 30, check: seconds },
  maxMutationSeconds: { default: false, check: seconds },
  enforceAssumedSizes: { default: false, check: aFlag },
  mode: { default: 'enforce', check: among('enforce', 'report') },
  events: { check: anEventSink },
  // Their values are checked by cost(), which reads them as well.
  listSizes: { default: {}, check: () => {} },
  listSizeName: { default: 'listSize', check: aText },
} satisfies OptionTable<ExecutionOptions>;

/** The options as they hold. */
export type ExecutionSettings = Settings<
  ExecutionOptions,
  keyof ExecutionBounds | 'mode' | 'listSizes' | 'listSizeName'
>;

/** Reads the options of `executionLimits()`. @throws {TypeError} for an invalid one. */
export function readExecutionOptions(options: ExecutionOptions = {}): ExecutionSettings {
  return readOptions('executionLimits', options, optionTable);
}
