/**
 * API keys: `prefix_keyid_secret`. Secret scanners find a leaked key by its prefix. The id is for the look-up. The secret has 256
 * random bits, and the store keeps only its SHA-256: a slow hash protects what can be guessed, and such a secret cannot.
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

/** What a store knows of one key. Times are in seconds since the epoch; `null` and left out mean that there is none. */
export interface ApiKeyRecord {
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly secretSha256: string;
  /** The id of the principal. One client may have several keys that are valid at once. */
  readonly subject: string;
  /** @default [] */
  readonly scopes?: readonly string[] | undefined;
  /** @default [] */
  readonly roles?: readonly string[] | undefined;
  /** Further claims, for example the tenant that `@owner` compares. @default {} */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** The key is refused before. */
  readonly notBefore?: number | null | undefined;
  /** The key is refused from then on. */
  readonly expiresAt?: number | null | undefined;
  /** When the key was taken back. It is refused, whatever the time is. */
  readonly revokedAt?: number | null | undefined;
}

/** Where the records of keys are. The application implements it. */
export interface ApiKeyStore {
  /**
   * Finds the record of a key id, 16 hexadecimal digits. `null` or `undefined`: there is no such key. Rejects when it cannot
   * know; the request is answered with 503 then.
   */
  find(keyId: string): ApiKeyRecord | null | undefined | Promise<ApiKeyRecord | null | undefined>;
  /** Notes a use. It is not waited for, and its failure is ignored. */
  used?(keyId: string): void | Promise<void>;
}

/** The option `apiKeys` of `authenticate()`. */
export interface ApiKeyOptions {
  /** What every key begins with: 1 to 32 letters, digits and underscores, a letter first. */
  readonly prefix: string;
  readonly store: ApiKeyStore;
  /** How long to wait for `store.find`. Whole number, 1 or more. @default 2000 */
  readonly timeoutMilliseconds?: number | undefined;
}

/** A new key, of which only the last two belong in the store. */
export interface GeneratedApiKey {
  /** The key itself. Show it once, to its owner, and do not keep it. */
  readonly key: string;
  /** 16 hexadecimal digits. */
  readonly keyId: string;
  /** 64 hexadecimal digits, for `ApiKeyRecord.secretSha256`. */
  readonly secretSha256: string;
}

/**
 * A verified key, one that is `invalid` (the sender's fault), or `unavailable` (the store's). `claimedId` is the id that was
 * sent, set for a guess; `keyId` is the id of a key that exists.
 */
export type ApiKeyOutcome =
  | { readonly principal: Principal }
  | { readonly invalid: string; readonly claimedId?: string; readonly keyId?: string }
  | { readonly unavailable: string; readonly cause: unknown };

/** Verifies one key. Never rejects. */
export type VerifyApiKey = (key: string) => Promise<ApiKeyOutcome>;

const prefixPattern = /^[A-Za-z]\w{0,31}$/;
const restPattern = /^([0-9a-f]{16})_([0-9a-f]{64})$/;
/** Stands in for the digest of an unknown key, so that an unknown id takes as long as a wrong secret. */
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

/** Makes a new key with an id of 64 and a secret of 256 random bits. @throws {TypeError} for an invalid prefix. */
export function generateApiKey({ prefix }: Pick<ApiKeyOptions, 'prefix'>): GeneratedApiKey {
  const keyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  aPrefix('generateApiKey: prefix', prefix);
  return { key: `${prefix}_${keyId}_${secret}`, keyId, secretSha256: sha256Bytes(secret).toString('hex') };
}

/** Compiles the options to a function that verifies a key. @throws {TypeError} while the server is built. */
export function compileApiKeys(options: ApiKeyOptions): VerifyApiKey {
  const { prefix, store, timeoutMilliseconds } = readOptions('authenticate: apiKeys', options, optionTable);
  const start = `${prefix}_`;
  return async function verifyApiKey(key) {
    const [, keyId, secret] = key.startsWith(start) ? (restPattern.exec(key.slice(start.length)) ?? []) : [];
    if (keyId === undefined || secret === undefined) return { invalid: 'malformed key' };
    let found: ApiKeyRecord | null | undefined;
    try {
      found = await awaitWithin(timeoutMilliseconds, Promise.resolve(store.find(keyId)));
    } catch (cause) {
      return { unavailable: 'api key store', cause };
    }
    try {
      // The secret is hashed and compared also where there is no key. Otherwise the time would tell which ids exist.
      const isSame = timingSafeEqual(sha256Bytes(secret), parseDigest(found ? found.secretSha256 : dummySha256));
      if (!found) return { invalid: 'unknown key', claimedId: keyId };
      if (!isSame) return { invalid: 'wrong secret', claimedId: keyId, keyId };
      const fault = findValidityFault(found);
      if (fault !== undefined) return { invalid: fault, keyId };
      void noteUse(store, keyId);
      return { principal: makePrincipal(keyId, found) };
    } catch (cause) {
      return { unavailable: 'malformed api key record', cause };
    }
  };
}

/** Never rejects: a store that cannot note a use keeps no caller out. */
async function noteUse(store: ApiKeyStore, keyId: string): Promise<void> {
  try {
    await store.used?.(keyId);
  } catch {
    // The note is for the application's own statistics.
  }
}

/**
 * Says why a key is not valid now, or `undefined`.
 *
 * @throws {TypeError} for a time that is no number of seconds. A `Date` would be compared by its milliseconds and lie far in the
 * future, so that a key with an end would never end.
 */
function findValidityFault({ notBefore, expiresAt, revokedAt }: ApiKeyRecord): string | undefined {
  const now = Date.now() / 1_000;
  if (revokedAt !== null && revokedAt !== undefined) return 'revoked';
  if (![expiresAt ?? now, notBefore ?? now].every(isNumericDate)) {
    throw new TypeError('expiresAt and notBefore must be numbers of seconds since the epoch.');
  }
  if (expiresAt !== null && expiresAt !== undefined && now >= expiresAt) return 'expired';
  return notBefore === null || notBefore === undefined || now >= notBefore ? undefined : 'not valid yet';
}

/** @throws {TypeError} for a record without a subject, or whose roles or scopes are no lists of names. */
function makePrincipal(keyId: string, record: ApiKeyRecord): Principal {
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

/** @throws {TypeError} */
function parseDigest(hex: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
  throw new TypeError('secretSha256 must be 64 hexadecimal digits.');
}
