export { type AccessRow, accessTable, describeAccess, describeChecks } from './access-table.ts';
export { type AuthorizationOptions, authorization } from './authorization.ts';
export { type CallerRights, findRule, readCallerRights } from './caller-rights.ts';
export type { DefaultRule } from './compile/compile-rules.ts';
export {
  type AuthArguments,
  type CodeRule,
  type CodeRules,
  type Names,
  type OwnerArguments,
} from './directives/rules-from-code.ts';
export {
  type AuthMode,
  authDirectives,
  authDirectivesAs,
  type DirectiveNames,
  type OwnerMode,
} from './directives/sdl.ts';
export { notFound } from './enforce/denial.ts';
export { type Loader, type LoaderForMany, type LoaderQuestion, type Loaders, loaded } from './evaluate/loaders.ts';
export { type Policies, type PolicyFunction, type PolicyOptions, type PolicyQuestion } from './evaluate/policies.ts';
export { guardSchema } from './guard-schema.ts';
export { isGuarded } from './guarded-schema.ts';
export type { GuardSchemaOptions } from './options.ts';
