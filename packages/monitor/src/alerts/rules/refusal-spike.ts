/**
 * Speaks of a sudden rise of refusals or failures, of all callers together, against the hour before. Measured on what this
 * process answers: in a fleet each process has its share of both.
 *
 * A morning brings more of everything. So what is expected grows with the operations that succeed; an attack adds none.
 */
import type { SecurityEvent } from '@graphql-bulwark/core';
import { allCallers, type Rule, type RuleTools } from '../rule.ts';

/** When a rise is a spike. */
export interface RefusalSpikeOptions {
  /** How many times as many as expected from the hour before. Number above 1. @default 5 */
  readonly factor?: number | undefined;
  /** Refusals below which no window is a spike. Whole number, 1 or more. @default 100 */
  readonly minimum?: number | undefined;
  /** A twelfth of the time that it is compared with. @default 300 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one status after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

/** Windows that a window is compared with. */
const windowsBefore = 12;
/** Windows that must have been seen before the rule speaks. */
const learningWindows = 3;

const statuses = ['401', '403', '429', '5xx'] as const;
type Status = (typeof statuses)[number];
type Counts = Record<Status | 'success', number>;

export function createSpikeRule(
  { factor, minimum, windowSeconds }: Readonly<Record<'factor' | 'minimum' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  let window: number | undefined;
  let now = createCounts();
  let before: Counts[] = [];

  function turnTo(next: number): void {
    const passed = next - (window ?? next);
    window = next;
    if (passed <= 0) return;
    const empty = Array.from({ length: Math.min(passed - 1, windowsBefore) }, createCounts);
    before = [...before, now, ...empty].slice(-windowsBefore);
    now = createCounts();
  }

  function expect(status: Status): number {
    const usual = sum(before, status) / before.length;
    const traffic = sum(before, 'success') / before.length;
    return usual * Math.max(1, traffic > 0 ? now.success / traffic : 1);
  }

  return function watchRefusals(event) {
    turnTo(Math.floor(event.time / (windowSeconds * 1_000)));
    const kind = classify(event);
    if (!kind) return;
    now[kind] += 1;
    if (kind === 'success' || before.length < learningWindows || now[kind] < minimum) return;
    const threshold = Math.max(minimum, Math.ceil(expect(kind) * factor));
    if (now[kind] < threshold) return;
    const message = `Far more answers than in the hour before have the status ${kind}.`;
    const subject = { ...allCallers, key: `status ${kind}` };
    tools.raise({ subject, message, count: now[kind], threshold, windowSeconds }, event.time);
  };
}

/** Types of events that stand for one status, whatever their code. */
const statusOfType: ReadonlyMap<SecurityEvent['type'], Status> = new Map([
  ['introspection.blocked', '403'],
  ['rate.limited', '429'],
  ['auth.locked', '429'],
  ['failure', '5xx'],
  ['error.masked', '5xx'],
]);

/** Finds the status for which an event stands. Expired tokens are left out: every morning begins with them. */
function classify(event: SecurityEvent): Status | 'success' | undefined {
  if (event.type === 'operation.answered') return event.code === undefined ? 'success' : undefined;
  if (event.type === 'access.denied') return event.code === 'UNAUTHENTICATED' ? '401' : '403';
  if (event.type !== 'auth.failure' && event.type !== 'auth.revoked') return statusOfType.get(event.type);
  if (event.code === 'SERVICE_UNAVAILABLE') return '5xx';
  return event.code === 'UNAUTHENTICATED' ? '401' : undefined;
}

function createCounts(): Counts {
  return { '401': 0, '403': 0, '429': 0, '5xx': 0, success: 0 };
}

function sum(windows: readonly Counts[], kind: keyof Counts): number {
  return windows.reduce((total, counts) => total + counts[kind], 0);
}
