/** Marks a guarded schema, so that the rest of the suite recognises it and reads its rules. */
import type { GraphQLSchema } from 'graphql';
import type { CompiledRules } from './compile/compiled-rules.ts';
import type { DenialReporter } from './enforce/denial.ts';
import type { AnswerCaches } from './evaluate/answer-cache.ts';
import type { RuleEvaluator } from './evaluate/evaluate.ts';

/** What the guards of a schema share with controls and reports. */
export interface Guards {
  readonly compiled: CompiledRules;
  readonly evaluator: RuleEvaluator;
  readonly caches: AnswerCaches;
  readonly denials: DenialReporter;
}

interface MarkedGuards extends Guards {
  /** The marked schema: a transform copies the mark to its result, which is another schema. */
  readonly schema: GraphQLSchema;
}

// Registered, so that an ES module copy and a CommonJS copy of this package recognise each other's schemas.
const key: unique symbol = Symbol.for('graphql-bulwark.guarded') as never;

/** Marks a schema that has not been handed out yet. */
export function markGuarded(schema: GraphQLSchema, guards: Guards): GraphQLSchema {
  // A new object: the schema may share its extensions with the one it was made from. Without a prototype: of any other object
  // graphql-js copies the string keys only, and a later transform would lose the mark.
  const extensions: object = Object.assign(Object.create(null), schema.extensions);
  schema.extensions = Object.assign(extensions, { [key]: { ...guards, schema } satisfies MarkedGuards });
  return schema;
}

/** The guards of this schema, or of the guarded one that it was made from. */
export function findGuards(schema: GraphQLSchema): MarkedGuards | undefined {
  return (schema.extensions as { [key]?: MarkedGuards })[key];
}

/** Whether this very schema came out of `guardSchema()`, and was not transformed since. */
export function isGuarded(schema: GraphQLSchema): boolean {
  return findGuards(schema)?.schema === schema;
}
