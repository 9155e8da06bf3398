/** Operations that are dear by their shape alone. */
import { at, send } from '../client.ts';
import { type Attack, judge } from './attack.ts';

export const shapeAttacks: readonly Attack[] = [
  {
    name: 'nesting 60 levels deep',
    expect: ['DEPTH_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const step = 'organisation { members(first: 1) { ';
      const query = `{ me { ${step.repeat(30)} id ${'} }'.repeat(30)} } }`;
      const answer = await send(url, { query, token: tokens.attacker });
      const levels = answer.text.split('"organisation"').length - 1;
      return judge(answer, levels >= 30 ? `${levels * 2} levels answered` : undefined);
    },
  },
  {
    name: 'fragments in a circle',
    expect: ['FRAGMENT_CYCLE', 'GRAPHQL_VALIDATION_FAILED'],
    run: async ({ url, tokens }) => {
      const query = `{ me { ...A } }
        fragment A on User { organisation { ...B } }
        fragment B on Organisation { members { ...A } }`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, answer.data ? 'executed' : undefined);
    },
  },
  {
    name: 'fragments that double at each of 12 levels',
    expect: ['DEPTH_LIMIT_EXCEEDED', 'FIELD_LIMIT_EXCEEDED', 'ALIAS_LIMIT_EXCEEDED', 'FRAGMENT_DEPTH_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const half = (level: number): string => `organisation { members(first: 1) { ...F${level} } }`;
      const fragments = Array.from(
        { length: 12 },
        (_, level) => `fragment F${level + 1} on User { a: ${half(level)} b: ${half(level)} }`,
      );
      const query = `{ me { ...F12 } } fragment F0 on User { id } ${fragments.join(' ')}`;
      const answer = await send(url, { query, token: tokens.attacker });
      const users = answer.text.split('"id"').length - 1;
      return judge(answer, users > 1_000 ? `${query.length} characters, ${users} users` : undefined);
    },
  },
  {
    name: '1,000 aliases',
    expect: ['ALIAS_LIMIT_EXCEEDED', 'TOKEN_LIMIT_EXCEEDED', 'GRAPHQL_PARSE_FAILED'],
    run: ({ url, tokens }) => aliases(url, tokens.attacker, 1_000),
  },
  {
    name: '100 aliases',
    expect: ['ALIAS_LIMIT_EXCEEDED', 'ROOT_FIELD_LIMIT_EXCEEDED', 'OCCURRENCE_LIMIT_EXCEEDED'],
    run: ({ url, tokens }) => aliases(url, tokens.attacker, 100),
  },
  {
    name: '200 directives',
    expect: ['DIRECTIVE_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const query = `{ me { ${'id @include(if: true) '.repeat(200)} } }`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: '3,400 tokens',
    expect: ['TOKEN_LIMIT_EXCEEDED', 'GRAPHQL_PARSE_FAILED'],
    run: async ({ url, tokens }) => {
      const query = `{ invoices(first: 1) { edges { node { ${'...F '.repeat(1_700)} } } } } fragment F on Invoice { id }`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'invoices', 'edges', 0) ? 'executed' : undefined);
    },
  },
  {
    name: '900 kB of query text',
    expect: ['QUERY_TOO_LARGE'],
    run: async ({ url, tokens }) => {
      const query = `{ me { id } } #${'x'.repeat(900_000)}`;
      const answer = await send(url, { query, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'parsed and executed' : undefined);
    },
  },
  {
    name: '5 MB inflated from a 5 kB body',
    expect: ['PAYLOAD_TOO_LARGE'],
    run: async ({ url, tokens }) => {
      const query = `{ me { id } }${' '.repeat(5_000_000)}`;
      const answer = await send(url, { query, token: tokens.attacker, gzip: true });
      return judge(answer, at(answer, 'me', 'id') ? 'inflated and executed' : undefined);
    },
  },
  {
    name: '20 MB of variables inflated from a 20 kB body',
    expect: ['PAYLOAD_TOO_LARGE'],
    run: async ({ url }) => {
      const body = `{"query":"{ __typename }","variables":{"text":"${' '.repeat(20_000_000)}"}}`;
      const answer = await send(url, { body, gzip: true });
      return judge(answer, answer.status === 200 ? 'inflated and executed' : undefined);
    },
  },
  {
    name: '50 operations in one POST',
    expect: ['BATCH_LIMIT_EXCEEDED'],
    run: async ({ url, tokens }) => {
      const body = JSON.stringify(Array.from({ length: 50 }, () => ({ query: '{ me { id } }' })));
      const answer = await send(url, { body, token: tokens.attacker });
      const executed = answer.results.filter((result) => at(result, 'me', 'id')).length;
      return judge(answer, executed > 0 ? `${executed} executed` : undefined);
    },
  },
];

async function aliases(url: string, token: string, count: number): ReturnType<Attack['run']> {
  const fields = Array.from({ length: count }, (_, n) => `a${n}: me { id }`);
  const answer = await send(url, { query: `{ ${fields.join(' ')} }`, token });
  const answered = Object.keys(answer.data ?? {}).length;
  return judge(answer, answered === count ? `${answered} answered` : undefined);
}
