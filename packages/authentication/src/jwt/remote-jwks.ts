/**
 * An issuer's key set over HTTP (RFC 7517 section 5), as it is in the real world: rotated, slow, dead, or something else.
 *
 * One request at a time. A key id that nobody knows asks again only when the last answer has cooled down; an issuer that
 * fails is asked again after 1, 2, 4 ... 60 seconds; keys that were good are used for a while when it is down.
 */
import { longestTimer } from '@graphql-bulwark/core/internal';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isUsableKey } from './usable-key.ts';

/** Why there are no keys: a short constant, never text of the issuer. */
export type KeysFault = 'timeout' | 'unreachable' | 'status' | 'content type' | 'too large' | 'not a key set';

/** Told when an issuer stops and starts giving its keys. */
export type IssuerListener = (state: 'issuer.down' | 'issuer.up', reason?: KeysFault) => void;

/** The keys that a token needs cannot be had; it may be good. */
export class KeysUnavailable extends Error {
  readonly fault: KeysFault;
  readonly retryAfterSeconds: number;

  constructor(fault: KeysFault, retryAfterSeconds: number) {
    super(`The key set cannot be had: ${fault}`);
    this.name = 'KeysUnavailable';
    this.fault = fault;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface RemoteKeysOptions {
  readonly url: URL;
  readonly timeoutMilliseconds: number;
  /** How long keys are used beyond their ten minutes while the issuer is down. */
  readonly staleSeconds: number;
  readonly onState?: IssuerListener | undefined;
}

const freshMilliseconds = 600_000;
const cooldownMilliseconds = 30_000;
const longestBackOffMilliseconds = 60_000;
const maxBodyBytes = 262_144;

interface Held {
  readonly select: JWTVerifyGetKey;
  readonly since: number;
}

/** Compiles the options to what jose takes as a key. Nothing is fetched before a token needs it. */
export function remoteKeys({ url, timeoutMilliseconds, staleSeconds, onState }: RemoteKeysOptions): JWTVerifyGetKey {
  let held: Held | undefined;
  let pending: Promise<void> | undefined;
  let failure: { readonly fault: KeysFault; readonly times: number; readonly retryAt: number } | undefined;

  // A clock that was set back makes keys old, not young.
  const isYounger = ({ since }: Held, milliseconds: number): boolean =>
    Date.now() >= since && Date.now() - since < milliseconds;

  async function load(): Promise<void> {
    try {
      held = { select: createLocalJWKSet(usableKeys(await fetchKeySet(url, timeoutMilliseconds))), since: Date.now() };
      if (failure) onState?.('issuer.up');
      failure = undefined;
    } catch (error) {
      const fault = error instanceof Fault ? error.fault : 'not a key set';
      const times = (failure?.times ?? 0) + 1;
      const wait = Math.min(longestBackOffMilliseconds, 1_000 * 2 ** Math.min(times - 1, 6));
      if (!failure) onState?.('issuer.down', fault);
      failure = { fault, times, retryAt: Date.now() + wait };
    }
  }

  /** Asks the issuer, unless it is being asked or has failed a moment ago. Never rejects. */
  function refresh(): Promise<void> {
    const waiting =
      failure && Date.now() < failure.retryAt && failure.retryAt - Date.now() <= longestBackOffMilliseconds;
    if (!pending && waiting) return Promise.resolve();
    pending ??= load().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  function unavailable(): KeysUnavailable {
    const wait = failure ? (failure.retryAt - Date.now()) / 1_000 : 1;
    return new KeysUnavailable(failure?.fault ?? 'unreachable', Math.max(1, Math.ceil(wait)));
  }

  return async (header, token) => {
    const usable = held && isYounger(held, freshMilliseconds + 1_000 * staleSeconds);
    if (!held || !isYounger(held, freshMilliseconds)) {
      const asked = refresh();
      // An issuer known to be down is not waited for while there are keys that may still be used.
      if (!usable || !failure) await asked;
    }
    const known = held;
    if (!known || !isYounger(known, freshMilliseconds + 1_000 * staleSeconds)) throw unavailable();
    try {
      return await known.select(header, token);
    } catch (error) {
      const unknown = error instanceof errors.JWKSNoMatchingKey;
      if (!unknown || isYounger(known, cooldownMilliseconds)) throw error;
      // Somebody else's token may have asked in the meantime.
      if (held === known) await refresh();
      if (!held || held === known) throw unavailable();
      return held.select(header, token);
    }
  };
}

class Fault extends Error {
  readonly fault: KeysFault;

  constructor(fault: KeysFault) {
    super(fault);
    this.fault = fault;
  }
}

/** A redirect is a status like any other: the configured URL is the only one that is trusted. */
async function fetchKeySet(url: URL, timeoutMilliseconds: number): Promise<unknown> {
  const signal = AbortSignal.timeout(Math.min(timeoutMilliseconds, longestTimer));
  try {
    const headers = { accept: 'application/json, application/jwk-set+json' };
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    const isJson = /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(response.headers.get('content-type') ?? '');
    if (response.status !== 200 || !isJson) {
      await response.body?.cancel();
      throw new Fault(response.status === 200 ? 'content type' : 'status');
    }
    return JSON.parse(await boundedText(response)) as unknown;
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof SyntaxError) throw new Fault('not a key set');
    throw new Fault(signal.aborted ? 'timeout' : 'unreachable');
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw new Fault('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function usableKeys(set: unknown): JSONWebKeySet {
  createLocalJWKSet(set as JSONWebKeySet); // throws for anything but a key set
  return { keys: (set as JSONWebKeySet).keys.filter(isUsableKey) };
}
