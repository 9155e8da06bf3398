/**
 * Reads the manifests, at first and again while the server runs. What is trusted is replaced as a whole or not at all: a
 * manifest that cannot be read, or that lost most of its documents, leaves everything as it was.
 */
import { type FSWatcher, watch } from 'node:fs';
import { longestTimer } from '@graphql-bulwark/core/internal';
import { buildCatalogue, type Catalogue, countOperations } from './catalogue.ts';
import type { ManifestEntry } from './manifest.ts';
import type { Source } from './manifest-source.ts';

/** What a reload found. */
export interface Loaded {
  readonly documents: number;
  readonly operations: number;
  /** Whether it differs from what was trusted before. */
  readonly isChanged: boolean;
}

/** Options of one reload. */
export interface ReloadOptions {
  /** Takes manifests that lost more than half of their documents. @default false */
  readonly acceptFewer?: boolean | undefined;
}

/** Told of what happens between requests. */
export interface ReloadReporter {
  readonly changed: (catalogue: Catalogue) => void;
  readonly failed: (error: unknown) => void;
}

/** The manifests of one control. */
export interface Manifests {
  /** What is trusted now. Empty until all sources have been read. */
  readonly read: () => Catalogue;
  /** Whether every source has been read. */
  readonly isLoaded: () => boolean;
  /** @throws {Error} where a manifest is refused; what was trusted before still is. */
  readonly reload: (options?: ReloadOptions) => Promise<Loaded>;
  /** Begins to poll and to watch. */
  readonly follow: (options: { readonly seconds: number | false; readonly watch: boolean }) => void;
  /** Releases timers and watchers. */
  readonly stop: () => void;
}

type Contents = readonly (readonly ManifestEntry[])[];

/** Milliseconds without another change of a file before it is read: editors and deployments write in several steps. */
const settled = 100;

/**
 * Reads the files, so that a bad one is found while the server is being built. Where there are functions as well, nothing is
 * trusted before a reload has asked them.
 *
 * @throws {TypeError} for a manifest that cannot be read, and where there is no document at all.
 */
export function loadManifests(sources: readonly Source[], reporter: ReloadReporter): Manifests {
  let contents: Contents = [];
  let catalogue = buildCatalogue([]);
  let isLoaded = false;
  let last: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let settling: NodeJS.Timeout | undefined;
  let watchers: readonly FSWatcher[] = [];

  function replace(read: Contents, { acceptFewer = false }: ReloadOptions = {}): Loaded {
    const isChanged = !isLoaded || !isSame(contents, read);
    if (isChanged) {
      if (isLoaded && !acceptFewer) requireMost(contents, read);
      const next = buildCatalogue(read.flat(), catalogue);
      if (next.documents.length === 0) {
        throw new TypeError('trustedDocuments: the manifests hold no document. Run the tool of your clients first.');
      }
      [contents, catalogue, isLoaded] = [read, next, true];
      reporter.changed(next);
    }
    return { documents: catalogue.documents.length, operations: countOperations(catalogue), isChanged };
  }

  /** @throws {Error} naming the source. */
  function requireMost(before: Contents, read: Contents): void {
    for (const [i, { name }] of sources.entries()) {
      const [were, are] = [before[i]?.length ?? 0, read[i]?.length ?? 0];
      if (2 * are >= were) continue;
      throw new Error(
        `trustedDocuments: ${name} has ${are} documents and had ${were}, so it may be incomplete, and the old one stays. ` +
          'Where that is right, call reload({ acceptFewer: true }) or start again.',
      );
    }
  }

  // One after the other: an older answer of a slow store must not replace a newer one.
  function reload(options?: ReloadOptions): Promise<Loaded> {
    const next = last.then(async () =>
      replace(await Promise.all(sources.map(async (source) => source.read())), options),
    );
    last = next.catch(() => undefined);
    return next;
  }

  function reloadInBackground(): void {
    reload().catch(reporter.failed);
  }

  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(reloadInBackground, settled).unref();
  }

  const files = sources.filter(({ folder }) => folder).map(({ read }) => read() as readonly ManifestEntry[]);
  if (files.length === sources.length) replace(files);

  return {
    read: () => catalogue,
    isLoaded: () => isLoaded,
    reload,
    follow({ seconds, watch: watches }) {
      if (timer || watchers.length > 0) return; // another server has the same control
      if (seconds !== false) {
        timer = setInterval(reloadInBackground, Math.min(seconds * 1_000, longestTimer)).unref();
      }
      if (!watches) return;
      // The folder, because a file that is replaced by another one is not watched any more.
      watchers = sources
        .flatMap(({ folder }) => folder ?? [])
        .map(({ path, recursive }) =>
          watch(path, { persistent: false, recursive }, settle).on('error', reporter.failed),
        );
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      clearTimeout(settling);
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}

function isSame(before: Contents, read: Contents): boolean {
  return (
    before.length === read.length &&
    before.every((entries, i) => {
      const others = read[i] ?? [];
      return (
        entries.length === others.length &&
        entries.every(({ id, text }, n) => id === others[n]?.id && text === others[n]?.text)
      );
    })
  );
}
