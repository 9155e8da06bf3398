/** What a guard is asked about. */
import type { GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import type { Where } from './denials.ts';
import type { Memo } from './memo.ts';

/** One question to a guard. */
export interface Question {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly memo: Memo;
  readonly source: unknown;
  readonly args: Readonly<Record<string, unknown>>;
  readonly info?: GraphQLResolveInfo | undefined;
  /** Whether the resolver of this field has run: the question is about what it returned. */
  readonly resolved?: boolean | undefined;
  /** Loader -> what it found for the verdict, where a resolver asks for it. */
  readonly rows?: Map<string, unknown> | undefined;
}

/** Where an operation stands, for what is told of it. */
export function whereOf({ contextValue, operation, memo, info }: Question): Where {
  return { contextValue, operation, memo, info };
}
