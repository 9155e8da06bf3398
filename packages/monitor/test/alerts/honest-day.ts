/**
 * A day without an attack: offices behind one address each, phones that change networks, batch jobs at night and every ten
 * minutes, people who mistype, stale links, exports, and a release that breaks a query for half an hour.
 */
import type { Miss } from '@graphql-bulwark/core';
import { createRandom, type Happening } from './simulation.ts';

export const hour = 3_600;
export const minute = 60;

/** A person of the day, for attacks that take over an account. */
export interface Person {
  readonly principalId: string;
  readonly clientIp: string;
}

/** Someone who works in an office from nine to five on every day, whatever the seed. */
export const steadyPerson: Person = { principalId: 'office-0-0', clientIp: '198.51.100.10' };

const offices = 3;
const peoplePerOffice = 60;
const phones = 80;

/** @returns what happens, in no order. */
export function liveHonestDay(seed: number): Happening[] {
  const random = createRandom(seed);
  const events: Happening[] = [];
  const between = (least: number, most: number): number => least + random() * (most - least);
  const chance = (probability: number): boolean => random() < probability;
  /** Skewed as sizes of answers are: most are small, few are large. */
  const size = (median: number): number => Math.max(1, Math.round(median * Math.exp(between(-1, 1) + between(-1, 1))));
  const release = { at: between(10, 15) * hour, kind: ['field', 'depth', 'ids'][seed % 3] };

  function operate(at: number, who: Person, objects: number, misses?: readonly Miss[], keyId?: string): void {
    events.push({ type: 'auth.success', method: keyId ? 'api-key' : 'jwt', at, ...who, ...(keyId && { keyId }) });
    events.push({
      type: 'operation.answered',
      errors: misses ? 1 : 0,
      objects,
      cost: objects,
      depth: 4,
      fields: 12,
      at: at + 0.05,
      ...who,
      ...(misses && { misses }),
    });
  }

  const miss = (id: number): Miss => ({
    coordinate: 'Query.invoice',
    id: `id-${id}`,
    neighbors: [`id-${id - 1}`, `id-${id + 1}`],
  });

  function work(at: number, who: Person): void {
    operate(at, who, size(20), chance(0.01) ? [miss(Math.floor(between(1, 100_000)))] : undefined);
    // A page shows a button that this person has no right to.
    if (chance(0.01)) {
      events.push({
        type: 'access.denied',
        control: 'authorization',
        code: 'FORBIDDEN',
        coordinate: 'Query.users',
        at: at + 0.04,
        ...who,
      });
    }
    if (chance(0.001)) events.push({ type: 'error.masked', errorId: 'e', at: at + 0.04, ...who });
    if (at > release.at && at < release.at + 30 * minute) meetRelease(at, who);
  }

  /** Clients try a broken query again a few times before they give up. */
  function meetRelease(at: number, who: Person): void {
    for (let again = 0; again < 4; again += 1) {
      const when = { at: at + 1 + again * between(2, 20), ...who };
      if (release.kind === 'field') {
        events.push({ type: 'request.invalid', code: 'GRAPHQL_VALIDATION_FAILED', ...when });
      } else if (release.kind === 'depth') {
        const facts = { limit: 'maxDepth', actual: 17, maximum: 15 };
        events.push({ type: 'limit.exceeded', control: 'limits', code: 'DEPTH_LIMIT_EXCEEDED', ...facts, ...when });
      } else {
        operate(when.at, who, 1, [miss(Math.floor(between(1, 100_000)))]);
      }
    }
  }

  /** The token of the night has expired; some mistype once or twice before they are in. */
  function comeIn(at: number, who: Person): void {
    const { clientIp } = who;
    events.push({ type: 'auth.expired', code: 'UNAUTHENTICATED', reason: 'expired', at, clientIp });
    if (!chance(0.04)) return;
    for (let again = chance(0.2) ? 2 : 1; again > 0; again -= 1)
      events.push({ type: 'auth.failure', code: 'UNAUTHENTICATED', reason: 'malformed', at: at + again, clientIp });
  }

  for (let office = 0; office < offices; office += 1) {
    for (let person = 0; person < peoplePerOffice; person += 1) {
      const who = { principalId: `office-${office}-${person}`, clientIp: `198.51.100.${10 + office}` };
      const begins = person === 0 ? 8.9 * hour : between(7.5, 9.5) * hour;
      const ends = person === 0 ? 18 * hour : between(15, 18.5) * hour;
      comeIn(begins, who);
      for (let at = begins + 2; at < ends; at += between(1, 9) * minute) work(at, who);
      if (chance(0.02)) exportAll(between(10, 15) * hour, who);
    }
  }
  /** Thirty pages of a hundred, as fast as they come. */
  function exportAll(at: number, who: Person): void {
    for (let page = 0; page < 30; page += 1) operate(at + page * 3, who, 100);
  }

  for (let phone = 0; phone < phones; phone += 1) {
    const principalId = `phone-${phone}`;
    let clientIp = `203.0.113.${phone}`;
    for (let at = between(6.5, 9) * hour; at < between(20, 23) * hour; at += between(3, 40) * minute) {
      // It comes back from a tunnel on another network, with several requests at once and a token that may have expired.
      if (chance(0.5)) {
        const networks = chance(0.1) ? 3 : 1;
        for (let change = 0; change < networks; change += 1) {
          clientIp = `100.${64 + Math.floor(between(0, 32))}.${Math.floor(between(0, 250))}.${phone}`;
          operate(at + change * 20, { principalId, clientIp }, size(10));
        }
        if (chance(0.5)) {
          for (let again = 0; again < 3; again += 1) {
            events.push({ type: 'auth.expired', code: 'UNAUTHENTICATED', reason: 'expired', at: at + 60, clientIp });
          }
        }
      }
      work(at + 70, { principalId, clientIp });
    }
  }

  for (let job = 0; job < 4; job += 1) {
    const keyId = `key-${job}`;
    const principalId = `job-${job}`;
    const address = (): string => `192.0.2.${10 * job + Math.floor(between(0, 4))}`;
    const begins = between(1, 3) * hour;
    for (let at = begins; at < begins + 50 * minute; at += between(3, 6)) {
      operate(at, { principalId, clientIp: address() }, size(80), undefined, keyId);
      // Its budget is spent, and it waits as it is told.
      if (chance(0.02)) {
        events.push({
          type: 'rate.limited',
          control: 'rate-limit',
          code: 'RATE_LIMITED',
          at: at + 1,
          principalId,
          clientIp: address(),
        });
      }
    }
    for (let at = between(0, 10) * minute; at < 24 * hour; at += 10 * minute) {
      operate(at, { principalId: `sync-${job}`, clientIp: address() }, size(200), undefined, `sync-key-${job}`);
    }
  }
  return events;
}
