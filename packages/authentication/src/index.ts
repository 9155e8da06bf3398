export {
  type ApiKeyOptions,
  type ApiKeyRecord,
  type ApiKeyStore,
  type GeneratedApiKey,
  generateApiKey,
} from './api-keys.ts';
export { reportOutcome } from './auth-events.ts';
export { type Authenticate, type AuthenticateOptions, authenticate, type CredentialOptions } from './authenticate.ts';
export {
  type Attempt,
  type BruteForceOptions,
  type BruteForceProtection,
  bruteForceProtection,
} from './brute-force.ts';
export type { CookieOptions, CredentialSource } from './credential.ts';
export type { IssuerOptions } from './jwt/issuer.ts';
export type { KeyOptions } from './jwt/keys.ts';
export {
  type DenyList,
  type DenyListOptions,
  type MemoryDenyListOptions,
  memoryDenyList,
  type RedisCommands,
  type RedisDenyListOptions,
  redisDenyList,
} from './revocation/deny-list.ts';
export type { RevocationOptions, RevocationQuery } from './revocation/revocation.ts';
export { type RoleHierarchyOptions, roleHierarchy } from './role-hierarchy.ts';
export type { ProofVerifier } from './verify-credential.ts';
