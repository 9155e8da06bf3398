/** The introspection queries of graphql-js and of the tools that are built on it, where introspection is allowed. */
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildClientSchema, getIntrospectionQuery, Kind, parse, print, visit } from 'graphql';
import { getIntrospectionQuery as getIntrospectionQuery17 } from 'graphql-17';
import { createBulwark, type SecuredContext } from 'graphql-bulwark';
import { afterEach, expect, it } from 'vitest';
import { as, codes, send } from './kit.ts';

const servers: ApolloServer<SecuredContext>[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(filtered: boolean): Promise<ApolloServer<SecuredContext>> {
  const bulwark = createBulwark({
    authenticate: () => null,
    strictMessages: true,
    introspection: { allow: true, filtered },
    exposure: false,
    onEvent: () => {},
    logger: { warn() {}, error() {} },
  });
  const typeDefs = [bulwark.typeDefs, 'type Query { open: String @public hidden: String @auth(roles: "ADMIN") }'];
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs }));
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  await server.start();
  servers.push(server);
  return server;
}

const everyOption = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  experimentalDirectiveDeprecation: true,
  oneOf: true,
} as const;

/** As caching clients rewrite every operation before they send it. */
function withTypenames(query: string): string {
  const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;
  return print(
    visit(parse(query), {
      SelectionSet: { leave: (node) => ({ ...node, selections: [...node.selections, typename] }) },
    }),
  );
}

const clients: readonly (readonly [string, string])[] = [
  ['graphql 16 with every option', getIntrospectionQuery(everyOption)],
  ['graphql 17 with every option', getIntrospectionQuery17(everyOption)],
  ['graphql 17 with its defaults', getIntrospectionQuery17()],
  ['graphql 16 with its defaults, as Insomnia and Postman', getIntrospectionQuery()],
  ['GraphiQL', getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true })],
  ['code generators', getIntrospectionQuery({ ...everyOption, experimentalDirectiveDeprecation: false })],
  ['Apollo Sandbox', getIntrospectionQuery({ directiveIsRepeatable: true, inputValueDeprecation: true })],
  ['tools that want no descriptions', getIntrospectionQuery({ descriptions: false })],
];

it.each(
  clients.flatMap(([name, query]) => [
    [name, query] as const,
    [`${name} and __typename in every selection set`, withTypenames(query)] as const,
  ]),
)('answers the standard introspection query of %s, twice', async (_name, query) => {
  for (const filtered of [false, true]) {
    const server = await serve(filtered);
    for (const _time of [1, 2]) {
      const answer = await send(server, query, as(null), { operationName: 'IntrospectionQuery' });
      expect([answer.status, codes(answer)]).toEqual([200, []]);
      expect(buildClientSchema(answer.body.data).getQueryType()?.getFields()).toHaveProperty('open');
    }
  }
});

it('refuses that query with a second copy of the types below it', async () => {
  const twice = getIntrospectionQuery(everyOption).replace('types {', 'again: types { ...FullType } types {');
  const answer = await send(await serve(false), twice, as(null));
  expect([answer.status, codes(answer)]).toEqual([400, ['INTROSPECTION_LIMIT_EXCEEDED']]);
});
