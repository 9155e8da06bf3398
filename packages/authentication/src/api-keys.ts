/**
 * API keys: `prefix_keyid_secret`. The prefix is for secret scanners, the id for the look-up, the secret is random and kept only
 * as its SHA-256: with 256 random bits there is nothing that a slow hash could protect.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@graphql-bulwark/core';
import {
  atLeast,
  awaitWithin,
  type Check,
  hasMethods,
  isNumericDate,
  isText,
  must,
  type OptionTable,
  readOptions,
  sha256Bytes,
} from '@graphql-bulwark/core/internal';

/** What a store knows of a key. */
export interface ApiKeyRecord {
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly secretSha256: string;
  /** Whose key it is: the id of the principal. A client may have several keys that live at once. */
  readonly subject: string;
  readonly scopes?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  /** Further claims, for example the tenant that `@owner` compares. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds since the epoch. Left out or null: none. */
  readonly notBefore?: number | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly revokedAt?: number | null | undefined;
}

export interface ApiKeyStore {
  /** The record of a key id, or nothing. Rejects when it cannot know. */
  find(keyId: string): ApiKeyRecord | null | undefined | Promise<ApiKeyRecord | null | undefined>;
  /** Told of every use, not waited for. */
  used?(keyId: string): void | Promise<void>;
}

export interface ApiKeyOptions {
  /** What every key begins with: letters, digits and underscores, a letter first. */
  readonly prefix: string;
  readonly store: ApiKeyStore;
  /** How long to wait for the store. Whole number, 1 or more. @default 2000 */
  readonly timeoutMilliseconds?: number | undefined;
}

export interface GeneratedApiKey {
  /** Shown once, to its owner. */
  readonly key: string;
  readonly keyId: string;
  /** What to keep. */
  readonly secretSha256: string;
}

/** An API key's outcome. `keyId`: of a key that exists. */
export type KeyVerdict =
  | { readonly principal: Principal }
  | { readonly invalid: string; readonly claimedId?: string; readonly keyId?: string }
  | { readonly unavailable: string; readonly cause: unknown };

const prefixPattern = /^[A-Za-z]\w{0,31}$/;
const restPattern = /^([0-9a-f]{16})_([0-9a-f]{64})$/;
/** Compared with where there is no key, so that an unknown id takes as long as a wrong secret. */
const dummySha256 = '0'.repeat(64);

const aPrefix: Check = must(
  'be 1 to 32 letters, digits and underscores, a letter first',
  (prefix: unknown) => isText(prefix) && prefixPattern.test(prefix),
);

const optionTable = {
  prefix: { required: true, check: aPrefix },
  store: { required: true, check: must('have find(keyId)', (store: unknown) => hasMethods(store, 'find')) },
  timeoutMilliseconds: { default: 2_000, check: atLeast(1) },
} satisfies OptionTable<ApiKeyOptions>;

/** Makes a new key: 64 bits of id, 256 bits of secret. @throws {TypeError} */
export function generateApiKey({ prefix }: Pick<ApiKeyOptions, 'prefix'>): GeneratedApiKey {
  const keyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  aPrefix('generateApiKey: prefix', prefix);
  return { key: `${prefix}_${keyId}_${secret}`, keyId, secretSha256: sha256Bytes(secret).toString('hex') };
}

/** @throws {TypeError} while the server is built. */
export function apiKeyVerifier(options: ApiKeyOptions): (key: string) => Promise<KeyVerdict> {
  const { prefix, store, timeoutMilliseconds } = readOptions('authenticate: apiKeys', options, optionTable);
  const start = `${prefix}_`;
  return async (key) => {
    const [, keyId, secret] = key.startsWith(start) ? (restPattern.exec(key.slice(start.length)) ?? []) : [];
    if (keyId === undefined || secret === undefined) return { invalid: 'malformed key' };
    let found: ApiKeyRecord | null | undefined;
    try {
      found = await awaitWithin(timeoutMilliseconds, Promise.resolve(store.find(keyId)));
    } catch (cause) {
      return { unavailable: 'api key store', cause };
    }
    try {
      // Both are computed in every case.
      const same = timingSafeEqual(sha256Bytes(secret), digestOf(found ? found.secretSha256 : dummySha256));
      if (!found) return { invalid: 'unknown key', claimedId: keyId };
      if (!same) return { invalid: 'wrong secret', claimedId: keyId, keyId };
      const ended = endOf(found);
      if (ended !== undefined) return { invalid: ended, keyId };
      void noted(store, keyId);
      return { principal: principalOf(keyId, found) };
    } catch (cause) {
      return { unavailable: 'malformed api key record', cause };
    }
  };
}

/** A store that cannot note a use does not keep anyone out. */
async function noted(store: ApiKeyStore, keyId: string): Promise<void> {
  try {
    await store.used?.(keyId);
  } catch {
    // It is a note, and no more.
  }
}

function endOf({ notBefore, expiresAt, revokedAt }: ApiKeyRecord): string | undefined {
  const now = Date.now() / 1_000;
  if (revokedAt !== null && revokedAt !== undefined) return 'revoked';
  // A Date would be compared by its milliseconds, and lie in the far future.
  if (![expiresAt ?? now, notBefore ?? now].every(isNumericDate)) {
    throw new TypeError('expiresAt and notBefore must be numbers of seconds since the epoch.');
  }
  if (expiresAt !== null && expiresAt !== undefined && now >= expiresAt) return 'expired';
  return notBefore === null || notBefore === undefined || now >= notBefore ? undefined : 'not valid yet';
}

function principalOf(keyId: string, record: ApiKeyRecord): Principal {
  const { subject, scopes = [], roles = [], claims = {}, expiresAt } = record;
  const areTexts = [scopes, roles].every(
    (names) => Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== ''),
  );
  if (typeof subject !== 'string' || subject === '' || !areTexts) {
    throw new TypeError('subject must be a text, scopes and roles lists of texts, none of them empty.');
  }
  return Object.freeze({
    id: subject,
    claims: Object.freeze({ ...claims, sub: subject }),
    roles: Object.freeze([...roles]),
    scopes: Object.freeze([...scopes]),
    authMethod: 'api-key',
    keyId,
    ...(typeof expiresAt === 'number' && { expiresAt }),
  });
}

function digestOf(hex: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
  throw new TypeError('secretSha256 must be 64 hexadecimal digits.');
}
