/** Twelve APIs and their clients in the shapes of the world, through the defaults: not one operation is refused. */
import { createHash } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  buildSchema,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNullableType,
  isAbstractType,
  isEnumType,
  isListType,
  isObjectType,
  Kind,
  parse,
  print,
  visit,
} from 'graphql';
import { expect, it } from 'vitest';
import { type Answer, send, sendBody } from '../../../test/kit.ts';
import { type BulwarkOptions, createBulwark } from '../src/index.ts';

/** Items of every list that is answered. */
const items = 3;

interface Client {
  readonly api: string;
  /** Without the root types' `@public`: a signed-in caller sends everything. */
  readonly typeDefs: string;
  readonly operations: readonly Operation[];
  /** What the client library does to the text before it is sent. */
  readonly rewrite?: (text: string) => string;
  readonly options?: Partial<BulwarkOptions>;
}

interface Operation {
  readonly text: string;
  readonly variables?: Record<string, unknown>;
  readonly method?: 'GET' | 'POST';
}

const times = (n: number, make: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => make(i)).join('\n');

/** As Apollo Client, urql and others send it: `__typename` in every selection set but the root's. */
function addTypename(text: string): string {
  const typename = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;
  return print(
    visit(parse(text), {
      SelectionSet(node, _key, parent) {
        if (parent && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION) return undefined;
        return { ...node, selections: [...node.selections, typename] };
      },
    }),
  );
}

/** As Relay compiles it: `__typename` and `id` in every node, and `__isNode` under an alias for abstract types. */
const relayText = `
  query FeedScreenQuery($first: Int = 20, $after: ID, $scale: Float! = 2, $withAds: Boolean = false) {
    viewer { ...FeedScreen_viewer id }
  }
  fragment FeedScreen_viewer on User { feed(first: $first, after: $after) { edges { cursor node { __typename ...FeedItem_item ... on Node { __isNode: __typename id } } } pageInfo { endCursor hasNextPage } } ...Header_viewer }
  fragment Header_viewer on User { name avatar(size: 64, scale: $scale) { uri } unread: notifications(first: 1) { totalCount } id }
  fragment FeedItem_item on FeedItem { __isFeedItem: __typename ... on Post { ...Post_post id } ... on Photo { ...Photo_photo id } ad @include(if: $withAds) { label id } }
  fragment Post_post on Post { text author { ...Byline_user id } ...Comments_subject ...Likes_subject id }
  fragment Photo_photo on Photo { thumb: image(size: 160) { uri } full: image(size: 1600) { uri } author { ...Byline_user id } ...Comments_subject ...Likes_subject id }
  fragment Byline_user on User { name avatar(size: 32, scale: $scale) { uri } followedBy: followers(first: 3) { edges { node { name id } } totalCount } id }
  fragment Comments_subject on FeedItem { __isFeedItem: __typename id comments(first: 3) { edges { cursor node { ...Comment_comment id __typename } } pageInfo { endCursor hasNextPage } } }
  fragment Comment_comment on Comment { text author { ...Byline_user id } replies(first: 2) { edges { node { text author { name id } id } } } ...Likes_comment }
  fragment Likes_comment on Comment { likes(first: 1) { totalCount } id }
  fragment Likes_subject on FeedItem { __isFeedItem: __typename likes(first: 5) { totalCount edges { node { name id } } } id }
`;

const clients: readonly Client[] = [
  {
    api: 'a social feed, by Relay with a fragment per component',
    typeDefs: `
      interface Node { id: ID! }
      interface FeedItem implements Node { id: ID! comments(first: Int, after: ID): Comments likes(first: Int): Users ad: Ad }
      type Ad implements Node { id: ID! label: String }
      type Image { uri: String }
      type PageInfo { endCursor: ID hasNextPage: Boolean! }
      type User implements Node { id: ID! name: String avatar(size: Int, scale: Float): Image feed(first: Int, after: ID): Feed notifications(first: Int): Comments followers(first: Int): Users }
      type Feed { edges: [FeedEdge] pageInfo: PageInfo! }
      type FeedEdge { cursor: ID! node: FeedItem }
      type Users { totalCount: Int edges: [UserEdge] }
      type UserEdge { node: User }
      type Comments { totalCount: Int edges: [CommentEdge] pageInfo: PageInfo! }
      type CommentEdge { cursor: ID! node: Comment }
      type Comment implements Node { id: ID! text: String author: User replies(first: Int): Comments likes(first: Int): Users }
      type Post implements Node & FeedItem { id: ID! text: String author: User comments(first: Int, after: ID): Comments likes(first: Int): Users ad: Ad }
      type Photo implements Node & FeedItem { id: ID! image(size: Int): Image author: User comments(first: Int, after: ID): Comments likes(first: Int): Users ad: Ad }
      type Query { viewer: User node(id: ID!): Node }
    `,
    operations: [
      { text: relayText },
      {
        text: 'query CommentsPaginationQuery($after: ID, $id: ID!) { node(id: $id) { __typename ... on FeedItem { __isFeedItem: __typename comments(first: 20, after: $after) { edges { cursor node { id text __typename } } pageInfo { endCursor hasNextPage } } } id } }',
        variables: { id: '1', after: 'c' },
      },
    ],
  },
  {
    api: 'an issue tracker, by Apollo Client with __typename everywhere',
    typeDefs: `
      type User { id: ID! name: String avatar: String }
      type Label { id: ID! name: String color: String }
      type Issue { id: ID! title: String body: String assignees: [User!]! labels: [Label!]! comments(limit: Int, offset: Int): [Comment!]! project: Project }
      type Comment { id: ID! author: User body: String reactions: [Reaction!]! }
      type Reaction { emoji: String users: [User!]! }
      type Project { id: ID! name: String members: [User!]! }
      input IssueFilter { labels: [ID!] assignee: ID text: String states: [State!] }
      enum State { OPEN CLOSED }
      type Query { issues(filter: IssueFilter, limit: Int = 50, offset: Int): [Issue!]! me: User }
      type Mutation { updateIssue(id: ID!, title: String): Issue }
    `,
    rewrite: addTypename,
    operations: [
      {
        text: `query Issues($filter: IssueFilter, $limit: Int, $offset: Int, $full: Boolean = true) { me { ...U } issues(filter: $filter, limit: $limit, offset: $offset) { id title body assignees { ...U } labels { id name color } project { id name members { ...U } } comments(limit: 10) @include(if: $full) { id body author { ...U } reactions { emoji users { ...U } } } } } fragment U on User { id name avatar }`,
        variables: { filter: { labels: ['1', '2'], states: ['OPEN'] }, limit: 50, offset: 100 },
      },
      {
        text: 'mutation Rename($id: ID!, $title: String) { updateIssue(id: $id, title: $title) { id title } }',
        variables: { id: '1', title: 'x' },
      },
    ],
  },
  {
    api: 'a storefront without annotations',
    typeDefs: `
      type Money { amount: Float currencyCode: String }
      type Image { url(transform: String): String altText: String width: Int height: Int }
      type Images { nodes: [Image!]! }
      type Variant { id: ID! sku: String price: Money compareAtPrice: Money image: Image selectedOptions: [Option!]! product: Product }
      type Option { name: String value: String }
      type Variants { nodes: [Variant!]! }
      type Product { id: ID! handle: String title: String description: String images(first: Int): Images variants(first: Int): Variants options: [Option!]! collections(first: Int): Collections }
      type Products { nodes: [Product!]! pageInfo: PageInfo! }
      type PageInfo { hasNextPage: Boolean! endCursor: String }
      type Collection { id: ID! title: String image: Image products(first: Int, after: String): Products }
      type Collections { nodes: [Collection!]! }
      type CartLine { id: ID! quantity: Int merchandise: Variant cost: LineCost discountAllocations: [Discount!]! }
      type Discount { amount: Money code: String }
      type LineCost { total: Money subtotal: Money }
      type CartLines { nodes: [CartLine!]! }
      type Cart { id: ID! checkoutUrl: String lines(first: Int): CartLines cost: LineCost discountCodes: [Discount!]! }
      input LineInput { merchandiseId: ID! quantity: Int }
      type Query { collection(handle: String!): Collection product(handle: String!): Product cart(id: ID!): Cart menu: [Collection!]! }
      type Mutation { cartLinesAdd(cartId: ID!, lines: [LineInput!]!): Cart }
    `,
    operations: [
      {
        text: `query CollectionPage($handle: String!, $first: Int = 24, $after: String) { menu { id title } collection(handle: $handle) { id title image { url } products(first: $first, after: $after) { nodes { ...Card } pageInfo { hasNextPage endCursor } } } } fragment Card on Product { id handle title options { name value } images(first: 2) { nodes { small: url(transform: "400") large: url(transform: "800") altText width height } } variants(first: 10) { nodes { id price { ...M } compareAtPrice { ...M } selectedOptions { name value } } } } fragment M on Money { amount currencyCode }`,
        variables: { handle: 'shoes' },
      },
      {
        text: `query Cart($id: ID!) { cart(id: $id) { id checkoutUrl cost { total { ...M } subtotal { ...M } } discountCodes { code } lines(first: 100) { nodes { id quantity cost { total { ...M } } discountAllocations { amount { ...M } code } merchandise { id sku price { ...M } image { url altText } selectedOptions { name value } product { id handle title } } } } } } fragment M on Money { amount currencyCode }`,
        variables: { id: '1' },
      },
      {
        text: 'mutation Add($id: ID!, $lines: [LineInput!]!) { cartLinesAdd(cartId: $id, lines: $lines) { id lines(first: 100) { nodes { id quantity } } } }',
        variables: {
          id: '1',
          lines: Array.from({ length: 20 }, (_, i) => ({ merchandiseId: String(i), quantity: 1 })),
        },
      },
    ],
  },
  {
    api: 'a page builder, whose blocks nest in a union',
    typeDefs: `
      type Image { url: String alt: String }
      type Link { href: String label: String }
      type Hero { title: String image: Image links: [Link!]! }
      type RichText { html: String }
      type Gallery { images: [Image!]! }
      type Columns { columns: [Column!]! }
      type Column { width: Int blocks: [Block!]! }
      type Accordion { sections: [Section!]! }
      type Section { title: String blocks: [Block!]! }
      union Block = Hero | RichText | Gallery | Columns | Accordion
      type Page { slug: String title: String blocks: [Block!]! seo: Seo }
      type Seo { title: String description: String image: Image }
      type Query { page(slug: String!): Page pages(take: Int, skip: Int): [Page!]! }
    `,
    rewrite: addTypename,
    operations: [
      {
        text: `query Page($slug: String!) { page(slug: $slug) { slug title seo { title description image { ...I } } blocks { ...Leaf ... on Columns { columns { width blocks { ...Leaf } } } ... on Accordion { sections { title blocks { ...Leaf } } } } } } fragment Leaf on Block { ... on Hero { title image { ...I } links { href label } } ... on RichText { html } ... on Gallery { images { ...I } } } fragment I on Image { url alt }`,
        variables: { slug: 'home' },
      },
      { text: 'query Paths { pages(take: 500) { slug } }' },
    ],
  },
  {
    api: 'a dashboard, which asks for the days of a week under aliases',
    typeDefs: `
      type Point { at: String value: Float }
      type Series { total: Float points(limit: Int): [Point!]! }
      type Query { visits(from: String!, to: String!): Series revenue(from: String!, to: String!): Series }
    `,
    operations: [
      {
        text: `{ ${times(7, (i) => `v${i}: visits(from: "2030-01-${i + 1}", to: "2030-01-${i + 2}") { total points(limit: 24) { at value } }`)} ${times(7, (i) => `r${i}: revenue(from: "2030-01-${i + 1}", to: "2030-01-${i + 2}") { total }`)} }`,
      },
    ],
  },
  {
    api: 'a generated API, whose filters are input objects in input objects',
    typeDefs: `
      input IntExp { _eq: Int _in: [Int!] _gt: Int _lt: Int }
      input TextExp { _eq: String _ilike: String _in: [String!] }
      input OrderExp { _and: [OrderExp!] _or: [OrderExp!] _not: OrderExp id: IntExp status: TextExp customer: CustomerExp }
      input CustomerExp { _and: [CustomerExp!] _or: [CustomerExp!] id: IntExp name: TextExp orders: OrderExp }
      input OrderBy { id: Dir status: Dir }
      enum Dir { asc desc }
      type Order { id: Int status: String total: Float customer: Customer lines(limit: Int, where: OrderExp): [Line!]! }
      type Line { id: Int sku: String quantity: Int }
      type Customer { id: Int name: String orders(limit: Int, where: OrderExp): [Order!]! orders_aggregate: Aggregate }
      type Aggregate { count: Int sum: Float }
      type Query { orders(where: OrderExp, order_by: [OrderBy!], limit: Int, offset: Int): [Order!]! orders_aggregate(where: OrderExp): Aggregate }
    `,
    operations: [
      {
        text: 'query Orders($where: OrderExp, $by: [OrderBy!]) { orders(where: $where, order_by: $by, limit: 100) { id status total customer { id name orders_aggregate { count sum } } lines(limit: 20) { id sku quantity } } orders_aggregate(where: $where) { count } }',
        variables: {
          by: [{ id: 'desc' }],
          where: {
            _and: [
              { _or: [{ status: { _in: ['open', 'paid', 'sent'] } }, { _not: { id: { _gt: 10 } } }] },
              { customer: { _or: [{ name: { _ilike: '%a%' } }, { orders: { status: { _eq: 'paid' } } }] } },
            ],
          },
        },
      },
    ],
  },
  {
    api: 'a search over many types',
    typeDefs: `
      ${times(12, (i) => `type T${i} { id: ID! title${i}: String tags: [String!]! owner: Owner }`)}
      type Owner { id: ID! name: String }
      union Hit = ${Array.from({ length: 12 }, (_, i) => `T${i}`).join(' | ')}
      type Hits { total: Int hits: [Hit!]! facets: [Facet!]! }
      type Facet { name: String buckets: [Bucket!]! }
      type Bucket { value: String count: Int }
      type Query { search(text: String!, pageSize: Int = 20, page: Int): Hits }
    `,
    rewrite: addTypename,
    operations: [
      {
        text: `query Search($text: String!, $page: Int) { search(text: $text, page: $page, pageSize: 50) { total facets { name buckets { value count } } hits { ${times(12, (i) => `... on T${i} { id title${i} tags owner { id name } }`)} } } }`,
        variables: { text: 'boots', page: 2 },
      },
    ],
  },
  {
    api: 'a chat, by a mobile app with hashes of its queries',
    typeDefs: `
      type Message { id: ID! text: String author: Member sentAt: String reactions: [Reaction!]! }
      type Reaction { emoji: String count: Int }
      type Member { id: ID! name: String avatar: String isOnline: Boolean }
      type Room { id: ID! title: String members(first: Int): [Member!]! messages(last: Int, before: ID): [Message!]! unread: Int }
      type Query { rooms(first: Int): [Room!]! room(id: ID!): Room }
    `,
    rewrite: addTypename,
    operations: [
      {
        text: 'query Rooms { rooms(first: 30) { id title unread members(first: 5) { id name avatar isOnline } messages(last: 1) { id text sentAt author { id name } } } }',
      },
      {
        text: 'query Room($id: ID!, $before: ID) { room(id: $id) { id title messages(last: 50, before: $before) { id text sentAt author { id name avatar } reactions { emoji count } } } }',
        variables: { id: '1' },
      },
    ],
  },
  {
    api: 'a public catalogue, read over GET by a static site',
    typeDefs: `
      type Author { id: ID! name: String books(limit: Int): [Book!]! }
      type Book { id: ID! isbn: String title: String authors: [Author!]! editions: [Edition!]! }
      type Edition { year: Int publisher: String pages: Int }
      type Query { books(limit: Int, offset: Int): [Book!]! book(isbn: String!): Book }
    `,
    operations: [
      {
        text: 'query AllBooks($offset: Int) { books(limit: 100, offset: $offset) { isbn title authors { name } editions { year publisher pages } } }',
        variables: { offset: 200 },
        method: 'GET',
      },
      {
        text: 'query Book($isbn: String!) { book(isbn: $isbn) { title authors { id name books(limit: 5) { title } } } }',
        variables: { isbn: '1' },
        method: 'GET',
      },
    ],
  },
  {
    api: 'an administration with bulk changes',
    typeDefs: `
      input RowInput { id: ID! name: String price: Float tags: [String!] attributes: [AttributeInput!] }
      input AttributeInput { key: String! value: String }
      type Row { id: ID! name: String price: Float errors: [RowError!]! }
      type RowError { field: String message: String code: String }
      type Result { rows: [Row!]! errors: [RowError!]! }
      type Query { rows(limit: Int): [Row!]! }
      type Mutation { importRows(rows: [RowInput!]!): Result publish(ids: [ID!]!): Result }
    `,
    operations: [
      {
        text: 'mutation Import($rows: [RowInput!]!) { importRows(rows: $rows) { rows { id name price errors { field message code } } errors { field message } } }',
        variables: {
          rows: Array.from({ length: 100 }, (_, i) => ({
            id: String(i),
            name: `row ${i}`,
            price: i,
            tags: ['a', 'b'],
            attributes: [
              { key: 'k', value: 'v' },
              { key: 'l', value: 'w' },
            ],
          })),
        },
      },
      {
        text: 'mutation Publish($ids: [ID!]!) { publish(ids: $ids) { errors { message } } }',
        variables: { ids: Array.from({ length: 250 }, String) },
      },
    ],
  },
  {
    api: 'a subgraph, asked by its router',
    typeDefs: `
      scalar _Any
      type Sku { id: ID! stock: Int warehouse: Warehouse reservations(limit: Int): [Reservation!]! }
      type Warehouse { id: ID! city: String }
      type Reservation { id: ID! quantity: Int }
      union _Entity = Sku | Warehouse
      type Query { _entities(representations: [_Any!]!): [_Entity]! warehouses: [Warehouse!]! }
    `,
    operations: [
      {
        text: 'query Page__inventory__1($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on Sku { stock warehouse { id city } reservations(limit: 5) { id quantity } } } }',
        variables: { representations: Array.from({ length: 100 }, (_, i) => ({ __typename: 'Sku', id: String(i) })) },
      },
      { text: 'query Page__inventory__2 { warehouses { id city } }' },
    ],
  },
  {
    api: 'a code generator and GraphiQL, where introspection is allowed',
    typeDefs: `
      "A thing." type Thing { id: ID! parts(first: Int): [[Part!]!]! }
      type Part { id: ID! of: Thing }
      type Query { things: [Thing!]! }
    `,
    options: { introspection: { allow: true } },
    operations: [
      {
        text: getIntrospectionQuery({
          descriptions: true,
          specifiedByUrl: true,
          directiveIsRepeatable: true,
          schemaDescription: true,
          inputValueDeprecation: true,
          oneOf: true,
        }),
      },
      { text: addTypename(getIntrospectionQuery()) },
      { text: '{ __typename }' },
    ],
  },
];

/** Answers each field with a value of its type: lists of three, and of abstract types each member in turn. */
function answerAnything(schema: GraphQLSchema): GraphQLFieldResolver<unknown, unknown> {
  let turn = 0;
  const valueOf = (type: GraphQLOutputType): unknown => {
    const bare = getNullableType(type) as GraphQLOutputType;
    if (isListType(bare)) return Array.from({ length: items }, () => valueOf(bare.ofType as GraphQLOutputType));
    if (isAbstractType(bare)) {
      const members = schema.getPossibleTypes(bare);
      turn += 1;
      return { __typename: members[turn % members.length]?.name };
    }
    if (isObjectType(bare)) return {};
    if (isEnumType(bare)) return bare.getValues()[0]?.value;
    return 1;
  };
  return (source, _args, _context, info) => {
    const known = (source as Record<string, unknown> | undefined)?.[info.fieldName];
    return known ?? valueOf(info.returnType);
  };
}

const ada = { id: 'ada', claims: { sub: 'ada' }, roles: [], scopes: [], authMethod: 'session' };

async function serve({ typeDefs, options }: Client) {
  const warnings: string[] = [];
  const logger = {
    warn: (text: unknown) => warnings.push(String(text)),
    error: (text: unknown) => warnings.push(String(text)),
  };
  const bulwark = createBulwark({ authenticate: () => ada, logger, exposure: false, ...options });
  const bare = makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs] });
  const anything = answerAnything(bare);
  for (const type of Object.values(bare.getTypeMap())) {
    if (isObjectType(type) && !type.name.startsWith('__'))
      for (const field of Object.values(type.getFields())) field.resolve = anything;
  }
  const schema = bulwark.secure(bare);
  const server = new ApolloServer(bulwark.apollo({ schema, allowBatchedHttpRequests: true }));
  await server.start();
  return { server, context: bulwark.context(), warnings };
}

const request = { headers: {}, socket: { remoteAddress: '192.0.2.10' } };

function expectAnswered(answer: Answer): void {
  expect(answer.body.errors).toBeUndefined();
  expect(answer.status).toBe(200);
  expect(answer.body.data).toBeTypeOf('object');
}

it.each(clients.map((client) => [client.api, client] as const))(
  '%s: every operation is answered',
  async (_, client) => {
    const { server, context } = await serve(client);
    const { rewrite = (text) => text } = client;
    for (const { text, variables, method } of client.operations) {
      const sent = rewrite(text);
      // Twice: the second time the document comes from the cache.
      for (let i = 0; i < 2; i += 1) {
        expectAnswered(await send(server, sent, await context({ req: request } as never), { variables, method }));
      }
      const sha256Hash = createHash('sha256').update(sent).digest('hex');
      const extensions = { persistedQuery: { version: 1, sha256Hash } };
      const unknown = await send(server, undefined, await context({ req: request } as never), {
        variables,
        extensions,
      });
      expect(unknown.body.errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
      expectAnswered(await send(server, sent, await context({ req: request } as never), { variables, extensions }));
      expectAnswered(
        await send(server, undefined, await context({ req: request } as never), { variables, extensions }),
      );
    }
    await server.stop();
  },
);

it('ten operations of one screen in a batch, as batching links send them, are all answered', async () => {
  const client = clients[1] as Client;
  const { server, context } = await serve(client);
  const query = addTypename('query Me { me { id name avatar } }');
  const batch = Array.from({ length: 10 }, (_, i) => ({
    query,
    operationName: 'Me',
    variables: {},
    extensions: { i },
  }));
  const { status, body } = await sendBody(server, batch, await context({ req: request } as never));
  expect(status).toBe(200);
  expect(body.map(({ errors }: { errors?: unknown }) => errors)).toEqual(Array.from({ length: 10 }, () => undefined));
  await server.stop();
});

it('the shapes are valid: without Bulwark each operation validates against its schema', () => {
  for (const { typeDefs, operations } of clients) {
    const schema = buildSchema(typeDefs);
    expect(schema.getQueryType()).toBeDefined();
    for (const { text } of operations) expect(() => parse(text)).not.toThrow();
  }
});
