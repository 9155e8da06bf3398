/** What a guard is asked about, and how it says no. */
import type { RefusalCode } from '@graphql-bulwark/core';
import type { GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import type { Found, Guarded } from '../compile/compiled-rules.ts';
import type { OwnerMode } from '../directives/sdl.ts';
import type { Memo } from './answer-cache.ts';

/** The way to a value in the answer, from its end. */
export type Path = Pick<GraphQLResolveInfo['path'], 'key'> & { readonly prev: Path | undefined };

/** Who asked, in which operation. */
export interface Where {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly memo: Memo;
  /** The field that is denied, or whose value is. */
  readonly info?: GraphQLResolveInfo | undefined;
}

/** One question to a guard. */
export interface Question extends Where {
  readonly source: unknown;
  /** The field's coerced arguments; none for an object. Those that are left out are filled in by the guard that has presets. */
  args: Readonly<Record<string, unknown>>;
  /** Whether the resolver of this field has run: the question is about what it returned. */
  readonly resolved?: boolean | undefined;
  /** Loader -> what it found for the verdict, where a resolver asks for it. */
  readonly rows?: Map<string, unknown> | undefined;
  /** The part of the arguments that the question is about; left out: the field or the object itself. */
  readonly part?: Found | undefined;
}

/** The arguments of an object: it has none. */
export const noArgs: Question['args'] = {};

export interface Why {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** A guard's no. */
export interface Denied extends Why {
  readonly guarded: Guarded;
  /** What stands in place of the value. */
  readonly mode: OwnerMode;
}

/** Who is told of what comes up while a question is answered. */
export interface Reports {
  /** Tells the operator that a role was let pass where an owner was asked for. */
  bypassed(guarded: Guarded, rule: string, where: Where): void;
  /** Logs what should not have failed, once per coordinate and operation. */
  failed(guarded: Guarded, error: unknown, memo: Memo): void;
}

/** Where an operation stands, for what is told of it. */
export function whereOf({ contextValue, operation, memo, info }: Question): Where {
  return { contextValue, operation, memo, info };
}
