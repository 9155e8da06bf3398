/**
 * Subscriptions over HTTP. They are refused, except for those whose events the server posts to a URL that the client names
 * (the callback protocol of routers).
 *
 * A plugin that serves such callbacks posts to that URL even if the request was refused, and as often as the client asks. So
 * the guard removes the request for a callback before any plugin can read it, and gives it to a plugin of its own only after
 * every control has let the operation pass. A refused subscription is refused in the answer, as the protocol wants it, and
 * nothing is posted.
 *
 * Protocol: https://www.apollographql.com/docs/router/executing-operations/subscription-callback-protocol
 */
import { randomUUID } from 'node:crypto';
import type { ApolloServerPlugin, GraphQLRequest } from '@apollo/server';
import {
  ApolloServerPluginSubscriptionCallback,
  type ApolloServerPluginSubscriptionCallbackOptions,
} from '@apollo/server/plugin/subscriptionCallback';
import { type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { Control } from '../control.ts';
import { refuse } from '../errors/refuse.ts';
import { longestTimer } from '../lib/promises.ts';
import { type Check, listOf, requireKnownOptions, show } from '../lib/read-options.ts';

/** Where routers receive the events of subscriptions, and options of Apollo Server's plugin that posts them. */
export interface SubscriptionCallbackOptions extends ApolloServerPluginSubscriptionCallbackOptions {
  /**
   * Absolute http(s) URLs without user, query and fragment. A callback must have the origin of one of them, and a path below
   * its path.
   */
  readonly urls: readonly string[];
}

/** The part of a request's extensions that asks for a callback. */
export type CallbackRequest = Readonly<Record<string, unknown>>;

/** The callbacks of one guard. */
export interface Callbacks {
  /** Posts to the router. Must be given a request only after every control let it pass. */
  readonly plugin: ApolloServerPlugin;
  /** Removes what asks for a callback from the request. @returns it where its URL is allowed, otherwise `undefined`. */
  readonly takeFrom: (request: GraphQLRequest) => CallbackRequest | undefined;
}

/** What happens around each post to a router. */
export interface Posting {
  /** Masks errors, so that any client may see them. */
  readonly mask: (errors: readonly GraphQLFormattedError[]) => readonly GraphQLFormattedError[];
  /** Called when the end of a subscription could not be posted to its router. */
  readonly failed: (error: unknown) => void;
}

const urlList: Check = listOf(
  "URLs such as 'https://router.example.com/'",
  (text: unknown) => parsePrefix(text) !== undefined,
);

/** All beside `urls` belong to Apollo Server's plugin, which checks their values itself. */
const optionNames = ['urls', 'fetcher', 'logger', 'maxConsecutiveHeartbeatFailures', 'retry'];

/**
 * Accepts a list as in {@link SubscriptionCallbackOptions.urls}, or options with one in `urls`.
 *
 * @throws {TypeError} for anything else.
 */
export function checkCallbackUrls(option: string, value: unknown): void {
  if (Array.isArray(value)) {
    urlList(option, value);
    return;
  }
  const { urls } = (value ?? {}) as Partial<SubscriptionCallbackOptions>;
  if (!Array.isArray(urls)) {
    throw new TypeError(
      `${option} must be a list of URLs or an object with such a list in urls, but is ${show(value)}.`,
    );
  }
  requireKnownOptions(option, value as object, optionNames);
  urlList(`${option}.urls`, urls);
}

/** Builds the plugin and the test of URLs. @param options as {@link checkCallbackUrls} has checked them. */
export function createCallbacks(options: readonly string[] | SubscriptionCallbackOptions, posting: Posting): Callbacks {
  const {
    urls,
    fetcher = fetch,
    ...more
  }: SubscriptionCallbackOptions = 'urls' in options ? options : { urls: options };
  const prefixes = urls.flatMap((text) => parsePrefix(text) ?? []);
  return {
    plugin: ApolloServerPluginSubscriptionCallback({ ...more, fetcher: createFetcher(fetcher, posting) }),
    takeFrom(request) {
      const { subscription, ...extensions } = request.extensions ?? {};
      if (subscription === undefined) return undefined;
      request.extensions = extensions;
      const url = parsePlainUrl(readCallbackUrl(subscription));
      if (!url || !prefixes.some((prefix) => isBelow(url, prefix))) return undefined;
      return makeUrlUnique(url, boundHeartbeat(subscription as CallbackRequest));
    },
  };
}

/**
 * Makes the URL of a callback unique. Subscriptions are kept by URL: a second one for the same URL would replace the first,
 * which could then no longer be ended. A fragment, which is never sent to the router, makes the URLs differ.
 */
function makeUrlUnique(url: URL, { callback_url: _url, ...subscription }: CallbackRequest): CallbackRequest {
  url.hash = randomUUID();
  return { ...subscription, callbackUrl: url.href };
}

/** Removes the fragment that {@link makeUrlUnique} added. */
function removeFragment(url: string): string {
  return url.split('#', 1)[0] ?? url;
}

type Fetcher = NonNullable<ApolloServerPluginSubscriptionCallbackOptions['fetcher']>;

/**
 * Wraps the function that posts. A router passes the errors of an event on to its client, so they are masked like those of
 * any answer. No caller waits for the post that ends a subscription: its rejection would have no handler and end the process.
 * So a failure of that post is reported here, and the plugin gets an answer as if it had succeeded.
 */
function createFetcher(fetcher: Fetcher, { mask, failed }: Posting): Fetcher {
  return async function postMasked(url, init) {
    const { payload, errors, ...message } = JSON.parse(String(init?.body)) as Message;
    const masked: Message = {
      ...message,
      ...(payload && { payload: payload.errors ? { ...payload, errors: mask(payload.errors) } : payload }),
      ...(errors && { errors: mask(errors) }),
    };
    const posted = fetcher(removeFragment(url), { ...init, body: JSON.stringify(masked) });
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

/** The body of a post to a router. */
interface Message {
  readonly action: string;
  readonly payload?: { readonly errors?: readonly GraphQLFormattedError[] };
  readonly errors?: readonly GraphQLFormattedError[];
}

/**
 * Bounds how often the client lets this server ask the router whether the subscription is still wanted: at most once a
 * second; 0 is never.
 */
function boundHeartbeat(subscription: CallbackRequest): CallbackRequest {
  const { heartbeatIntervalMs, heartbeat_interval_ms, ...rest } = subscription;
  const asked = heartbeatIntervalMs ?? heartbeat_interval_ms;
  const isNumber = typeof asked === 'number' && !Number.isNaN(asked);
  const interval = isNumber ? Math.min(Math.max(asked, 1_000), longestTimer) : 5_000;
  return { ...rest, heartbeatIntervalMs: asked === 0 ? 0 : interval };
}

/** Refuses subscriptions: Apollo Server would execute one like a query, with `resolve` and without `subscribe`. */
export const noSubscription: Control = {
  name: 'guard',
  check({ operation }) {
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw refuse('SUBSCRIPTION_NOT_SUPPORTED');
  },
};

/**
 * Lets only subscriptions ask for a callback. Their variables are coerced here, because a later error would only be posted to
 * the router.
 */
export const onlySubscription: Control = {
  name: 'guard',
  check(resolved) {
    const isSubscription = resolved.operation.operation === OperationTypeNode.SUBSCRIPTION;
    if (!isSubscription) throw refuse('BAD_REQUEST', { reason: 'callback' });
    void resolved.variables;
  },
};

/**
 * Both spellings are in use. A request with both could name two URLs, of which another reader may take the one that was not
 * checked.
 */
function readCallbackUrl(subscription: unknown): unknown {
  if (typeof subscription !== 'object' || subscription === null) return undefined;
  const { callbackUrl, callback_url } = subscription as Record<string, unknown>;
  return callbackUrl !== undefined && callback_url !== undefined ? undefined : (callbackUrl ?? callback_url);
}

/** Parses an absolute http(s) URL without user and password. */
function parsePlainUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';
  return isPlain ? url : undefined;
}

/** Parses an entry of `urls`. */
function parsePrefix(text: unknown): URL | undefined {
  const url = parsePlainUrl(text);
  return url?.search === '' && url.hash === '' ? url : undefined;
}

/** Encoded dots and slashes are refused, because a router may decode them and leave the folder. */
function isBelow(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin || /%2e|%2f|%5c/i.test(url.pathname)) return false;
  const folder = prefix.pathname.endsWith('/') ? prefix.pathname : `${prefix.pathname}/`;
  return url.pathname === prefix.pathname || url.pathname.startsWith(folder);
}
