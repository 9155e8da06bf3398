/**
 * The ids by which a request names a document: `documentId` (GraphQL over HTTP, appendix on persisted documents),
 * `extensions.persistedQuery.sha256Hash` (Apollo), `id` and `doc_id` (Relay).
 */
import { type IncomingRequest, refuse } from '@graphql-bulwark/core';
import { isRecord } from '@graphql-bulwark/core/internal';

/** What a client sent to name its document. */
export interface RequestIds {
  /** Each names a document, whatever else is sent. */
  readonly certain: readonly string[];
  /** The hash of Apollo's protocol, which is among `certain` as well. */
  readonly hash: string | undefined;
  /** Names that clients use for other things, too: they name a document where there is no text, or where the id is known. */
  readonly possible: readonly string[];
}

/** @throws {GraphQLError} a `BAD_REQUEST` refusal for an id that is no string. */
export function readRequestIds({ extensions, parameter }: IncomingRequest): RequestIds {
  const documentId = readId(parameter('documentId'));
  const { persistedQuery } = extensions ?? {};
  const hash = isRecord(persistedQuery) ? readId(persistedQuery['sha256Hash']) : undefined;
  const certain = [documentId, hash].filter((id) => id !== undefined);
  const possible = [parameter('id'), parameter('doc_id')].filter((id) => typeof id === 'string');
  return { certain, hash, possible };
}

/** Clients that have nothing to say send `null`. */
function readId(id: unknown): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'string') return id;
  throw refuse('BAD_REQUEST', { reason: 'the id of a document is not a string' });
}
