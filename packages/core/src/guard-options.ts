/** What the one plugin takes, and what keeps it from starting. */
import type { BaseContext } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { Control } from './control.ts';
import type { EventListener, Logger } from './events.ts';
import { checkFlags, checkFunctions, checkLogger, knownOptions, show } from './options.ts';
import type { SchemaDetails } from './outgoing.ts';
import type { SubscriptionCallbackOptions } from './subscriptions.ts';
import type { Messages } from './wording.ts';

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

const names = [
  'controls',
  'onEvent',
  'expose',
  'logger',
  'schemaDetails',
  'messages',
  'noStore',
  'subscriptionCallbacks',
] as const satisfies readonly (keyof GuardOptions)[];

/** @throws {TypeError} for options that cannot be meant. */
export function checkGuardOptions<C extends BaseContext>(options: GuardOptions<C>): void {
  knownOptions('guard', options, names);
  const { controls, onEvent, expose, logger, noStore, schemaDetails = false } = options;
  if (!Array.isArray(controls)) throw new TypeError(`guard: controls must be a list, but is ${show(controls)}.`);
  for (const control of controls as readonly unknown[]) {
    // It has a name, as a control has, and would judge nothing.
    if (typeof control === 'function') {
      throw new TypeError(`guard: controls has a function; call it: ${control.name}().`);
    }
    if (typeof (control as { readonly name?: unknown } | null)?.name === 'string') continue;
    throw new TypeError(`guard: controls must hold controls, such as limits(), but holds ${show(control)}.`);
  }
  const different = new Set(controls.map(({ name }) => name));
  if (different.size < controls.length) throw new TypeError('guard: each control may stand in controls only once.');
  checkFunctions({ onEvent, expose });
  checkFlags({ noStore });
  checkLogger(logger);
  if (typeof schemaDetails === 'boolean' || typeof schemaDetails === 'function') return;
  throw new TypeError(`schemaDetails must be a boolean or a function, but is ${show(schemaDetails)}.`);
}
