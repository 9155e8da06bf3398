// The address of a caller and the request itself, in what each integration hands over.
import { ApolloServer } from '@apollo/server';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, principal, refuse, type SecuredContext } from 'graphql-bulwark';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { gatewayAddress, integrations, type Serve } from './integrations.ts';

const typeDefs = 'type Query { who: String @public from: String @public }';
const resolvers = {
  Query: {
    who: (_: unknown, __: unknown, { security }: SecuredContext) => security.principal?.id ?? null,
    from: (_: unknown, __: unknown, { security }: SecuredContext) => security.clientIp,
  },
};

async function start(serve: Serve, options: Partial<BulwarkOptions> = {}) {
  const warnings: string[] = [];
  const bulwark = createBulwark({
    authenticate({ headers }) {
      if (headers.authorization === undefined) return null;
      if (headers.authorization !== 'Session ann') throw refuse('UNAUTHENTICATED');
      return principal({ id: 'ann' });
    },
    onEvent: (event) => void (event.type === 'config.warning' && warnings.push(event.message)),
    logger: { warn() {}, error() {} },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, typeDefs], resolvers }));
  const server = new ApolloServer<SecuredContext>(bulwark.apollo({ schema, stopOnTerminationSignals: false }));
  const url = await serve({ bulwark, server, onStop: (stop) => onTestFinished(async () => void (await stop())) });
  async function ask(headers: Record<string, string> = {}) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ who from }' }),
    });
    const { data } = (await response.json()) as { data?: { who: string | null; from: string | null } };
    return { status: response.status, ...data };
  }
  return { bulwark, ask, warnings };
}

const noAddress = ['a route handler of Next.js', 'AWS Lambda behind a load balancer'];

describe.each(integrations)('a caller on $name', ({ name, serve }) => {
  it('has the address of the socket, or the one that the platform names, and none where there is none', async () => {
    const { ask, warnings } = await start(serve);
    const expected = name.includes('API') && name.includes('AWS') ? gatewayAddress : '127.0.0.1';
    const from = noAddress.includes(name) ? null : expected;
    expect(await ask()).toEqual({ status: 200, who: null, from });
    await ask();
    const told = warnings.filter((message) => message.startsWith('clientAddress: a request came without an address'));
    expect(told).toHaveLength(from === null ? 1 : 0);
  });

  it('has the address that the last proxy wrote, where one is trusted, and not the one that the client wrote', async () => {
    const { ask } = await start(serve, { clientAddress: { trustedHops: 1 } });
    const { from } = await ask({ 'x-forwarded-for': '192.0.2.1, 198.51.100.7' });
    expect(from).toBe('198.51.100.7');
  });

  it('is found by an authenticator of the application, which reads the headers of Node everywhere', async () => {
    const { ask } = await start(serve);
    expect(await ask({ authorization: 'Session ann' })).toMatchObject({ status: 200, who: 'ann' });
    expect(await ask({ authorization: 'Session eve' })).toEqual({ status: 401 });
  });
});

describe('what an unknown integration hands over', () => {
  function make(given: Partial<BulwarkOptions> = {}) {
    const error = vi.fn<(line: string) => void>();
    const authenticate = vi.fn<() => null>(() => null);
    const options = { onEvent: () => {}, logger: { warn() {}, error } };
    return { bulwark: createBulwark({ authenticate, ...options, ...given }), authenticate, error };
  }
  const headers = { authorization: 'Bearer garbage' };

  it.each<[string, unknown[]]>([
    ['nothing', []],
    ['a text', ['POST /graphql']],
    ['an object without a request', [{ connection: {} }]],
    ['headers in a list, which have no names', [{ req: { headers: [['authorization', 'Bearer garbage']] } }]],
    ['an event of a queue', [{ event: { Records: [] } }]],
  ])('is refused and never taken for a request without a credential: %s', async (_, given) => {
    const { bulwark, authenticate, error } = make();
    await expect(bulwark.context()(...given)).rejects.toThrow('Internal server error');
    expect(authenticate).not.toHaveBeenCalled();
    expect(error.mock.calls.join()).toContain('bulwark.context(build, { requestOf');
  });

  it.each<[string, unknown]>([
    ['a Request', new Request('http://127.0.0.1/', { headers })],
    ['{ request }, as servers of the Fetch standard do', { request: new Request('http://127.0.0.1/', { headers }) }],
    [
      '{ request, env, ctx }, as workers do',
      { request: new Request('http://127.0.0.1/', { headers }), env: {}, ctx: {} },
    ],
    ['{ req } with Headers', { req: { headers: new Headers(headers) } }],
    ['{ req } with a Map', { req: { headers: new Map(Object.entries(headers)) } }],
    ['{ context, req } with names in any case', { context: {}, req: { headers: { Authorization: 'Bearer garbage' } } }],
  ])('is read where it is %s, so that a bad token is a 401', async (_, given) => {
    const authenticate = { apiKeys: { prefix: 'shop', store: { find: () => null } } };
    const { bulwark } = make({ authenticate });
    await expect(bulwark.context<unknown>()(given)).rejects.toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  });

  it('is read by requestOf where that is given, with the address', async () => {
    const { bulwark } = make({
      authenticate: ({ headers: { authorization } }) => principal({ id: String(authorization) }),
    });
    interface Call {
      readonly metadata: Record<string, string>;
      readonly peer: string;
    }
    const context = bulwark.context(({ peer }: Call) => ({ peer }), {
      requestOf: ({ metadata, peer }) => ({ headers: metadata, socket: { remoteAddress: peer } }),
    });
    const made = await context({ metadata: { authorization: 'ann' }, peer: '192.0.2.7' });
    expect(made).toMatchObject({ peer: '192.0.2.7', security: { principal: { id: 'ann' }, clientIp: '192.0.2.7' } });
    const none = bulwark.context(undefined, { requestOf: () => ({}) });
    await expect(none({} as never)).rejects.toThrow('Internal server error');
    expect(() => bulwark.context(undefined, { requestOf: 'req' } as never)).toThrow(
      'bulwark.context: requestOf must be a function',
    );
  });
});
