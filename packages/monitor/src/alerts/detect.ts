/**
 * Raises alerts: rules look at the stream of events, count in a store that a fleet may share, and speak once about one subject
 * before they are quiet for a time.
 */
import { randomUUID } from 'node:crypto';
import type { CounterStore, SecurityEvent } from '@graphql-bulwark/core';
import {
  aCounterStore,
  atLeast,
  must,
  type OptionTable,
  orFalse,
  readOptions,
  requirePlainObject,
} from '@graphql-bulwark/core/internal';
import type { Sink } from '../sinks/sink.ts';
import { BoundedMap } from './bounded-map.ts';
import type { Rule, RuleTools, Suspicion } from './rule.ts';
import {
  createFailureRule,
  createSuccessRule,
  type FailedAuthenticationsOptions,
} from './rules/failed-authentications.ts';
import { createGuessRule, type GuessedIdsOptions } from './rules/guessed-ids.ts';
import { createProbeRule, type ProbedLimitsOptions } from './rules/probed-limits.ts';
import { createSpikeRule, type RefusalSpikeOptions } from './rules/refusal-spike.ts';
import { createSharingRule, type SharedCredentialOptions } from './rules/shared-credential.ts';
import { createVolumeRule, type VolumeOptions } from './rules/volume.ts';
import { createTally } from './tally.ts';

/** The rules. One that is left out has its defaults; `false` switches it off. */
export interface AlertRules {
  /** Too many failures of one address or API key. */
  readonly failedAuthentications?: FailedAuthenticationsOptions | false | undefined;
  /** A success from an address that failed before. Its default `count` is 3. */
  readonly successAfterFailures?: FailedAuthenticationsOptions | false | undefined;
  /** Many ids that are missing or denied. Needs `operationEvents()`. */
  readonly guessedIds?: GuessedIdsOptions | false | undefined;
  /** Far more objects or cost than the caller ever had. Needs `operationEvents()`. */
  readonly volume?: VolumeOptions | false | undefined;
  /** One credential from many networks at once. */
  readonly sharedCredential?: SharedCredentialOptions | false | undefined;
  /** More 401, 403, 429 or 5xx than in the hour before. */
  readonly refusalSpike?: RefusalSpikeOptions | false | undefined;
  /** Different limits exceeded, or different sizes tried. */
  readonly probedLimits?: ProbedLimitsOptions | false | undefined;
}

/** Options of `detect()`. */
export interface AlertOptions {
  /** Counts: `memoryStore()` in one process, `redisStore({ client })` for a fleet. A call that fails is a count that is lost. */
  readonly store: CounterStore;
  /** Left out: all rules with their defaults. */
  readonly rules?: AlertRules | undefined;
  /** Subjects that a rule remembers in this process; above it, the least recently seen is forgotten. @default 10000 */
  readonly maxSubjects?: number | undefined;
  /** Alerts of one rule in an hour: an attack from thousands of addresses must not bury everything else. @default 50 */
  readonly maxAlertsPerHour?: number | undefined;
}

/** What {@link detect} returns, for the option `detector` of `createMonitor()`. */
export interface Detector extends Sink {
  /** Says where alerts go. @param lost told of each error of the store. */
  readonly connect: (send: (alert: SecurityEvent) => void, lost: (error: unknown) => void) => void;
  readonly write: (event: SecurityEvent) => unknown;
  /** Resolves when every event is counted. */
  readonly settled: () => Promise<void>;
}

const aCount = atLeast(1);
const anyFactor = must('be a number above 1', (factor: unknown) => typeof factor === 'number' && factor > 1);
const quiet = { quietSeconds: { default: 3_600, check: aCount } } as const;
const window = (seconds: number) => ({ windowSeconds: { default: seconds, check: aCount }, ...quiet }) as const;
const count = (least: number) => ({ count: { default: least, check: aCount } }) as const;

/** The options of each rule, and how it is made. */
const catalog = {
  failedAuthentications: makeRule({ ...count(5), ...window(300) }, createFailureRule),
  successAfterFailures: makeRule({ ...count(3), ...window(300) }, createSuccessRule),
  guessedIds: makeRule(
    {
      ...count(30),
      sequentialPoints: { default: 3, check: aCount },
      crowd: { default: 10, check: atLeast(2) },
      ...window(600),
    },
    createGuessRule,
  ),
  volume: makeRule(
    {
      factor: { default: 8, check: anyFactor },
      minimum: { default: 5_000, check: aCount },
      learningWindows: { default: 6, check: aCount },
      ...window(300),
    },
    createVolumeRule,
  ),
  sharedCredential: makeRule({ count: { default: 8, check: atLeast(2) }, ...window(300) }, createSharingRule),
  refusalSpike: makeRule(
    { factor: { default: 5, check: anyFactor }, minimum: { default: 100, check: aCount }, ...window(300) },
    createSpikeRule,
  ),
  probedLimits: makeRule({ ...count(5), ...window(600) }, createProbeRule),
} as const satisfies Record<keyof AlertRules, unknown>;

type RuleTable = Readonly<
  Record<string, { readonly default: number; readonly check: (option: string, value: unknown) => void }>
>;
type RuleSettings<T extends RuleTable> = { readonly [K in keyof T]: number };

/** Makes an entry of the catalog: reads the options of the rule, and makes the rule. */
function makeRule<T extends RuleTable>(table: T, create: (settings: RuleSettings<T>, tools: RuleTools) => Rule) {
  return (name: string, options: object) => {
    const settings = readOptions(`detect: rules.${name}`, options, table) as unknown as RuleSettings<T>;
    return {
      quietSeconds: settings['quietSeconds'] as number,
      create: (tools: RuleTools): Rule => create(settings, tools),
    };
  };
}

const optionTable = {
  store: { required: true, check: aCounterStore },
  rules: { default: {}, check: requirePlainObject },
  maxSubjects: { default: 10_000, check: aCount },
  maxAlertsPerHour: { default: 50, check: aCount },
} satisfies OptionTable<AlertOptions>;

const ruleTable = {
  failedAuthentications: { default: {}, check: orFalse(requirePlainObject) },
  successAfterFailures: { default: {}, check: orFalse(requirePlainObject) },
  guessedIds: { default: {}, check: orFalse(requirePlainObject) },
  volume: { default: {}, check: orFalse(requirePlainObject) },
  sharedCredential: { default: {}, check: orFalse(requirePlainObject) },
  refusalSpike: { default: {}, check: orFalse(requirePlainObject) },
  probedLimits: { default: {}, check: orFalse(requirePlainObject) },
} satisfies OptionTable<AlertRules>;

/** Calls to the store that may wait before the next event waits for them. */
const mostWaiting = 1_000;

/**
 * Makes the detector of a monitor.
 *
 * @throws {TypeError} for an invalid option.
 * @example createMonitor({ sinks: [pinoEvents(logger)], detector: detect({ store: memoryStore() }) })
 */
export function detect(options: AlertOptions): Detector {
  const { store, rules: given, maxSubjects, maxAlertsPerHour } = readOptions('detect', options, optionTable);
  const chosen = readOptions('detect: rules', given, ruleTable);
  let send: (alert: SecurityEvent) => void = () => {};
  let lost: (error: unknown) => void = () => {};
  const tally = createTally(store, (error) => lost(error));
  const rules = (Object.keys(catalog) as (keyof AlertRules)[]).flatMap((name) => {
    const ruleOptions = chosen[name];
    if (ruleOptions === false) return [];
    const { quietSeconds, create } = catalog[name](name, ruleOptions);
    return [create({ tally, maxSubjects, raise: createVoice(name, quietSeconds) })];
  });

  /** Makes the function that raises the alerts of one rule, unless it is quiet. */
  function createVoice(rule: string, quietSeconds: number): RuleTools['raise'] {
    // What this process knows to be quiet: an attack goes on, and each event of it would ask the store again.
    const quietUntil = new BoundedMap<number>(maxSubjects);
    return function raiseAlert(suspicion, time) {
      const { key } = suspicion.subject;
      if (time < (quietUntil.get(key) ?? 0)) return;
      quietUntil.set(key, time + quietSeconds * 1_000);
      const buckets = [
        { policy: `alert.quiet.${rule}`, key, windowSeconds: quietSeconds, limit: 1 },
        { policy: 'alert.hour', key: rule, windowSeconds: 3_600, limit: maxAlertsPerHour },
      ];
      tally.take(buckets, () => send(buildAlert(rule, suspicion, time)));
    };
  }

  return {
    name: 'detector',
    connect(sendAlert, reportLoss) {
      send = sendAlert;
      lost = reportLoss;
    },
    write(event) {
      if (event.type === 'alert') return undefined;
      for (const watch of rules) watch(event);
      return tally.waiting() > mostWaiting ? tally.settled() : undefined;
    },
    settled: () => tally.settled(),
  };
}

function buildAlert(rule: string, suspicion: Suspicion, time: number): SecurityEvent {
  const { subject, ...facts } = suspicion;
  const { key: _key, ...who } = subject;
  return { type: 'alert', rule, ...facts, id: randomUUID(), time, outcome: 'noted', ...who };
}
