/** The options of `limits()`: what each means, its unit and its default. */
import type { SecurityContext } from '@graphql-bulwark/core';

/** Limits for all callers. Each is a whole number, or `false` for none. */
export interface Limits {
  /** Length of the query text in UTF-16 code units, comments and white space included. 1 or more. @default 30000 */
  readonly maxCharacters?: number | false | undefined;
  /**
   * Nesting of brackets in the query text, of any kind: selection sets, arguments, lists and objects. Checked before the text is parsed,
   * because parser, validation and execution are recursive and a text that is too deep would overflow their stack. The guard refuses
   * more than 1,500 in any case. 1 or more.
   * @default 200
   */
  readonly maxNesting?: number | false | undefined;
  /** Lexical tokens of the document, as the parser counted them. 1 or more. @default 3000 */
  readonly maxTokens?: number | false | undefined;
  /** Operations in one document, selected or not. 1 or more. @default 10 */
  readonly maxOperations?: number | false | undefined;
  /** Fragment definitions in one document. 0 or more. @default 100 */
  readonly maxFragments?: number | false | undefined;
  /** Nesting of fields; a root field is 1, a leaf counts, `__typename` does not. 1 or more. @default 16 */
  readonly maxDepth?: number | false | undefined;
  /** Aliased fields after fragments are expanded, without `__typename`. 0 or more. @default 50 */
  readonly maxAliases?: number | false | undefined;
  /** Fields after fragments are expanded. 1 or more. @default 5000 */
  readonly maxFields?: number | false | undefined;
  /** Directives after fragments are expanded. 0 or more. @default 50 */
  readonly maxDirectives?: number | false | undefined;
  /** Directives on one field, fragment, variable or operation. 0 or more. @default 5 */
  readonly maxDirectivesPerNode?: number | false | undefined;
  /** Nesting of fragment spreads. 0 or more. @default 15 */
  readonly maxFragmentDepth?: number | false | undefined;
  /** Variables that the operation declares. 0 or more. @default 50 */
  readonly maxVariables?: number | false | undefined;
  /** Nesting of fields from `__schema` and `__type` down. 0 or more. @default 15, what the standard query needs */
  readonly maxIntrospectionDepth?: number | false | undefined;
  /** Fields at and below `__schema` and `__type`. 0 or more. @default 350, a little more than the largest standard query needs */
  readonly maxIntrospectionFields?: number | false | undefined;
  /** Distinct response keys at the root. 1 or more. @default 20 */
  readonly maxRootFields?: number | false | undefined;
  /** Distinct response keys at the root of a mutation. 0 or more. @default 5 */
  readonly maxMutationRootFields?: number | false | undefined;
  /** Distinct response keys (aliases) under which one field is selected in one selection set. 1 or more. @default 15 */
  readonly maxOccurrences?: number | false | undefined;
  /**
   * Repetitions: fields beside another one of the same response key, after selections are merged, in all of the document. Validation
   * compares them in pairs, which takes longest. The `__typename` that clients add to each selection set does not count. Where one key
   * has more than 32 fields, a sixteenth of their pairs counts instead. 0 or more. @default 400
   */
  readonly maxRepeatedFields?: number | false | undefined;
  /** Nesting of a variable's value; a scalar is 1. 1 or more. @default 10 */
  readonly maxVariableDepth?: number | false | undefined;
  /** Values in the variables: every scalar, list and object, at any depth. 1 or more. @default 10000 */
  readonly maxVariableNodes?: number | false | undefined;
  /** Length of a string or a key in the variables, in UTF-16 code units. 1 or more. @default 100000 */
  readonly maxVariableStringLength?: number | false | undefined;
  /** Operations of one HTTP batch. Those beyond the limit are refused, the first ones are answered. 1 or more. @default 10 */
  readonly maxBatchSize?: number | false | undefined;
}

/** Limits that can depend on the caller. The size of a batch cannot, because it belongs to no single operation. */
export type PrincipalLimits = Omit<Limits, 'maxBatchSize'>;

/** The limits for all callers, for some callers, and what happens above them. */
export interface LimitsOptions extends Limits {
  /** `report`: what would be refused becomes an event and nothing is refused. @default 'enforce' */
  readonly mode?: 'enforce' | 'report' | undefined;
  /**
   * Tighter limits for some callers, checked for the operation that will run. A value above the limit for all callers has no effect. When
   * the function throws or returns an invalid limit, the operation is denied. Left out: all callers have the same limits.
   */
  readonly perPrincipal?: ((security: SecurityContext) => PrincipalLimits) | undefined;
}
