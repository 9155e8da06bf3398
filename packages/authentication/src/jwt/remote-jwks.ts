/**
 * An issuer's key set over HTTP (RFC 7517 section 5). An issuer rotates its keys, and may be slow, down, or answer something
 * else.
 *
 * At most one request is under way. An attacker can send tokens with invented key ids, so an unknown id makes the set be
 * fetched again only when the last answer is at least 30 seconds old. An issuer that fails is asked again after 1, 2, 4 ... 60
 * seconds. Meanwhile its last keys are used for a limited time.
 */
import { longestTimer } from '@graphql-bulwark/core/internal';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isUsableKey } from './usable-key.ts';

/** Why there are no keys. A constant, because text of the issuer may hold secrets. */
export type KeysFault = 'timeout' | 'unreachable' | 'status' | 'content type' | 'too large' | 'not a key set';

/** Told when an issuer stops and starts giving its keys. `reason` is set for `issuer.down`. */
export type IssuerListener = (state: 'issuer.down' | 'issuer.up', reason?: KeysFault) => void;

/** The keys that a token needs cannot be fetched. The token may be valid, so the answer is 503 and not 401. */
export class KeysUnavailable extends Error {
  readonly fault: KeysFault;
  /** When the issuer is asked again. Whole number, 1 or more. */
  readonly retryAfterSeconds: number;

  constructor(fault: KeysFault, retryAfterSeconds: number) {
    super(`The key set cannot be fetched: ${fault}`);
    this.name = 'KeysUnavailable';
    this.fault = fault;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Where a key set is, and how long it is waited for and used. */
export interface RemoteKeysOptions {
  readonly url: URL;
  /** How long one request may take, its body included. */
  readonly timeoutMilliseconds: number;
  /** How long keys are used beyond ten minutes while the issuer is down. */
  readonly staleSeconds: number;
  readonly onState?: IssuerListener | undefined;
}

/** Keys younger than this are used without asking the issuer. */
const freshMilliseconds = 600_000;
/** The least time between two requests that unknown key ids cause. */
const cooldownMilliseconds = 30_000;
const longestBackOffMilliseconds = 60_000;
const maxBodyBytes = 262_144;

/** A key set as it was last fetched. `since` is in milliseconds since the epoch. */
interface FetchedKeys {
  readonly select: JWTVerifyGetKey;
  readonly since: number;
}

/**
 * Makes the function that selects the key of a token for jose. Nothing is fetched before a token needs it.
 *
 * The function rejects with {@link KeysUnavailable} where the keys cannot be fetched, and with `JWKSNoMatchingKey` of jose
 * where the set has no such key.
 */
export function createRemoteKeys({
  url,
  timeoutMilliseconds,
  staleSeconds,
  onState,
}: RemoteKeysOptions): JWTVerifyGetKey {
  let held: FetchedKeys | undefined;
  let pending: Promise<void> | undefined;
  let failure: { readonly fault: KeysFault; readonly times: number; readonly retryAt: number } | undefined;

  // When the clock was set back, keys count as old and are fetched again.
  const isYounger = ({ since }: FetchedKeys, milliseconds: number): boolean =>
    Date.now() >= since && Date.now() - since < milliseconds;

  async function load(): Promise<void> {
    try {
      held = {
        select: createLocalJWKSet(selectUsableKeys(await fetchKeySet(url, timeoutMilliseconds))),
        since: Date.now(),
      };
      if (failure) onState?.('issuer.up');
      failure = undefined;
    } catch (error) {
      const fault = error instanceof FetchFault ? error.fault : 'not a key set';
      const times = (failure?.times ?? 0) + 1;
      const wait = Math.min(longestBackOffMilliseconds, 1_000 * 2 ** Math.min(times - 1, 6));
      if (!failure) onState?.('issuer.down', fault);
      failure = { fault, times, retryAt: Date.now() + wait };
    }
  }

  /** Fetches the keys, unless they are being fetched or the issuer has failed a moment ago. Never rejects. */
  function refresh(): Promise<void> {
    const waiting =
      failure && Date.now() < failure.retryAt && failure.retryAt - Date.now() <= longestBackOffMilliseconds;
    if (!pending && waiting) return Promise.resolve();
    pending ??= load().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  function makeUnavailable(): KeysUnavailable {
    const wait = failure ? (failure.retryAt - Date.now()) / 1_000 : 1;
    return new KeysUnavailable(failure?.fault ?? 'unreachable', Math.max(1, Math.ceil(wait)));
  }

  return async function selectKey(header, token) {
    const usable = held && isYounger(held, freshMilliseconds + 1_000 * staleSeconds);
    if (!held || !isYounger(held, freshMilliseconds)) {
      const asked = refresh();
      // While the issuer is down, requests do not wait for it as long as the last keys may still be used.
      if (!usable || !failure) await asked;
    }
    const known = held;
    if (!known || !isYounger(known, freshMilliseconds + 1_000 * staleSeconds)) throw makeUnavailable();
    try {
      return await known.select(header, token);
    } catch (error) {
      const unknown = error instanceof errors.JWKSNoMatchingKey;
      if (!unknown || isYounger(known, cooldownMilliseconds)) throw error;
      // Another request may have fetched a new set in the meantime.
      if (held === known) await refresh();
      if (!held || held === known) throw makeUnavailable();
      return held.select(header, token);
    }
  };
}

/** Why a key set could not be fetched. */
class FetchFault extends Error {
  readonly fault: KeysFault;

  constructor(fault: KeysFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Fetches a key set. Redirects are not followed: only the configured URL is trusted.
 *
 * @throws {FetchFault}
 */
async function fetchKeySet(url: URL, timeoutMilliseconds: number): Promise<unknown> {
  const signal = AbortSignal.timeout(Math.min(timeoutMilliseconds, longestTimer));
  try {
    const headers = { accept: 'application/json, application/jwk-set+json' };
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    const isJson = /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(response.headers.get('content-type') ?? '');
    if (response.status !== 200 || !isJson) {
      await response.body?.cancel();
      throw new FetchFault(response.status === 200 ? 'content type' : 'status');
    }
    return JSON.parse(await readBoundedText(response)) as unknown;
  } catch (error) {
    if (error instanceof FetchFault) throw error;
    if (error instanceof SyntaxError) throw new FetchFault('not a key set');
    throw new FetchFault(signal.aborted ? 'timeout' : 'unreachable');
  }
}

/** Reads at most 256 KiB, so that an endless answer does not fill the memory. @throws {FetchFault} beyond. */
async function readBoundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by an exception cancels the rest of the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw new FetchFault('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Checks that an answer is a key set, and leaves out the keys that are not usable. @throws {JWKSInvalid} */
function selectUsableKeys(set: unknown): JSONWebKeySet {
  createLocalJWKSet(set as JSONWebKeySet);
  return { keys: (set as JSONWebKeySet).keys.filter(isUsableKey) };
}
