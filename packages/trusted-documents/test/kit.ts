/** A server with a list of trusted documents, and the texts that stand on it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApolloServer, type ApolloServerOptionsWithSchema } from '@apollo/server';
import { type Control, guard, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { onTestFinished } from 'vitest';
import { as } from '../../../test/kit.ts';
import { type TrustedDocuments, type TrustedDocumentsOptions, trustedDocuments } from '../src/index.ts';

/** The path of a manifest that a real tool wrote. Its name says which, and in which version. */
export const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

export const apolloManifest = fixture('apollo-generate-persisted-query-manifest-1.4.0.json');
export const relayManifest = fixture('relay-compiler-21.0.1-md5.json');
export const codegenManifest = fixture('codegen-cli-7.4.3-client-preset-6.2.0.json');

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly body: string;
}
const { operations } = JSON.parse(readFileSync(apolloManifest, 'utf8')) as { operations: readonly Listed[] };

/** An operation of Apollo's manifest. */
export function listed(name: 'InvoicePage' | 'Me' | 'PayInvoice' | 'InvoicePaid'): Listed {
  const found = operations.find((operation) => operation.name === name);
  if (!found) throw new Error(`The fixture has no ${name}`);
  return found;
}

/** How often the mutation ran. */
export const ran: string[] = [];

const invoice = { id: '7', number: 'INV-7', total: 100, author: { id: 'u1', name: 'Ada' } };
export const schema = makeExecutableSchema({
  typeDefs: readFileSync(fixture('schema.graphql'), 'utf8'),
  resolvers: {
    Query: { me: () => invoice.author, invoice: () => invoice, invoices: () => [invoice] },
    Mutation: {
      payInvoice() {
        ran.push('payInvoice');
        return invoice;
      },
    },
  },
});

export const anonymous = as(null);
export const staff = as({ id: 'ada', roles: ['STAFF'] });

export interface Served {
  readonly server: ApolloServer<SecuredContext>;
  readonly trusted: TrustedDocuments;
  readonly events: SecurityEvent[];
}

/** A server whose first control is the list; its own cache is wired, as `createBulwark` wires it. */
export async function serve(
  options: Partial<TrustedDocumentsOptions> = {},
  controls: readonly Control[] = [],
  apollo: Partial<ApolloServerOptionsWithSchema<SecuredContext>> = {},
): Promise<Served> {
  const trusted = trustedDocuments({ manifests: [apolloManifest], mode: 'require', ...options });
  const events: SecurityEvent[] = [];
  const server = new ApolloServer<SecuredContext>({
    schema,
    introspection: true,
    allowBatchedHttpRequests: true,
    stopOnTerminationSignals: false,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    documentStore: trusted.documentStore(),
    ...apollo,
    plugins: [
      guard<SecuredContext>({ controls: [trusted, ...controls], onEvent: (event) => events.push(event) }),
      ...(apollo.plugins ?? []),
    ],
  });
  ran.length = 0;
  await server.start();
  onTestFinished(() => server.stop());
  return { server, trusted, events };
}
