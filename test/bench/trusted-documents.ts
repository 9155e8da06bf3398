/**
 * What a request costs by how it names its document: CPU time of the whole server in process, from the body to the answer. One
 * field is resolved, so that nearly all of it is the way of the document.
 */
import { createHash } from 'node:crypto';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { guard, type SecuredContext, securityContext } from '@graphql-bulwark/core';
import { trustedDocuments } from '@graphql-bulwark/trusted-documents';

const trusted = `query Trusted { ${Array.from({ length: 40 }, (_, n) => `alias${n}: hello(name: "name ${n}")`).join('\n  ')} }`;
const listed = Object.fromEntries(
  Array.from({ length: 1_000 }, (_, n) => [`id${n}`, trusted.replace('Trusted', `T${n}`)]),
);
const control = (mode: 'prefer' | 'require') => trustedDocuments({ manifests: [() => listed], mode });

async function serve(mode: 'prefer' | 'require' | 'none'): Promise<(body: object) => Promise<number>> {
  const trust = mode === 'none' ? undefined : control(mode);
  const server = new ApolloServer<SecuredContext>({
    typeDefs: 'type Query { hello(name: String): String }',
    stopOnTerminationSignals: false,
    ...(trust && { documentStore: trust.documentStore() }),
    plugins: [guard<SecuredContext>({ controls: trust ? [trust] : [], onEvent: () => {} })],
  });
  await server.start();
  const headers = new HeaderMap([['content-type', 'application/json']]);
  return async (body) => {
    const answer = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body },
      context: async () => ({ security: securityContext() }),
    });
    return answer.status ?? 200;
  };
}

const text = listed['id7'] as string;
let fresh = 0;
/** A text that no server has seen. */
const unseen = (): string => text.replace('T7', `U${(fresh += 1)}`);
const sha256Hash = createHash('sha256').update(text).digest('hex');
const [none, prefer, require] = [await serve('none'), await serve('prefer'), await serve('require')];

const works: Readonly<Record<string, () => Promise<number>>> = {
  'no list: a text that was seen before': () => none({ query: text }),
  'no list: a text that is new': () => none({ query: unseen() }),
  'require: by id': () => require({ documentId: 'id7' }),
  'require: by hash, as Apollo clients send it': () =>
    require({ extensions: { persistedQuery: { version: 1, sha256Hash } } }),
  'require: by text': () => require({ query: text }),
  'require: by text, with other white space': () => require({ query: `${text.replaceAll('\n', '\n   ')}\n` }),
  'require: an untrusted text that is new': () => require({ query: unseen() }),
  'require: an untrusted text of 100 kB': () => require({ query: `{ hello ${'x '.repeat(50_000)} }` }),
  'prefer: an untrusted text that is new': () => prefer({ query: unseen() }),
};

const rows: Record<string, object> = {};
const least = new Map<string, number>();
for (let round = 0; round < 15; round += 1) {
  for (const [name, work] of Object.entries(works)) {
    const before = process.cpuUsage();
    for (let call = 0; call < 200; call += 1) await work();
    const { user, system } = process.cpuUsage(before);
    least.set(name, Math.min(least.get(name) ?? Infinity, (user + system) / 200));
  }
}
for (const [name, microseconds] of least) {
  rows[name] = { status: await works[name]?.(), microseconds: Math.round(microseconds) };
}
console.table(rows);
