/** What the one plugin takes, and what keeps it from starting. */
import type { BaseContext } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { Control } from '../control.ts';
import { checkMessages, type Messages } from '../errors/messages.ts';
import { aLogger, type EventListener, type Logger } from '../events/events.ts';
import {
  aFlag,
  aFlagOrFunction,
  aFunction,
  type OptionTable,
  readOptions,
  type Settings,
  show,
} from '../lib/read-options.ts';
import { callbackUrls, type SubscriptionCallbackOptions } from './http-subscriptions.ts';
import type { SchemaDetails } from './response.ts';

export interface GuardOptions<C extends BaseContext = BaseContext> {
  /** In the order in which they judge; put rate limits last, so that what another control refuses is not charged. */
  readonly controls: readonly Control<C>[];
  /** Told of every refusal and failure. Left out: each kind is logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /** Errors without a code of their own that clients may see all the same. Left out: none. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /** Gets what was masked, in full. Left out: the Apollo Server's own logger. */
  readonly logger?: Logger | undefined;
  /**
   * Who may read what validation and coercion say of the schema; only `true` lets. Everyone else gets one error with
   * a constant text and no place, whatever is wrong. Left out: everyone where `NODE_ENV` is `development` or `test`, otherwise no one.
   */
  readonly schemaDetails?: SchemaDetails | undefined;
  /** Texts in place of the constant ones, by code. */
  readonly messages?: Messages | undefined;
  /** Where Apollo Server's cache-control plugin is off: forbid every cache to keep an answer. @default false */
  readonly noStore?: boolean | undefined;
  /**
   * URLs below which a router takes the events of subscriptions; with options of Apollo Server's callback plugin beside `urls`. The
   * guard runs that plugin. Left out: none, and requests for a callback are ordinary ones.
   */
  readonly subscriptionCallbacks?: readonly string[] | SubscriptionCallbackOptions | undefined;
}

const optionTable = {
  controls: { required: true, check: checkControls },
  onEvent: { check: aFunction },
  expose: { check: aFunction },
  logger: { check: aLogger },
  schemaDetails: { check: aFlagOrFunction },
  messages: { default: {}, check: checkMessages },
  noStore: { default: false, check: aFlag },
  subscriptionCallbacks: { default: [], check: callbackUrls },
} satisfies OptionTable<GuardOptions>;

/** @throws {TypeError} for an invalid option. */
export function readGuardOptions<C extends BaseContext>(
  options: GuardOptions<C>,
): Settings<GuardOptions<C>, 'messages' | 'noStore' | 'subscriptionCallbacks'> {
  return readOptions('guard', options, optionTable);
}

function checkControls(option: string, controls: unknown): void {
  if (!Array.isArray(controls)) throw new TypeError(`${option} must be a list, but is ${show(controls)}.`);
  for (const control of controls as readonly unknown[]) {
    // It has a name, as a control has, and would judge nothing.
    if (typeof control === 'function') throw new TypeError(`${option} has a function; call it: ${control.name}().`);
    if (typeof (control as { readonly name?: unknown } | null)?.name === 'string') continue;
    throw new TypeError(`${option} must hold controls, such as limits(), but holds ${show(control)}.`);
  }
  const different = new Set((controls as readonly Control[]).map(({ name }) => name));
  if (different.size < controls.length) throw new TypeError('guard: each control may stand in controls only once.');
}
