/** Deny-lists: which tokens, and which subjects' tokens up to when, were taken back. In memory, or in Redis for a fleet. */
import { atLeast, hasMethods, must, type OptionTable, readOptions, show } from '@graphql-bulwark/core/internal';
import type { RevocationQuery } from './revocation.ts';

export interface DenyList {
  /** Ends one token by its `jti`. `exp`: when it ends by itself, in seconds since the epoch. */
  revoke(jti: string, exp: number): Promise<void>;
  /**
   * Ends every token of a subject that was issued until now, by whichever clock: those whose `iat` is at most
   * `clockToleranceSeconds` later are among them, and those of the same second. One without an `iat`, or with one that is still
   * ahead of the clock by more than that, does not show that it is newer, and ends as well.
   */
  revokeAllFor(sub: string): Promise<void>;
  isRevoked(credential: RevocationQuery): boolean | Promise<boolean>;
}

export interface DenyListOptions {
  /** How long any token lives: so long a subject's entry is kept. Whole number, 1 or more. @default 86400 */
  readonly longestTokenSeconds?: number | undefined;
}

export interface MemoryDenyListOptions extends DenyListOptions {
  /** Beyond so many entries `revoke` rejects: to forget one would let a token back in. @default 1000000 */
  readonly maxEntries?: number | undefined;
}

/** The part of an ioredis client that is used. */
export interface RedisCommands {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: 'EX', seconds: number): Promise<unknown>;
}

export interface RedisDenyListOptions extends DenyListOptions {
  /** Made, configured and closed by the application; with `enableOfflineQueue: false`, so that a dead Redis is told at once. */
  readonly client: RedisCommands;
  /** In front of every key. @default 'bulwark:revoked:' */
  readonly keyPrefix?: string | undefined;
}

const commonTable = {
  longestTokenSeconds: { default: 86_400, check: atLeast(1) },
} satisfies OptionTable<DenyListOptions>;

const memoryTable = {
  ...commonTable,
  maxEntries: { default: 1_000_000, check: atLeast(1) },
} satisfies OptionTable<MemoryDenyListOptions>;

const redisTable = {
  ...commonTable,
  client: { required: true, check: must('be an ioredis client', isIoredis) },
  keyPrefix: { default: 'bulwark:revoked:', check: must('be a text', (prefix: unknown) => typeof prefix === 'string') },
} satisfies OptionTable<RedisDenyListOptions>;

/** A client of node-redis takes `EX` for something else, and its entries would stay for ever. */
function isIoredis(client: unknown): boolean {
  return hasMethods(client, 'get', 'set') && !('setEx' in (client as object));
}

/**
 * Entries stay so long after the tokens they are about. An issuer's clock may be a minute away from that of the server that takes
 * a token back, and a minute away from that of another server, which accepts the token for one more minute after its end. An
 * `iat` may be a minute ahead as well.
 */
const slackSeconds = 4 * 60;

/** For one process. Entries end with the tokens they are about. @throws {TypeError} while the server is built. */
export function memoryDenyList(options: MemoryDenyListOptions = {}): DenyList {
  const { longestTokenSeconds, maxEntries } = readOptions('memoryDenyList', options, memoryTable);
  const ids = new Map<string, { readonly until: number }>();
  const subjects = new Map<string, { readonly until: number; readonly at: number }>();

  let sweptAt = 0;

  /** Once a second: entries end with a second, and to look through a million of them for each `revoke` would stop the process. */
  function sweep(now: number): void {
    if (sweptAt === now) return;
    sweptAt = now;
    for (const list of [ids, subjects]) {
      for (const [key, { until }] of list) if (until < now) list.delete(key);
    }
  }

  function put<E>(list: Map<string, E>, key: string, entry: E): void {
    const isFull = (): boolean => ids.size + subjects.size >= maxEntries;
    if (isFull() && !list.has(key)) {
      sweep(seconds());
      if (isFull()) throw new Error('The deny-list is full.');
    }
    list.set(key, entry);
  }
  return {
    async revoke(jti, exp) {
      const until = checkedTime(exp) + slackSeconds;
      put(ids, checkedId('jti', jti), { until: Math.max(until, ids.get(jti)?.until ?? 0) });
    },
    async revokeAllFor(sub) {
      const until = seconds() + longestTokenSeconds + slackSeconds;
      put(subjects, checkedId('sub', sub), { at: atLeastSince(subjects.get(sub)?.at), until });
    },
    isRevoked(credential) {
      const { jti, sub } = credential;
      if (jti !== undefined && ids.has(jti)) return true;
      const all = subjects.get(sub);
      return all !== undefined && !isIssuedAfter(all.at, credential);
    },
  };
}

/** For a fleet. Entries end with the tokens they are about. @throws {TypeError} while the server is built. */
export function redisDenyList(options: RedisDenyListOptions): DenyList {
  const { client, keyPrefix, longestTokenSeconds } = readOptions('redisDenyList', options, redisTable);
  return {
    async revoke(jti, exp) {
      const key = `${keyPrefix}jti:${checkedId('jti', jti)}`;
      const until = Math.max(checkedTime(exp) + slackSeconds, Number(await client.get(key)));
      const left = until - seconds();
      if (left > 0) await client.set(key, String(until), 'EX', left);
    },
    async revokeAllFor(sub) {
      const key = `${keyPrefix}sub:${checkedId('sub', sub)}`;
      const at = atLeastSince(Number(await client.get(key)));
      await client.set(key, String(at), 'EX', longestTokenSeconds + slackSeconds);
    },
    // Two commands, sent together, and not one over two keys: in a cluster they may live on different nodes.
    async isRevoked(credential) {
      const { jti, sub } = credential;
      const [one, all] = await Promise.all([
        jti === undefined ? null : client.get(`${keyPrefix}jti:${jti}`),
        client.get(`${keyPrefix}sub:${sub}`),
      ]);
      return one !== null || (all !== null && !isIssuedAfter(Number(all), credential));
    },
  };
}

const seconds = (): number => Math.floor(Date.now() / 1_000);

/**
 * Now, or the time of a revocation before this one where that is later: by a clock that is behind, the second one would take back
 * the first, and let tokens in again. No token that is accepted was issued further ahead than entries outlive theirs.
 */
function atLeastSince(before = 0): number {
  const now = seconds();
  return Math.max(now, Math.min(before, now + slackSeconds));
}

/**
 * Whether a token was surely issued after this second. A fraction belongs to its second. An `iat` that is ahead of the clock by
 * more than the tolerance says nothing about when the token was issued.
 */
function isIssuedAfter(at: number, { iat, clockToleranceSeconds }: RevocationQuery): boolean {
  const earliest = Math.floor(iat) - clockToleranceSeconds;
  return earliest > at && earliest <= seconds();
}

function checkedId(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${name} must be a non-empty text, but is ${show(value)}.`);
}

/** In seconds: a time in milliseconds would stay for 50,000 years. */
function checkedTime(exp: unknown): number {
  if (typeof exp === 'number' && exp > 0 && exp < 1e11) return Math.ceil(exp);
  throw new TypeError(`exp must be in seconds since the epoch, but is ${show(exp)}.`);
}
