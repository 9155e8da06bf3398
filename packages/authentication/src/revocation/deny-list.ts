/**
 * Deny-lists of tokens that were taken back: single tokens by their `jti`, and all tokens of a subject up to a moment. In
 * memory for one process, in Redis for a fleet.
 */
import { atLeast, hasMethods, must, type OptionTable, readOptions, show } from '@graphql-bulwark/core/internal';
import type { RevocationQuery } from './revocation.ts';

/** Takes tokens back. Give it as the option `revocation` of `authenticate()`. */
export interface DenyList {
  /**
   * Takes one token back by its `jti`. `exp` is when it ends by itself, in seconds since the epoch.
   * @throws {TypeError} for an empty `jti`, and for an `exp` that is not in seconds. Rejects when the list is full or Redis
   * fails.
   */
  revoke(jti: string, exp: number): Promise<void>;
  /**
   * Takes back every token of a subject that was issued until now. The clock of the issuer may be ahead, so tokens whose `iat`
   * is up to `clockToleranceSeconds` later are among them, and so are those of the same second. A token without an `iat`, or
   * with one that is further ahead of the clock, does not show that it is newer, so it is taken back as well.
   * @throws {TypeError} for an empty `sub`. Rejects when the list is full or Redis fails.
   */
  revokeAllFor(sub: string): Promise<void>;
  /** Says whether a token was taken back. Rejects when it cannot know. */
  isRevoked(credential: RevocationQuery): boolean | Promise<boolean>;
}

/** The options that both deny-lists have. */
export interface DenyListOptions {
  /** The longest time that a token is valid. The entry of a subject is kept as long. Whole number, 1 or more. @default 86400 */
  readonly longestTokenSeconds?: number | undefined;
}

/** The options of `memoryDenyList()`. */
export interface MemoryDenyListOptions extends DenyListOptions {
  /**
   * How many entries the list holds. A full list rejects new ones, because forgetting an old one would let its token back in.
   * Whole number, 1 or more. @default 1000000
   */
  readonly maxEntries?: number | undefined;
}

/** The part of an ioredis client that is used. Values are texts; `seconds` is the time after which Redis forgets the key. */
export interface RedisCommands {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, mode: 'EX', seconds: number): Promise<unknown>;
}

/** The options of `redisDenyList()`. */
export interface RedisDenyListOptions extends DenyListOptions {
  /**
   * A client of ioredis. The application makes, configures and closes it. Set `enableOfflineQueue: false`, so that commands
   * fail at once while Redis is down.
   */
  readonly client: RedisCommands;
  /** What every key begins with. @default 'bulwark:revoked:' */
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

/** A client of node-redis has the same method names and other parameters: its entries would never end. It alone has `setEx`. */
function isIoredis(client: unknown): boolean {
  return hasMethods(client, 'get', 'set') && !('setEx' in (client as object));
}

/**
 * How long an entry is kept after the end of its token. The clock tolerance is at most one minute. The issuer's clock may
 * differ by that from the server that takes a token back and from another server that accepts the token, which accepts it for
 * one more minute after its end. The `iat` may be a minute ahead as well.
 */
const slackSeconds = 4 * 60;

/** Makes a deny-list for one process. Entries end with their tokens. @throws {TypeError} while the server is built. */
export function memoryDenyList(options: MemoryDenyListOptions = {}): DenyList {
  const { longestTokenSeconds, maxEntries } = readOptions('memoryDenyList', options, memoryTable);
  const ids = new Map<string, { readonly until: number }>();
  const subjects = new Map<string, { readonly until: number; readonly at: number }>();

  let sweptAt = 0;

  /** Removes what has ended, at most once a second: to look through a million entries for each `revoke` would stop the process. */
  function sweep(now: number): void {
    if (sweptAt === now) return;
    sweptAt = now;
    for (const list of [ids, subjects]) {
      for (const [key, { until }] of list) if (until < now) list.delete(key);
    }
  }

  /** @throws {Error} when the list is full. An entry that is there already needs no room. */
  function put<E>(list: Map<string, E>, key: string, entry: E): void {
    const isFull = (): boolean => ids.size + subjects.size >= maxEntries;
    if (isFull() && !list.has(key)) {
      sweep(currentSeconds());
      if (isFull())
        throw new Error('The deny-list is full: raise maxEntries of memoryDenyList(), or use redisDenyList().');
    }
    list.set(key, entry);
  }
  return {
    async revoke(jti, exp) {
      const until = checkExpiry(exp) + slackSeconds;
      put(ids, checkId('jti', jti), { until: Math.max(until, ids.get(jti)?.until ?? 0) });
    },
    async revokeAllFor(sub) {
      const until = currentSeconds() + longestTokenSeconds + slackSeconds;
      put(subjects, checkId('sub', sub), { at: selectLaterTime(subjects.get(sub)?.at), until });
    },
    isRevoked(credential) {
      const { jti, sub } = credential;
      if (jti !== undefined && ids.has(jti)) return true;
      const all = subjects.get(sub);
      return all !== undefined && !isIssuedAfter(all.at, credential);
    },
  };
}

/** Makes a deny-list for a fleet, in Redis. Entries end with their tokens. @throws {TypeError} while the server is built. */
export function redisDenyList(options: RedisDenyListOptions): DenyList {
  const { client, keyPrefix, longestTokenSeconds } = readOptions('redisDenyList', options, redisTable);
  return {
    async revoke(jti, exp) {
      const key = `${keyPrefix}jti:${checkId('jti', jti)}`;
      const until = Math.max(checkExpiry(exp) + slackSeconds, Number(await client.get(key)));
      const left = until - currentSeconds();
      if (left > 0) await client.set(key, String(until), 'EX', left);
    },
    async revokeAllFor(sub) {
      const key = `${keyPrefix}sub:${checkId('sub', sub)}`;
      const at = selectLaterTime(Number(await client.get(key)));
      await client.set(key, String(at), 'EX', longestTokenSeconds + slackSeconds);
    },
    // Two commands in parallel, and not one over two keys: in a cluster the keys may be on different nodes.
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

/** The whole seconds since the epoch. */
const currentSeconds = (): number => Math.floor(Date.now() / 1_000);

/**
 * Selects now, or the time of an earlier revocation where that is later. The clock of the server that revokes again may be
 * behind, and its time would let tokens in that the first revocation has ended. An earlier time that is further ahead than
 * `slackSeconds` is cut: no accepted token is dated further ahead.
 */
function selectLaterTime(earlier = 0): number {
  const now = currentSeconds();
  return Math.max(now, Math.min(earlier, now + slackSeconds));
}

/**
 * Whether a token was certainly issued after the second `at`. Fractions of `iat` are dropped. An `iat` that is ahead of the
 * clock by more than the tolerance does not say when the token was issued.
 */
function isIssuedAfter(at: number, { iat, clockToleranceSeconds }: RevocationQuery): boolean {
  const earliest = Math.floor(iat) - clockToleranceSeconds;
  return earliest > at && earliest <= currentSeconds();
}

/** @throws {TypeError} */
function checkId(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${name} must be a non-empty text, but is ${show(value)}.`);
}

/** @throws {TypeError} for a time in milliseconds, among others: its entry would be kept for 50,000 years. */
function checkExpiry(exp: unknown): number {
  if (typeof exp === 'number' && exp > 0 && exp < 1e11) return Math.ceil(exp);
  throw new TypeError(`exp must be in seconds since the epoch, but is ${show(exp)}.`);
}
