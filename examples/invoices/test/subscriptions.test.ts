// `invoicePaid` through graphql's own subscribe().
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type ExecutionResult, execute, parse, subscribe } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InvoicesContext, openApp } from '../src/app.ts';
import { ignoredDirectives } from '../src/bare-server.ts';
import { type Identity, startIdentity } from '../src/identity.ts';
import { resolvers } from '../src/resolvers/index.ts';
import { typeDefs } from '../src/schema.ts';

let identity: Identity;
let base: Omit<InvoicesContext, 'security'>;

const schema = makeExecutableSchema<InvoicesContext>({ typeDefs: [ignoredDirectives, typeDefs], resolvers });

beforeAll(async () => {
  identity = await startIdentity();
  base = openApp(identity);
});

afterAll(async () => {
  base.db.close();
  await identity.stop();
});

function as(id: string, org: string): InvoicesContext {
  return { ...base, security: { principal: { id, claims: { org }, roles: [], scopes: [] } } };
}

async function listen(contextValue: InvoicesContext): Promise<AsyncGenerator<ExecutionResult, void, void>> {
  const document = parse('subscription { invoicePaid { id status organisation { id } } }');
  const stream = await subscribe({ schema, document, contextValue });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  return stream;
}

async function pay(contextValue: InvoicesContext): Promise<string> {
  const org = contextValue.security.principal?.claims['org'];
  const open = "SELECT id FROM invoices WHERE organisation_id = ? AND status = 'SENT' LIMIT 1";
  const id = base.db.one<{ id: string }>(open, [String(org)])?.id ?? '';
  const document = parse(`mutation { payInvoice(id: "${id}", cardLast4: "4242") { id } }`);
  expect(await execute({ schema, document, contextValue })).not.toHaveProperty('errors');
  return id;
}

test('tells an organisation of its own payments, and of no others', async () => {
  const own = as('usr_11', 'org_1');
  const stream = await listen(own);
  const event = stream.next();
  await pay(as('usr_51', 'org_2'));
  const id = await pay(own);
  const { value } = await event;
  expect(value).toEqual({ data: { invoicePaid: { id, status: 'PAID', organisation: { id: 'org_1' } } } });
  await stream.return();
});

test('lets go of its listener when the client leaves, even while it waits', async () => {
  const stream = await listen(as('usr_11', 'org_1'));
  const waiting = stream.next();
  expect(base.events.listenerCount('invoicePaid')).toBe(1);
  await stream.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(base.events.listenerCount('invoicePaid')).toBe(0);
});
