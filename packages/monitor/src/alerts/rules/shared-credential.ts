/**
 * Speaks of a credential that is used from many networks at once: it was stolen, or is passed around. A phone that changes
 * between networks has two or three in a few minutes.
 */
import { BoundedMap } from '../bounded-map.ts';
import { cutToNetwork, type Rule, type RuleTools } from '../rule.ts';

/** When networks are too many. */
export interface SharedCredentialOptions {
  /** Networks (`/24` of IPv4, `/48` of IPv6) of one API key or principal. Whole number, 2 or more. @default 8 */
  readonly count?: number | undefined;
  /** @default 300 */
  readonly windowSeconds?: number | undefined;
  /** Silence about one credential after an alert. @default 3600 */
  readonly quietSeconds?: number | undefined;
}

export function createSharingRule(
  { count, windowSeconds }: Readonly<Record<'count' | 'windowSeconds', number>>,
  tools: RuleTools,
): Rule {
  // What this process has told the store: one call per network and window, not one per request.
  const told = new BoundedMap<number>(tools.maxSubjects);
  return function watchNetworks(event) {
    if (event.type !== 'auth.success') return;
    const { clientIp, principalId, keyId, time } = event;
    if (clientIp === undefined || principalId === undefined) return;
    const subject =
      keyId === undefined
        ? { key: `principal ${principalId}`, principalId }
        : { key: `key ${keyId}`, principalId, keyId };
    const network = cutToNetwork(clientIp);
    const pair = `${subject.key} ${network}`;
    const last = told.get(pair);
    // Half a window, so that a network that stays in use is counted in each window of the store.
    if (last !== undefined && time - last < windowSeconds * 500) return;
    told.set(pair, time);
    tools.tally.addItem({ policy: 'alert.shared-credential', key: subject.key, windowSeconds }, network, (sum) => {
      if (sum < count) return;
      const message = `One credential was used from ${sum} networks within a short time.`;
      tools.raise({ subject, message, count: sum, threshold: count, windowSeconds }, time);
    });
  };
}
