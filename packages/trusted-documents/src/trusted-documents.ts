/**
 * Stops: every document that no client of yours was built with: whatever it costs, asks for or finds out.
 * Room: admit, before the text is parsed; check once more, for transports that come without.
 * Answers: `DOCUMENT_NOT_TRUSTED`, 403; `PERSISTED_QUERY_NOT_FOUND`, 200, for a hash alone, as the protocol of clients wants.
 */
import { hash } from 'node:crypto';
import {
  type Control,
  type IncomingRequest,
  type RefusalCode,
  refuse,
  type SecurityContext,
} from '@graphql-bulwark/core';
import {
  aFlag,
  aFunction,
  among,
  between,
  createDocumentStore,
  escapeText,
  fullListOf,
  joinNames,
  listOf,
  type OptionTable,
  orFalse,
  readOptions,
  type StartingServer,
  show,
} from '@graphql-bulwark/core/internal';
import { print } from 'graphql';
import { type Catalogue, countOperations, type TrustedDocument } from './catalogue.ts';
import { createSource, type ManifestSource } from './manifest-source.ts';
import { type DocumentStore, pinDocuments } from './pinned-documents.ts';
import { type Loaded, loadManifests, type ReloadOptions } from './reloading.ts';
import { type RequestIds, readRequestIds } from './request-ids.ts';
import { listUnfit } from './schema-fit.ts';

/** What is trusted, and what happens to everything else. */
export interface TrustedDocumentsOptions {
  /** Where the documents of your clients stand, at least one. A document of any of them is trusted. */
  readonly manifests: readonly ManifestSource[];
  /**
   * `report`: refuses nothing, and tells of what `require` would refuse. `prefer`: everything passes under the limits, and
   * trusted documents are exempt from those in `exempt`. `require`: nothing but trusted documents runs.
   */
  readonly mode: 'report' | 'prefer' | 'require';
  /**
   * Controls whose limits for everyone do not hold for trusted documents: what was reviewed may be larger than what anyone may
   * send. Variables, batches and `perPrincipal` are checked all the same. @default none
   */
  readonly exempt?: readonly ('limits' | 'cost')[] | undefined;
  /**
   * Who may send other documents under `require`, for example staff with a GraphQL IDE. Only `true` allows; an exception or any
   * other value refuses. Left out: no caller.
   */
  readonly allowUntrusted?: ((security: SecurityContext) => boolean) | undefined;
  /** Reads the manifests again after so many seconds, and again. Whole number, 1 to 86,400, or `false`. @default false */
  readonly reloadSeconds?: number | false | undefined;
  /** Reads the manifests again when their folders change. @default false */
  readonly watch?: boolean | undefined;
}

/** The control, with its cache of documents and a way to read the manifests again. */
export interface TrustedDocuments extends Control {
  /** Reads the manifests again. @throws {Error} where they are refused; what was trusted before still is. */
  readonly reload: (options?: ReloadOptions) => Promise<Loaded>;
  /**
   * Makes the `documentStore` of an Apollo Server: trusted documents stay parsed, up to about 100 MB, whatever else is sent.
   *
   * @param others your own store, for all other documents; `null` for none. Left out: those that were used last are kept.
   */
  readonly documentStore: (others?: DocumentStore | null) => DocumentStore;
  /** Tokens of the longest document that is exempt from `limits`, now; 0 where none is. The parser must let it pass. */
  readonly countExemptTokens: () => number;
}

const optionTable = {
  manifests: { required: true, check: fullListOf('paths, { path } or functions', isSource) },
  mode: { required: true, check: among('report', 'prefer', 'require') },
  exempt: { default: [], check: listOf("'limits' or 'cost'", (name: unknown) => name === 'limits' || name === 'cost') },
  allowUntrusted: { check: aFunction },
  reloadSeconds: { default: false, check: orFalse(between(1, 86_400)) },
  watch: { default: false, check: aFlag },
} satisfies OptionTable<TrustedDocumentsOptions>;

/**
 * Runs the documents that your own clients were built with, found by their ids or by their texts.
 *
 * @throws {TypeError} while the server is being built, for an invalid option and for a manifest that cannot be read; while it
 * starts, for one that a function returns.
 * @example trustedDocuments({ manifests: ['persisted-documents.json'], mode: 'require' })
 */
export function trustedDocuments(options: TrustedDocumentsOptions): TrustedDocuments {
  const { manifests, mode, exempt, allowUntrusted, reloadSeconds, watch } = readOptions(
    'trustedDocuments',
    options,
    optionTable,
  );
  let server: StartingServer | undefined;
  let lastFailure: string | undefined;

  const following = loadManifests(manifests.map(createSource), {
    changed(catalogue) {
      lastFailure = undefined;
      tellLoaded(catalogue);
    },
    failed(error) {
      const message = `trustedDocuments: the manifests could not be read again, and what was trusted still is: ${String(error)}`;
      // A poll would repeat it for ever.
      if (message !== lastFailure) server?.warn?.(message);
      lastFailure = message;
    },
  });

  function tellLoaded(catalogue: Catalogue): void {
    if (!server) return;
    const { schema, report } = server;
    const { length: documents } = catalogue.documents;
    report?.({
      type: 'documents.loaded',
      control: 'trusted-documents',
      documents,
      operations: countOperations(catalogue),
    });
    const isObsolete = (): boolean => server?.schema !== schema || following.read() !== catalogue;
    void tellUnfit(catalogue, server, isObsolete);
  }

  async function tellUnfit(catalogue: Catalogue, { schema, warn }: StartingServer, isObsolete: () => boolean) {
    try {
      const unfit = await listUnfit(catalogue.documents, schema, isObsolete);
      if (unfit.length === 0) return;
      warn?.(
        `trustedDocuments: ${unfit.length} of ${catalogue.documents.length} documents do not fit the schema: ${joinNames(unfit)}. ` +
          'Their clients are refused until the schema has these fields again, or the manifest no longer lists them.',
      );
    } catch (error) {
      warn?.(`trustedDocuments: the documents could not be validated: ${String(error)}`);
    }
  }

  function mayBeUntrusted(security: SecurityContext): boolean {
    if (!allowUntrusted) return false;
    const allowed: unknown = allowUntrusted(security);
    if (typeof allowed === 'boolean') return allowed;
    if (allowed instanceof Promise) allowed.catch(() => undefined); // an unhandled rejection would end the process
    throw new TypeError(`allowUntrusted must return a boolean, but returned ${show(allowed)}.`);
  }

  /** @returns the text to execute; `undefined` to leave the request as it was sent. @throws the refusal. */
  function loadTrusted(request: IncomingRequest): string | undefined {
    const catalogue = following.read();
    const ids = readRequestIds(request);
    // Some protocols require a text, and clients that send an id leave it empty.
    const text = request.source === '' ? undefined : request.source;
    const named = findNamed(catalogue, ids, text);
    if (text === undefined) return named ? named.text : refuseUnknown(ids, request);
    const own = catalogue.findByText(text);
    if (named && named !== own) throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'the id is of another text', text);
    if (own) {
      if (!named) requireHonestIds(ids, text);
      return own.text;
    }
    // In report mode the check tells, so that a document is reported once.
    if (mode !== 'require' || mayBeUntrusted(request.security)) return undefined;
    throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'unknown text', text);
  }

  /** An id without a text, which is not known. */
  function refuseUnknown({ certain, hash: sent, possible }: RequestIds, request: IncomingRequest): undefined {
    const [id] = [...certain, ...possible];
    if (id === undefined) return undefined; // neither text nor id, which the server refuses by itself
    if (sent === undefined || certain.length + possible.length > 1) {
      throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'unknown id', undefined, id);
    }
    // What clients have registered by hash is no trusted document, but may run here.
    if (mode !== 'require' || mayBeUntrusted(request.security)) return undefined;
    throw buildRefusal('PERSISTED_QUERY_NOT_FOUND', 'unknown id', undefined, id);
  }

  /** A trusted text beside ids that no manifest knows: a hash must at least be that of the text. */
  function requireHonestIds({ certain }: RequestIds, text: string): void {
    if (mode === 'prefer') return;
    const digest = hash('sha256', text);
    if (certain.every((id) => id === digest || id === `sha256:${digest}`)) return;
    throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'the id is of another text', text);
  }

  return {
    name: 'trusted-documents',
    mode: mode === 'report' ? 'report' : 'enforce',

    async open() {
      if (!following.isLoaded()) await following.reload();
      following.follow({ seconds: reloadSeconds, watch });
    },

    start(starting) {
      server = starting;
      tellLoaded(following.read());
    },

    load: loadTrusted,

    exempts({ source, document }, control) {
      const text = source ?? document?.loc?.source.body;
      return (
        exempt.some((name) => name === control) && text !== undefined && following.read().findExact(text) !== undefined
      );
    },

    check({ source, document, security }) {
      if (mode === 'prefer') return;
      const text = source ?? document.loc?.source.body ?? print(document);
      if (following.read().findByText(text)) return;
      if (mode === 'require' && mayBeUntrusted(security)) return;
      throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'unknown text', text);
    },

    stop: following.stop,
    reload: following.reload,
    documentStore: (others = createDocumentStore()) => pinDocuments(following.read, others),
    countExemptTokens: () => (exempt.includes('limits') ? following.read().maxTokens : 0),
  };
}

/**
 * Finds the document that a request names.
 *
 * @returns `undefined` where no id is known.
 * @throws {GraphQLError} the refusal of ids that name two documents, or of one that is not known beside one that is.
 */
function findNamed(
  catalogue: Catalogue,
  { certain, possible }: RequestIds,
  text: string | undefined,
): TrustedDocument | undefined {
  const all = [...certain, ...possible];
  const known = new Set(all.map((id) => catalogue.findById(id)));
  const [named, second] = [...known].filter((document) => document !== undefined);
  // Beside a text, `id` may mean something else; what is certain must be known where anything is.
  const unknown = (text === undefined ? all : certain).find((id) => catalogue.findById(id) === undefined);
  if (second || (named && unknown !== undefined)) {
    throw buildRefusal('DOCUMENT_NOT_TRUSTED', 'ids of several documents', text, all[0]);
  }
  return named;
}

/** Characters of a text that is hashed for an event: without a bound, a refusal could cost more than it saves. */
const maxHashed = 100_000;

/** @param id what was sent in place of a text. */
function buildRefusal(code: RefusalCode, reason: string, text: string | undefined, id?: string) {
  const operationHash = text !== undefined && text.length <= maxHashed ? hash('sha256', text) : undefined;
  const documentId = text === undefined && id !== undefined ? escapeText(id) : undefined;
  const headers =
    code === 'PERSISTED_QUERY_NOT_FOUND' ? { 'cache-control': 'private, no-cache, must-revalidate' } : undefined;
  return refuse(code, { reason, operationHash, documentId, headers });
}

function isSource(source: unknown): boolean {
  if (typeof source === 'string') return source !== '';
  return typeof source === 'function' || (typeof source === 'object' && source !== null);
}
