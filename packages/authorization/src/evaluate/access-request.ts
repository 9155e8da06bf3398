/** What a guard is asked, and how it denies. */
import type { RefusalCode } from '@graphql-bulwark/core';
import type { GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';
import type { Guarded, GuardedPart } from '../compile/compiled-rules.ts';
import type { OwnerMode } from '../directives/sdl.ts';
import type { AnswerCache } from './answer-cache.ts';

/** A response path (GraphQL specification, "Errors"), linked from its last key to its first. */
export type Path = Pick<GraphQLResolveInfo['path'], 'key'> & { readonly prev: Path | undefined };

/** Who asks, in which operation. */
export interface AccessContext {
  readonly contextValue: unknown;
  readonly operation: OperationDefinitionNode;
  readonly cache: AnswerCache;
  /** The field that is evaluated, or whose value is. Left out while an operation is checked before it runs. */
  readonly info?: GraphQLResolveInfo | undefined;
}

/** One request to a guard: may this caller have this field, this object, or pass in this value? */
export interface AccessRequest extends AccessContext {
  /** The object that has the field, or the object itself for a rule on a type. */
  readonly source: unknown;
  /** The field's coerced arguments; none for an object. The check `presets` adds those that were left out. */
  args: Readonly<Record<string, unknown>>;
  /** Whether the resolver of this field has run: the request is about what it returned. */
  readonly resolved?: boolean | undefined;
  /** Loader -> what it found, for a resolver that asks by `loaded()`. Filled in during the evaluation. */
  readonly rows?: Map<string, unknown> | undefined;
  /** The part of the arguments that the request is about. Left out: the field or the object. */
  readonly part?: GuardedPart | undefined;
}

/** The arguments of an object: it has none. */
export const noArgs: AccessRequest['args'] = {};

export interface DenialReason {
  readonly code: RefusalCode;
  /** For the operator's event only; a client never reads it. */
  readonly reason: string;
}

/** A denied request. */
export interface Denial extends DenialReason {
  readonly guarded: Guarded;
  /** What stands in place of the value. */
  readonly mode: OwnerMode;
}

/** Where an evaluation reports what the operator should know of, beside the denial itself. */
export interface EvaluationReports {
  /** A role was let pass without a comparison of owners. Reported once per coordinate and operation. */
  reportBypass(guarded: Guarded, rule: string, context: AccessContext): void;
  /** A policy, loader or property threw. Logged once per coordinate and operation. */
  logFailure(guarded: Guarded, error: unknown, cache: AnswerCache): void;
}

/** The context of a request without its object and arguments, which a later report must not keep in memory. */
export function toAccessContext({ contextValue, operation, cache, info }: AccessRequest): AccessContext {
  return { contextValue, operation, cache, info };
}
