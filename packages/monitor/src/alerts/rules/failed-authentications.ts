/**
 * Two rules on failed authentications: too many of one address or one API key, and a success after some of them.
 *
 * Expired tokens are none: every client of a phone that was offline comes back with one. Behind one address of an office may
 * be hundreds of people, so an address may fail more often the more often it succeeds.
 */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { BoundedMap } from '../bounded-map.ts';
import { findCaller, type Rule, type RuleTools, type Subject } from '../rule.ts';

/** When failures are too many. */
export interface FailedAuthenticationsOptions {
  /** Failures of one address or API key. Whole number, 1 or more. @default 5 */
  readonly count?: number | undefined;
  /** @default 300 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one subject after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

/** Failures that an address may have in addition, per success in the same window. */
const failuresPerSuccess = 0.05;
/** The same, per caller who came in: in an office, each may be the one who mistyped before. */
const failuresPerCaller = 1;

const isFailure = ({ type }: SecurityEvent): boolean =>
  type === 'auth.failure' || type === 'auth.revoked' || type === 'auth.locked';

/** Speaks of an address or an API key with too many failures. */
export function createFailureRule(
  { count, windowSeconds }: Readonly<Record<'count' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  const successes = createSuccessCount(windowSeconds, failuresPerSuccess, tools);
  return function watchFailures(event) {
    if (event.type === 'auth.success') successes.add(event);
    if (!isFailure(event)) return;
    for (const subject of listFailed(event)) {
      tools.tally.add({ policy: 'alert.failed-authentications', key: subject.key, windowSeconds }, 1, (sum) => {
        const threshold = count + (subject.clientIp === undefined ? 0 : successes.allow(event));
        if (sum < threshold) return;
        const what = subject.clientIp === undefined ? 'one API key' : 'one address';
        const message = `Authentication failed too often with credentials of ${what}.`;
        tools.raise({ subject, message, count: sum, threshold, windowSeconds }, event.time);
      });
    }
  };
}

/** Speaks of a caller who comes in from an address that failed before. */
export function createSuccessRule(
  { count, windowSeconds }: Readonly<Record<'count' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  const successes = createSuccessCount(windowSeconds, failuresPerCaller, tools);
  // One request in a window asks the store; all later ones of this caller are known to be good.
  const known = new BoundedMap<number>(tools.maxSubjects);
  return function watchSuccesses(event) {
    const { clientIp, time } = event;
    if (clientIp === undefined) return;
    const tallied = { policy: 'alert.success-after-failures', key: `address ${clientIp}`, windowSeconds };
    if (isFailure(event)) tools.tally.add(tallied, 1, () => {});
    if (event.type !== 'auth.success') return;
    const caller = findCaller(event);
    if (!caller) return;
    const pair = `${caller.key} ${clientIp}`;
    const since = known.get(pair);
    if (since !== undefined && time - since < windowSeconds * 1_000) return;
    known.set(pair, time);
    const threshold = count + successes.allow(event);
    successes.add(event);
    tools.tally.read(tallied, (sum) => {
      if (sum < threshold) return;
      const message = 'A caller was authenticated from an address whose credentials had been refused several times.';
      // Quiet about the address, so that further accounts that it opens raise no alert each.
      const subject = {
        ...caller,
        key: tallied.key,
        clientIp,
        ...(event.keyId !== undefined && { keyId: event.keyId }),
      };
      tools.raise({ subject, message, count: sum, threshold, windowSeconds }, time);
    });
  };
}

function listFailed(event: SecurityEvent): readonly Subject[] {
  const { clientIp } = event;
  const keyId = 'keyId' in event ? event.keyId : undefined;
  return [
    ...(clientIp === undefined ? [] : [{ key: `address ${clientIp}`, clientIp }]),
    ...(keyId === undefined ? [] : [{ key: `key ${keyId}`, keyId }]),
  ];
}

interface SuccessCount {
  readonly add: (event: SecurityEvent) => void;
  /** @returns how many failures the address of the event may have in addition. */
  readonly allow: (event: SecurityEvent) => number;
}

/** Counts successes per address, as this process sees them. @param allowed failures per success. */
function createSuccessCount(windowSeconds: number, allowed: number, { maxSubjects }: RuleTools): SuccessCount {
  const counts = new BoundedMap<{ since: number; now: number; before: number }>(maxSubjects);

  function find({ clientIp = '', time }: SecurityEvent) {
    const found = counts.getOrMake(clientIp, () => ({ since: time, now: 0, before: 0 }));
    const passed = Math.floor((time - found.since) / (windowSeconds * 1_000));
    if (passed > 0) {
      found.before = passed === 1 ? found.now : 0;
      found.now = 0;
      found.since += passed * windowSeconds * 1_000;
    }
    return found;
  }

  return {
    add(event) {
      find(event).now += 1;
    },
    allow(event) {
      const { now, before } = find(event);
      return Math.floor(Math.max(now, before) * allowed);
    },
  };
}
