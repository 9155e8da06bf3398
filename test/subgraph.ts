/** One subgraph of a federation as a server of its own: `_service`, `_entities`, and Bulwark in front. */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type IResolvers, MapperKind, mapSchema } from '@graphql-tools/utils';
import { type DocumentNode, GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema, parse } from 'graphql';
import { type BulwarkOptions, createBulwark, type SecuredContext } from 'graphql-bulwark';

/** Finds the object that a representation means: `__resolveReference`. */
export type Resolve = (reference: Readonly<Record<string, unknown>>) => object | undefined;

export interface SubgraphOptions {
  readonly name: string;
  readonly typeDefs: string;
  readonly resolvers: IResolvers;
  /** Type with `@key` -> how its objects are found. */
  readonly entities: Readonly<Record<string, Resolve>>;
  readonly bulwark: BulwarkOptions;
}

export interface Subgraph {
  readonly name: string;
  readonly url: string;
  /** What a composition reads. */
  readonly typeDefs: DocumentNode;
  readonly stop: () => Promise<void>;
}

const machinery = (entities: readonly string[]): string => `
  scalar _Any
  type _Service { sdl: String! }
  union _Entity = ${entities.join(' | ')}
  directive @key(fields: String!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
  directive @link(url: String!, import: [String]) repeatable on SCHEMA
  extend type Query { _entities(representations: [_Any!]!): [_Entity]! _service: _Service! }
`;

const linked = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])';

export async function startSubgraph({ name, entities, bulwark: options, ...own }: SubgraphOptions): Promise<Subgraph> {
  const bulwark = createBulwark({ onEvent: () => {}, logger: silent, ...options });
  const sdl = `${linked} ${bulwark.typeDefs} ${own.typeDefs}`;
  const Query = { _service: () => ({ sdl }), _entities: found };
  const schema = makeExecutableSchema({
    typeDefs: [sdl, machinery(Object.keys(entities))],
    resolvers: [own.resolvers, { Query }],
  });
  const server = new ApolloServer<SecuredContext>(
    bulwark.apollo({
      schema: bulwark.secure(withReferences(schema, entities)),
      allowBatchedHttpRequests: true,
      stopOnTerminationSignals: false,
      nodeEnv: 'production',
    }),
  );
  const listen = { host: '127.0.0.1', port: 0 };
  const { url } = await startStandaloneServer(server, { context: bulwark.context(), listen });
  return { name, url, typeDefs: parse(sdl), stop: () => server.stop() };
}

/** Where subgraph libraries keep them, and where a transform of the schema leaves them. */
function withReferences(schema: GraphQLSchema, entities: SubgraphOptions['entities']): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_TYPE]: (type) => {
      const resolveReference = entities[type.name] as ((reference: object) => unknown) | undefined;
      if (!resolveReference) return undefined;
      const extensions = { ...type.extensions, apollo: { subgraph: { resolveReference } } };
      return new GraphQLObjectType({ ...type.toConfig(), extensions });
    },
  });
}

interface Reference {
  readonly __typename: string;
}

function found(_: unknown, args: { representations: readonly Reference[] }, __: unknown, info: GraphQLResolveInfo) {
  return args.representations.map((reference) => {
    const extensions = info.schema.getType(reference.__typename)?.extensions as {
      apollo?: { subgraph?: { resolveReference?: Resolve } };
    };
    const object = extensions?.apollo?.subgraph?.resolveReference?.({ ...reference });
    return object && { __typename: reference.__typename, ...object };
  });
}

const quiet = (): void => {};
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet };
