/** The options of the guard: their types, defaults and rules. */
import type { BaseContext } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { Control } from '../control.ts';
import { checkMessages, type Messages } from '../errors/messages.ts';
import { aLogger, type Logger } from '../events/log.ts';
import { type EventListener } from '../events/security-event.ts';
import {
  aFlag,
  aFlagOrFunction,
  aFunction,
  type OptionTable,
  readOptions,
  type Settings,
  show,
} from '../lib/read-options.ts';
import { checkCallbackUrls, type SubscriptionCallbackOptions } from './http-subscriptions.ts';
import type { SchemaDetails } from './response.ts';

/** Options of `guard()`. */
export interface GuardOptions<C extends BaseContext = BaseContext> {
  /**
   * In the order in which they check. Put rate limits last, so that an operation that another control refuses is not charged.
   */
  readonly controls: readonly Control<C>[];
  /** Called with every refusal and failure. Left out: each kind of event is logged once per code and minute. */
  readonly onEvent?: EventListener | undefined;
  /** Whether clients may read the message of an error that would be masked. Left out: they never may. */
  readonly expose?: ((error: GraphQLError) => boolean) | undefined;
  /** Gets masked errors in full. Left out: the logger of Apollo Server. */
  readonly logger?: Logger | undefined;
  /**
   * Who may read the messages of validation and coercion, which describe the schema. Unless this is or returns `true`, the
   * client gets one error with a constant text and no location, whatever is wrong. Left out: `true` where `NODE_ENV` is
   * `development` or `test`, otherwise `false`.
   */
  readonly schemaDetails?: SchemaDetails | undefined;
  /** Texts that replace the constant ones, by code. */
  readonly messages?: Messages | undefined;
  /**
   * Sends `Cache-Control: no-store` with every answer (RFC 9111 section 5.2.2.5). For servers on which Apollo Server's
   * cache-control plugin is off.
   *
   * @default false
   */
  readonly noStore?: boolean | undefined;
  /**
   * The URLs below which a router receives the events of subscriptions, or an object with them in `urls` and with options of
   * Apollo Server's callback plugin, which the guard runs. Left out: no URL, and a request for a callback is an ordinary
   * request.
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
  subscriptionCallbacks: { default: [], check: checkCallbackUrls },
} satisfies OptionTable<GuardOptions>;

/** Reads the options and puts in the defaults. @throws {TypeError} for an invalid option. */
export function readGuardOptions<C extends BaseContext>(
  options: GuardOptions<C>,
): Settings<GuardOptions<C>, 'messages' | 'noStore' | 'subscriptionCallbacks'> {
  return readOptions('guard', options, optionTable);
}

/** Controls have a name each, and each name once. @throws {TypeError} */
function checkControls(option: string, controls: unknown): void {
  if (!Array.isArray(controls)) throw new TypeError(`${option} must be a list, but is ${show(controls)}.`);
  for (const control of controls as readonly unknown[]) {
    // A factory has a name, as a control has, so it would pass the test below, and check nothing.
    if (typeof control === 'function') throw new TypeError(`${option} has a function; call it: ${control.name}().`);
    if (typeof (control as { readonly name?: unknown } | null)?.name === 'string') continue;
    throw new TypeError(`${option} must hold controls, such as limits(), but holds ${show(control)}.`);
  }
  const names = new Set((controls as readonly Control[]).map(({ name }) => name));
  if (names.size < controls.length)
    throw new TypeError('guard: controls must have different names: pass each control once.');
}
