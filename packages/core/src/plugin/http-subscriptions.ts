/**
 * Subscriptions over HTTP: none, but those whose events a server posts to a URL that the client names (the callback protocol of
 * routers).
 *
 * A plugin that serves them posts to that URL whatever became of the request, and as often as the client says. So the request for
 * a callback is taken away from every plugin, and the guard hands it to a plugin of its own only after every control has let the
 * operation pass. A refused subscription is told of in the answer, as the protocol wants it, and the router hears nothing.
 */
import { randomUUID } from 'node:crypto';
import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import {
  ApolloServerPluginSubscriptionCallback,
  type ApolloServerPluginSubscriptionCallbackOptions,
} from '@apollo/server/plugin/subscriptionCallback';
import { type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { Control } from '../control.ts';
import { refuse } from '../errors/refusal.ts';
import { longestTimer } from '../lib/deadline.ts';
import { type Check, knownOptions, listOf, show } from '../lib/read-options.ts';

/** URLs below which a router takes the events of subscriptions, and how Apollo Server's plugin talks to it. */
export interface SubscriptionCallbackOptions extends ApolloServerPluginSubscriptionCallbackOptions {
  readonly urls: readonly string[];
}

/** The part of a request's extensions that asks for a callback. */
export type CallbackRequest = Readonly<Record<string, unknown>>;

export interface Callbacks {
  /** Posts to the router. Given a request only when that was let in. */
  readonly plugin: ApolloServerPlugin;
  /** Takes what asks for a callback out of the request. @returns it where its URL is allowed, otherwise `undefined`. */
  readonly takeFrom: (request: GraphQLRequest) => CallbackRequest | undefined;
}

export interface Posting {
  /** Errors as a client may see them. */
  readonly mask: (errors: readonly GraphQLFormattedError[]) => readonly GraphQLFormattedError[];
  /** Told where a router could not be told that a subscription has ended. */
  readonly failed: (error: unknown) => void;
}

const urlList: Check = listOf(
  "URLs such as 'https://router.example.com/'",
  (text: unknown) => prefixOf(text) !== undefined,
);

/** Of options beside `urls`: those of Apollo Server's plugin, which checks them itself. */
const optionNames = ['urls', 'fetcher', 'logger', 'maxConsecutiveHeartbeatFailures', 'retry'];

/** A list of absolute http(s) URLs without user, query and fragment, or options with one in `urls`. */
export function callbackUrls(option: string, value: unknown): void {
  if (Array.isArray(value)) {
    urlList(option, value);
    return;
  }
  const { urls } = (value ?? {}) as Partial<SubscriptionCallbackOptions>;
  if (!Array.isArray(urls)) {
    throw new TypeError(`${option} must be a list of URLs, or have one in urls, but is ${show(value)}.`);
  }
  knownOptions(option, value as object, optionNames);
  urlList(`${option}.urls`, urls);
}

/** @param options as {@link callbackUrls} has checked them. */
export function createCallbacks(options: readonly string[] | SubscriptionCallbackOptions, posting: Posting): Callbacks {
  const {
    urls,
    fetcher = fetch,
    ...more
  }: SubscriptionCallbackOptions = 'urls' in options ? options : { urls: options };
  const prefixes = urls.flatMap((text) => prefixOf(text) ?? []);
  return {
    plugin: ApolloServerPluginSubscriptionCallback({ ...more, fetcher: guardedFetcher(fetcher, posting) }),
    takeFrom(request) {
      const { subscription, ...extensions } = request.extensions ?? {};
      if (subscription === undefined) return undefined;
      request.extensions = extensions;
      const url = parsed(urlOf(subscription));
      if (!url || !prefixes.some((prefix) => isBelow(url, prefix))) return undefined;
      return withEntryOfItsOwn(url, withSaneHeartbeat(subscription as CallbackRequest));
    },
  };
}

/**
 * Apollo Server's plugin knows subscriptions by their URL alone: a second one for the same URL would take the place of the first,
 * which nothing could end any more. A fragment, which is never sent, tells them apart.
 */
function withEntryOfItsOwn(url: URL, { callback_url: _url, ...subscription }: CallbackRequest): CallbackRequest {
  url.hash = randomUUID();
  return { ...subscription, callbackUrl: url.href };
}

function withoutFragment(url: string): string {
  return url.split('#', 1)[0] ?? url;
}

type Fetcher = NonNullable<ApolloServerPluginSubscriptionCallbackOptions['fetcher']>;

/**
 * A router passes errors of events on to its client: they are masked like those of any other answer. Where it does not take the end
 * of a subscription, the rejection would have no handler and end the process: it is told of here, and counts as taken.
 */
function guardedFetcher(fetcher: Fetcher, { mask, failed }: Posting): Fetcher {
  return async (url, init) => {
    const { payload, errors, ...message } = JSON.parse(String(init?.body)) as Message;
    const masked: Message = {
      ...message,
      ...(payload && { payload: payload.errors ? { ...payload, errors: mask(payload.errors) } : payload }),
      ...(errors && { errors: mask(errors) }),
    };
    const posted = fetcher(withoutFragment(url), { ...init, body: JSON.stringify(masked) });
    if (message.action !== 'complete') return posted;
    try {
      const answer = await posted;
      if (answer.ok || answer.status === 404) return answer;
      failed(new Error(`A router answered ${answer.status} to the end of a subscription.`));
    } catch (error) {
      failed(error);
    }
    return new Response(null, { status: 204 });
  };
}

/** What is posted to a router. */
interface Message {
  readonly action: string;
  readonly payload?: { readonly errors?: readonly GraphQLFormattedError[] };
  readonly errors?: readonly GraphQLFormattedError[];
}

/** In milliseconds. The client says how often the router is asked whether a subscription lives; 0: never. */
function withSaneHeartbeat(subscription: CallbackRequest): CallbackRequest {
  const { heartbeatIntervalMs, heartbeat_interval_ms, ...rest } = subscription;
  const asked = heartbeatIntervalMs ?? heartbeat_interval_ms;
  const isNumber = typeof asked === 'number' && !Number.isNaN(asked);
  const interval = isNumber ? Math.min(Math.max(asked, 1_000), longestTimer) : 5_000;
  return { ...rest, heartbeatIntervalMs: asked === 0 ? 0 : interval };
}

/** Apollo Server would execute a subscription like a query: `resolve` without `subscribe`. */
export const noSubscription: Control = {
  name: 'guard',
  check({ operation }) {
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw refuse('SUBSCRIPTION_NOT_SUPPORTED');
  },
};

/** A router asks for a callback with a subscription. What does not coerce is refused here: later, only the router would be told. */
export const onlySubscription: Control = {
  name: 'guard',
  check(resolved) {
    const isSubscription = resolved.operation.operation === OperationTypeNode.SUBSCRIPTION;
    if (!isSubscription) throw refuse('BAD_REQUEST', { reason: 'callback' });
    void resolved.variables;
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
