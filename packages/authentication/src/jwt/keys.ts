/** Which key verifies which signatures (RFC 7518 section 3.1, RFC 8725 section 3.1). Decided while the server starts. */
import { createPublicKey, KeyObject } from 'node:crypto';
import { types } from 'node:util';
import {
  atLeast,
  between,
  fullListOf,
  mustUnshown,
  type Settings,
  type SharedTable,
} from '@graphql-bulwark/core/internal';
import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { createRemoteKeys, type IssuerListener } from './remote-jwks.ts';
import { isUsableKey, minRsaBits } from './usable-key.ts';

/** The keys of an issuer. Give exactly one of `jwksUrl`, `jwks` and `key`. */
export interface KeyOptions {
  /** Signature algorithms that are accepted, for example `['ES256']`. HMAC must not stand beside others. */
  readonly algorithms: readonly string[];
  /** The URL of the issuer's JSON Web Key Set (RFC 7517 section 5). HTTPS; plain HTTP only on the loopback interface. */
  readonly jwksUrl?: string | URL | undefined;
  /** A JSON Web Key Set of public keys, at least one. */
  readonly jwks?: JSONWebKeySet | undefined;
  /** One key: public, as `KeyObject`, `CryptoKey` or PEM text (SPKI); for HMAC a secret as `Uint8Array` or `KeyObject`. */
  readonly key?: KeyObject | CryptoKey | string | Uint8Array | undefined;
  /** How long to wait for the key set. Whole number, 1 or more. @default 5000 */
  readonly jwksTimeoutMilliseconds?: number | undefined;
  /** How long keys are used beyond ten minutes while the issuer is down. Whole number, 0 to 86400. @default 3600 */
  readonly jwksStaleSeconds?: number | undefined;
}

/** What jose takes as the key of `jwtVerify`: one key, or a function that selects one by the header of the token. */
export type VerificationKeys = JWTVerifyGetKey | KeyObject | CryptoKey | Uint8Array;

/** Which keys fit a signature algorithm. */
interface Algorithm {
  /** As Node names the types of asymmetric keys; `secret` is HMAC. */
  readonly keyType: 'rsa' | 'ec' | 'ed25519' | 'secret';
  /** As Node names curves. */
  readonly curve?: string;
  /** RFC 7518 section 3.2: an HMAC key is at least as long as the hash. */
  readonly minBytes?: number;
}

const rsa: Algorithm = { keyType: 'rsa' };
const ed25519: Algorithm = { keyType: 'ed25519' };
const knownAlgorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['ES256', { keyType: 'ec', curve: 'prime256v1' }],
  ['ES384', { keyType: 'ec', curve: 'secp384r1' }],
  ['ES512', { keyType: 'ec', curve: 'secp521r1' }],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
  ['HS256', { keyType: 'secret', minBytes: 32 }],
  ['HS384', { keyType: 'secret', minBytes: 48 }],
  ['HS512', { keyType: 'secret', minBytes: 64 }],
]);

const anAlgorithm = `names among ${[...knownAlgorithms.keys()].join(', ')}`;

/** The options of keys that have a default. */
export type DefaultedKeyOption = 'jwksTimeoutMilliseconds' | 'jwksStaleSeconds';

export const keyOptionTable: SharedTable<KeyOptions, DefaultedKeyOption> = {
  algorithms: { required: true, check: fullListOf(anAlgorithm, (name: string) => knownAlgorithms.has(name)) },
  jwksUrl: {
    check: mustUnshown('be an https URL without credentials (http only on the loopback interface)', isTrustedUrl),
  },
  jwks: {
    check: mustUnshown(
      'be a JSON Web Key Set of at least one key, all of them readable and public (RSA: at least 2048 bits)',
      isPublicKeySet,
    ),
  },
  key: { check: mustUnshown('be a KeyObject, a CryptoKey, PEM text or a Uint8Array', isKey) },
  jwksTimeoutMilliseconds: { default: 5_000, check: atLeast(1) },
  jwksStaleSeconds: { default: 3_600, check: between(0, 86_400) },
};

/**
 * Compiles the options to what jose verifies with.
 *
 * @param onState told when the issuer at `jwksUrl` stops and starts giving its keys.
 * @throws {TypeError} while the server is built, for keys and algorithms that do not fit each other.
 */
export function compileKeys(
  options: Settings<KeyOptions, DefaultedKeyOption>,
  onState?: IssuerListener,
): VerificationKeys {
  const { jwksUrl, jwks, key, jwksTimeoutMilliseconds, jwksStaleSeconds } = options;
  const algorithms = options.algorithms.flatMap((name) => knownAlgorithms.get(name) ?? []);
  const secrets = algorithms.filter(({ keyType }) => keyType === 'secret').length;
  // Algorithm confusion (RFC 8725 section 2.1): an attacker signs with HMAC and takes the public key, which everyone knows, as
  // secret.
  if (secrets > 0 && secrets < algorithms.length) {
    throw new TypeError(
      'algorithms must not mix HMAC with signatures, because a public key would pass for a secret: give algorithms of one kind.',
    );
  }
  const given = Object.entries({ jwksUrl, jwks, key }).flatMap(([name, source]) =>
    source === undefined ? [] : [name],
  );
  if (given.length !== 1) {
    throw new TypeError(
      `Give exactly one of jwksUrl, jwks and key; given is ${given.join(' and ') || 'none of them'}.`,
    );
  }
  if (key !== undefined) return checkKey(key, algorithms);
  if (secrets > 0) throw new TypeError('HMAC algorithms need a secret as key; a key set holds public keys.');
  if (jwks !== undefined) return createLocalJWKSet(jwks);
  return createRemoteKeys({
    url: new URL(jwksUrl as string | URL),
    timeoutMilliseconds: jwksTimeoutMilliseconds,
    staleSeconds: jwksStaleSeconds,
    onState,
  });
}

/** @throws {TypeError} for a key that does not fit each of the algorithms. */
function checkKey(key: NonNullable<KeyOptions['key']>, algorithms: readonly Algorithm[]): VerificationKeys {
  const known = typeof key === 'string' ? parsePublicKey(key) : key;
  const object = known instanceof KeyObject || known instanceof Uint8Array ? known : KeyObject.from(known);
  for (const algorithm of algorithms) {
    if (!fitsAlgorithm(object, algorithm)) {
      throw new TypeError(
        algorithm.keyType === 'secret'
          ? 'key must be a secret (Uint8Array or secret KeyObject) at least as long as the hash of its HMAC algorithm.'
          : 'key must be a public key (RSA: at least 2048 bits) that fits each of the algorithms; give keys of several kinds as jwks.',
      );
    }
  }
  return known;
}

/** Text must say that it is a public key, so that a password is not taken for one. @throws {TypeError} */
function parsePublicKey(pem: string): KeyObject {
  if (!pem.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) {
    throw new TypeError("key as text must be a PEM public key ('BEGIN PUBLIC KEY'); a secret must be a Uint8Array.");
  }
  try {
    return createPublicKey(pem);
  } catch {
    throw new TypeError('key is not a readable PEM public key: export it as SPKI in PEM.');
  }
}

/** Whether a key has the type, the curve and the length that an algorithm needs (RFC 7518 sections 3.2 to 3.4). */
function fitsAlgorithm(key: KeyObject | Uint8Array, { keyType, curve, minBytes = 0 }: Algorithm): boolean {
  if (keyType === 'secret') {
    if (key instanceof Uint8Array) return key.byteLength >= minBytes;
    return key.type === 'secret' && (key.symmetricKeySize ?? 0) >= minBytes;
  }
  if (key instanceof Uint8Array || key.type !== 'public' || key.asymmetricKeyType !== keyType) return false;
  const { namedCurve, modulusLength = minRsaBits } = key.asymmetricKeyDetails ?? {};
  return (curve === undefined || namedCurve === curve) && modulusLength >= minRsaBits;
}

function isKey(value: unknown): boolean {
  const isKeyLike = types.isKeyObject(value) || types.isCryptoKey(value);
  return isKeyLike || value instanceof Uint8Array || typeof value === 'string';
}

/** Whether a key set has at least one key and no secret, private, broken or short one. */
function isPublicKeySet(jwks: JSONWebKeySet): boolean {
  try {
    createLocalJWKSet(jwks);
    return jwks.keys.length > 0 && jwks.keys.every(isUsableKey);
  } catch {
    return false;
  }
}

/** Keys over plain HTTP could be replaced on the way. Credentials in a URL end in logs. */
function isTrustedUrl(url: unknown): boolean {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && loopback)) && username === '' && password === '';
}
