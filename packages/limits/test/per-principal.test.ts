import type { SecurityContext, SecurityEvent } from '@graphql-bulwark/core';
import { describe, expect, it } from 'vitest';
import { as, codes, type Sending, send } from '../../../test/kit.ts';
import type { PrincipalLimits } from '../src/index.ts';
import { serve } from './serving.ts';

const anonymous = as(null);
const ada = as({ id: 'ada' });
const forStrangers =
  (tighter: PrincipalLimits) =>
  ({ principal }: SecurityContext): PrincipalLimits =>
    principal ? {} : tighter;

describe('perPrincipal', () => {
  it.each<[string, PrincipalLimits, string, Sending]>([
    ['{ a { x } }', { maxDepth: 1 }, 'DEPTH_LIMIT_EXCEEDED', {}],
    ['{ k: x }', { maxAliases: 0 }, 'ALIAS_LIMIT_EXCEEDED', {}],
    ['{ x   }', { maxCharacters: 5 }, 'QUERY_TOO_LARGE', {}],
    ['{ x a { x } }', { maxTokens: 5 }, 'TOKEN_LIMIT_EXCEEDED', {}],
    ['mutation { login }', { maxMutationRootFields: 0 }, 'ROOT_FIELD_LIMIT_EXCEEDED', {}],
    ['{ __schema { queryType { name } } }', { maxIntrospectionDepth: 0 }, 'INTROSPECTION_LIMIT_EXCEEDED', {}],
    ['query ($v: JSON) { echo(v: $v) }', { maxVariableNodes: 2 }, 'BAD_USER_INPUT', { variables: { v: [1, 2] } }],
    ['query ($v: JSON) { echo(v: $v) }', { maxVariableStringLength: 2 }, 'BAD_USER_INPUT', { variables: { v: 'abc' } }],
  ])('perPrincipal tightens the limits for some callers: %s under %o', async (text, tighter, code, more) => {
    const server = await serve({ perPrincipal: forStrangers(tighter) });
    // One document, checked for each caller.
    const asked = [];
    for (const who of [ada, anonymous, ada, anonymous]) {
      asked.push(codes(await send(server, text, who, more)));
    }
    expect(asked).toEqual([[], [code], [], [code]]);
  });

  it('perPrincipal is checked for the operation that will run, and not for those beside it', async () => {
    const server = await serve({ perPrincipal: () => ({ maxDepth: 1 }) });
    const text = 'query Small { x } query Deep { a { x } }';
    expect(codes(await send(server, text, anonymous, { operationName: 'Small' }))).toEqual([]);
    expect(codes(await send(server, text, anonymous, { operationName: 'Deep' }))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
  });

  it.each([{ maxDepth: 50 }, { maxDepth: false as const }])(
    'perPrincipal never loosens a limit, and a warning says so once: %o',
    async (looser) => {
      const events: SecurityEvent[] = [];
      const server = await serve({ maxDepth: 2, perPrincipal: () => looser }, {}, events);
      expect(codes(await send(server, '{ a { a { x } } }', anonymous))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
      expect(codes(await send(server, '{ a { x } }', anonymous))).toEqual([]);
      expect(codes(await send(server, '{ a { x } }', ada))).toEqual([]);
      expect(events.filter(({ type }) => type === 'config.warning')).toMatchObject([
        {
          message: 'limits: perPrincipal returned a maxDepth above the ceiling of 2; the ceiling holds.',
          outcome: 'noted',
        },
      ]);
    },
  );

  it('perPrincipal may set a limit that is switched off for all callers, and may leave it off', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve(
      { maxDepth: false, perPrincipal: ({ principal }) => ({ maxDepth: principal ? false : 1 }) },
      {},
      events,
    );
    expect(codes(await send(server, '{ a { x } }', anonymous))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect(codes(await send(server, '{ a { x } }', ada))).toEqual([]);
    expect(events.filter(({ type }) => type === 'config.warning')).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('who is this?');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns a promise', async () => ({ maxDepth: 1 })],
    ['returns a negative limit', () => ({ maxDepth: -1 })],
    ['returns NaN', () => ({ maxDepth: Number.NaN })],
    ['returns a limit it does not know', () => ({ maxDept: 1 })],
    ['limits the batch, which belongs to no operation', () => ({ maxBatchSize: 1 })],
  ])('an operation is denied when perPrincipal %s', async (_, perPrincipal) => {
    const events: SecurityEvent[] = [];
    const server = await serve({ perPrincipal: perPrincipal as () => PrincipalLimits }, {}, events);
    const answer = await send(server, '{ x }', anonymous);
    expect([answer.status, codes(answer)]).toEqual([500, ['INTERNAL_SERVER_ERROR']]);
    expect(JSON.stringify(answer.body)).not.toMatch(/who is this|limits/);
    expect(events).toMatchObject([{ type: 'failure', where: 'limits' }]);
  });

  it('a context without a security context counts as an anonymous caller', async () => {
    const server = await serve({ perPrincipal: forStrangers({ maxDepth: 1 }) });
    const bare = {} as typeof anonymous;
    expect(codes(await send(server, '{ a { x } }', bare))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect(codes(await send(server, '{ x }', bare))).toEqual([]);
  });

  it('perPrincipal only reports in report mode', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ mode: 'report', perPrincipal: () => ({ maxDepth: 1 }) }, {}, events);
    expect(codes(await send(server, '{ a { x } }', anonymous))).toEqual([]);
    expect(events).toMatchObject([{ code: 'DEPTH_LIMIT_EXCEEDED', maximum: 1, outcome: 'reported' }]);
  });
});
