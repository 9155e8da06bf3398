/** The contract of a rule, and the callers that rules speak of. */
import type { SecurityEvent } from '@graphql-bulwark/core';
import type { Tally } from './tally.ts';

/** The caller that an alert is about, and the key of what is counted. */
export interface Subject {
  readonly key: string;
  readonly principalId?: string;
  readonly clientIp?: string;
  readonly keyId?: string;
}

/** What a rule saw. */
export interface Suspicion {
  readonly subject: Subject;
  readonly message: string;
  readonly count: number;
  readonly threshold: number;
  readonly windowSeconds: number;
}

/** What every rule is given. */
export interface RuleTools {
  readonly tally: Tally;
  /** Subjects that a rule remembers in this process. */
  readonly maxSubjects: number;
  /** Raises an alert, unless the rule is quiet about this subject. @param time that of the event that it is raised for. */
  readonly raise: (suspicion: Suspicion, time: number) => void;
}

/** A rule: called with each event, in order. */
export type Rule = (event: SecurityEvent) => void;

/** Finds the caller of an event: the principal, or the address of one who is not known. */
export function findCaller({ principalId, clientIp }: SecurityEvent): Subject | undefined {
  if (principalId !== undefined) return { key: `principal ${principalId}`, principalId };
  return clientIp === undefined ? undefined : { key: `address ${clientIp}`, clientIp };
}

/** The subject of an alert that is about no caller alone. */
export const allCallers: Subject = { key: 'all' };

/**
 * Cuts an address to its network: 24 bits of IPv4, 48 bits of IPv6. A fleet of workers or the phones of one carrier change
 * their addresses within one.
 */
export function cutToNetwork(address: string): string {
  if (!address.includes(':')) return address.split('.').slice(0, 3).join('.');
  const [head = ''] = address.split('::');
  const groups = head.split(':').slice(0, 3);
  return groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':');
}
