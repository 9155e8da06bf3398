/** The later payloads of an answer that comes in parts (`@defer`, `@stream`): their errors are masked like those of the first. */
import type { GraphQLResponse } from '@apollo/server';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';

type Incremental = Extract<GraphQLResponse['body'], { kind: 'incremental' }>;
type Payload = Incremental['subsequentResults'] extends AsyncIterable<infer P> ? P : never;
type Part = { readonly errors?: readonly GraphQLFormattedError[] };

/** Formatted errors and, where they are known, the same ones before they were formatted. */
export type Mask = (
  errors: readonly GraphQLFormattedError[],
  originals: readonly GraphQLError[],
) => readonly GraphQLFormattedError[];

/** @param originals the errors that Apollo Server told of and that no payload has carried yet, in order. */
export async function* maskedPayloads(
  payloads: AsyncIterable<Payload>,
  originals: GraphQLError[],
  mask: Mask,
): AsyncGenerator<Payload, void> {
  const clean = <P extends Part>(part: P): P => {
    if (!part.errors) return part;
    return { ...part, errors: mask(part.errors, originals.splice(0, part.errors.length)) };
  };
  for await (const payload of payloads) {
    const { incremental, completed } = payload as { incremental?: readonly Part[]; completed?: readonly Part[] };
    yield {
      ...payload,
      ...(incremental && { incremental: incremental.map(clean) }),
      ...(completed && { completed: completed.map(clean) }),
    };
  }
}
