/**
 * Subscriptions over HTTP: none, but those whose events a server posts to a URL that the client names.
 *
 * The plugin that serves those subscribes on the way out, whatever became of the request and whatever its operation is, and
 * posts to any URL. So the request for it is taken away unless its URL is on the list, and a refused one finds no document.
 */
import { OperationTypeNode } from 'graphql';
import type { Control } from './control.ts';
import { type Check, listOf } from './lib/read-options.ts';
import { refuse } from './refusal.ts';

/** A request's extensions without what asks for a callback that is not allowed. */
export type Callbacks = (extensions: Readonly<Record<string, unknown>>) => {
  readonly extensions: Record<string, unknown>;
  readonly callback: boolean;
};

/** Absolute http(s) URLs without user, query and fragment. */
export const callbackUrls: Check = listOf(
  "URLs such as 'https://router.example.com/'",
  (text: unknown) => prefixOf(text) !== undefined,
);

/** @param allowed as {@link callbackUrls} has checked them. */
export function callbacks(allowed: readonly string[]): Callbacks {
  const prefixes = allowed.flatMap((text) => prefixOf(text) ?? []);
  return ({ subscription, ...extensions }) => {
    const url = parsed(urlOf(subscription));
    const callback = url !== undefined && prefixes.some((prefix) => isBelow(url, prefix));
    return { extensions: callback ? { ...extensions, subscription } : extensions, callback };
  };
}

/** Apollo Server would execute a subscription like a query: `resolve` without `subscribe`. */
export const noSubscription: Control = {
  name: 'guard',
  check({ operation }) {
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw refuse('SUBSCRIPTION_NOT_SUPPORTED');
  },
};

/** A router asks for a callback with a subscription; with anything else it would subscribe all the same. */
export const onlySubscription: Control = {
  name: 'guard',
  check({ operation }) {
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw refuse('BAD_REQUEST', { reason: 'callback' });
  },
};

/** Both spellings name one URL: a request that gives two is not one that an honest router sends. */
function urlOf(subscription: unknown): unknown {
  if (typeof subscription !== 'object' || subscription === null) return undefined;
  const { callbackUrl, callback_url } = subscription as Record<string, unknown>;
  return callbackUrl !== undefined && callback_url !== undefined ? undefined : (callbackUrl ?? callback_url);
}

function parsed(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
  return isPlain ? url : undefined;
}

function prefixOf(text: unknown): URL | undefined {
  const url = parsed(text);
  return url?.search === '' && url.hash === '' ? url : undefined;
}

function isBelow(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin || /%2e|%2f|%5c/i.test(url.pathname)) return false;
  const folder = prefix.pathname.endsWith('/') ? prefix.pathname : `${prefix.pathname}/`;
  return url.pathname === prefix.pathname || url.pathname.startsWith(folder);
}
