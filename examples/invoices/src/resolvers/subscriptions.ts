/** Invoices of an organisation, at the moment they are paid. Whose, the client says: nothing here asks whether it may. */
import { type EventEmitter, on } from 'node:events';
import type { InvoicesContext } from '../app.ts';
import type { Invoice } from '../records.ts';
import { tenantOf } from './caller.ts';
import { invoiceById } from './load.ts';

export const subscriptionResolvers = {
  Subscription: {
    invoicePaid: {
      subscribe: (_: unknown, args: { organisationId?: string | null }, context: InvoicesContext) => {
        const org = args.organisationId ?? tenantOf(context);
        return listen(context.events, 'invoicePaid', (id) => {
          const invoice = invoiceById(context.db, id);
          return invoice?.organisationId === org ? invoice : undefined;
        });
      },
      resolve: (invoice: Invoice) => invoice,
    },
  },
};

/**
 * The events that `pick` makes something of. Written out rather than as a generator: `return()` of a generator that
 * waits for an event waits with it, and the listener would stay until the next payment.
 */
function listen<T>(emitter: EventEmitter, name: string, pick: (id: string) => T | undefined): AsyncIterableIterator<T> {
  const source = on(emitter, name) as AsyncIterableIterator<[string]>;
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    await source.return?.();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      for (;;) {
        const step = await source.next();
        if (step.done) return { done: true, value: undefined };
        const value = pick(step.value[0]);
        if (value !== undefined) return { done: false, value };
      }
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
