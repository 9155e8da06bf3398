export { type AccessRow, accessTable, describeAccess, describeChecks } from './access.ts';
export {
  type ApiKeyOptions,
  type ApiKeyRecord,
  type ApiKeyStore,
  type GeneratedApiKey,
  generateApiKey,
} from './api-keys.ts';
export type { CredentialOptions } from './authenticate.ts';
export { type Authenticate, type AuthenticateOptions, authenticate } from './authenticate.ts';
export { type AuthorizationOptions, authorization } from './authorization.ts';
export type { CredentialSource } from './bearer.ts';
export { type AuthArguments, type CodeRule, type CodeRules, type Names, type OwnerArguments } from './code-rules.ts';
export type { CookieOptions } from './cookie.ts';
export {
  type DenyList,
  type DenyListOptions,
  type MemoryDenyListOptions,
  memoryDenyList,
  type RedisCommands,
  type RedisDenyListOptions,
  redisDenyList,
} from './deny-list.ts';
export { type AuthMode, authDirectives, authDirectivesAs, type DirectiveNames, type OwnerMode } from './directives.ts';
export type { DpopOptions } from './dpop.ts';
export { type GuardSchemaOptions, guardSchema } from './guard-schema.ts';
export { type ImpliedRightsOptions, impliedRights } from './implied-rights.ts';
export type { IssuerOptions } from './issuer.ts';
export type { KeyOptions } from './keys.ts';
export { type Loader, type LoaderForMany, type LoaderQuestion, type Loaders, loaded } from './loaders.ts';
export { isGuarded } from './marker.ts';
export { notFound } from './not-found.ts';
export { reported } from './outcomes.ts';
export { type Attempt, type Penalty, type PenaltyOptions, penalty } from './penalty.ts';
export { type Policies, type PolicyFunction, type PolicyOptions, type PolicyQuestion } from './policies.ts';
export type { RevocationOptions, RevocationQuery } from './revocation.ts';
export { type CallerRights, rightsOf, ruleAt } from './rights.ts';
export type { DefaultRule } from './rule-index.ts';
