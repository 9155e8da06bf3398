/** How the rest of the suite recognises a guarded schema, and reads its rules. */
import type { GraphQLSchema } from 'graphql';
import type { RuleIndex } from './compile/compiled-rules.ts';
import type { Denials } from './enforce/denial.ts';
import type { Memos } from './evaluate/answer-cache.ts';
import type { Judge } from './evaluate/evaluate.ts';

export interface Guards {
  readonly index: RuleIndex;
  readonly judge: Judge;
  readonly memos: Memos;
  readonly denials: Denials;
}

interface Mark extends Guards {
  /** A transform applied later copies the mark, but not this identity. */
  readonly schema: GraphQLSchema;
}

// Registered, so that an ES module copy and a CommonJS copy of this package recognise each other's schemas.
const key: unique symbol = Symbol.for('graphql-bulwark.guarded') as never;

/** Marks a schema that nobody else has yet. */
export function mark(schema: GraphQLSchema, guards: Guards): GraphQLSchema {
  // The extensions may be one object with those of the schema that this one was made from.
  // Without a prototype: graphql-js copies the string keys of any other object, and a later transform would lose the mark.
  const extensions: object = Object.assign(Object.create(null), schema.extensions);
  schema.extensions = Object.assign(extensions, { [key]: { ...guards, schema } satisfies Mark });
  return schema;
}

/** The mark of this schema or of the one it was made from, or `undefined`. */
export function markOf(schema: GraphQLSchema): Mark | undefined {
  return (schema.extensions as { [key]?: Mark })[key];
}

/** Whether this very schema came out of `guardSchema()`, and nothing was put around it since. */
export function isGuarded(schema: GraphQLSchema): boolean {
  return markOf(schema)?.schema === schema;
}
