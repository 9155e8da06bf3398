/** The package has no types. */
declare module 'graphql-validation-complexity' {
  import type { ValidationRule } from 'graphql';
  export function createComplexityLimitRule(maxCost: number): ValidationRule;
}
