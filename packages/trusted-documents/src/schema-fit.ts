/** Finds trusted documents that no longer fit the schema: their clients will be refused. */
import { setImmediate } from 'node:timers/promises';
import { type GraphQLSchema, parse, validate } from 'graphql';
import type { TrustedDocument } from './catalogue.ts';

/** Documents that are validated before other work of the process gets its turn. */
const slice = 20;

/** @param isObsolete asked between slices; the search then ends. */
export async function listUnfit(
  documents: readonly TrustedDocument[],
  schema: GraphQLSchema,
  isObsolete: () => boolean,
): Promise<readonly string[]> {
  const unfit: string[] = [];
  for (const [i, { text, label, where }] of documents.entries()) {
    if (i % slice === slice - 1) {
      await setImmediate();
      if (isObsolete()) return [];
    }
    const [error] = validate(schema, parse(text), undefined, { maxErrors: 1, hideSuggestions: true });
    if (error) unfit.push(`${label} (${where()}: ${error.message})`);
  }
  return unfit;
}
