import { createHash } from 'node:crypto';
import type { ApolloServer } from '@apollo/server';
import { checkOperation, createEvents, type SecuredContext, type SecurityEvent } from '@graphql-bulwark/core';
import { buildSchema, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, type Sending, send, sendBody } from '../../../test/kit.ts';
import { limits } from '../src/index.ts';
import { serve } from './serving.ts';

const anonymous = as(null);
const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');

/** Status and codes of the same request sent twice: the second time the document comes from a cache. */
async function ask(server: ApolloServer<SecuredContext>, query: string, more: Sending = {}): Promise<unknown> {
  const first = await send(server, query, anonymous, more);
  const second = await send(server, query, anonymous, more);
  return [first, second].map((answer) => [answer.status, codes(answer)]);
}

const answered = [
  [200, []],
  [200, []],
];
const refused = (code: string, status = 400) => [
  [status, [code]],
  [status, [code]],
];

const doubling = (n: number) =>
  `{ ...F0 } ${times(n, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F${n} on Query { x }`;

describe('an operation', () => {
  it('D1: an operation is as deep as its fields', async () => {
    expect(await ask(await serve({ maxDepth: 2 }), '{ a { b { x } } }')).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(await serve({ maxDepth: 3 }), '{ a { b { x } } }')).toEqual(answered);
  });

  it('D2: an operation is as deep through fragments', async () => {
    const text = '{ ...A } fragment A on Query { a { ...B } } fragment B on Query { b { x } }';
    expect(await ask(await serve({ maxDepth: 2 }), text)).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(await serve({ maxDepth: 3 }), text)).toEqual(answered);
  });

  it.each([
    '{ ...A } fragment A on Query { a { ...A } }',
    '{ ...A } fragment A on Query { ...A }',
    '{ ...A } fragment A on Query { a { ...B } } fragment B on Query { x ...C } fragment C on Query { b { ...A } }',
    'query Q { x } query R { a { ...A } } fragment A on Query { a { b { c { ...A } } } }',
  ])('D3: an operation whose fragments spread themselves is refused: %s', async (text) => {
    expect(await ask(await serve(), text, { operationName: 'Q' })).toEqual(refused('FRAGMENT_CYCLE'));
  });

  it.each([13, 20, 30])('D4: an operation with %i levels of doubling fragments is refused', async (n) => {
    expect(await ask(await serve(), doubling(n))).toEqual(refused('FIELD_LIMIT_EXCEEDED'));
  });

  it('D4: an operation with a few levels of doubling fragments is answered', async () => {
    expect(await ask(await serve(), doubling(10))).toEqual(answered);
  });

  it('D5: an operation with 51 aliases is refused, and one with 50 is not refused for its aliases', async () => {
    const server = await serve({ maxRootFields: false, maxOccurrences: false });
    expect(await ask(await serve(), `{ ${times(51, (i) => `a${i}: x`)} }`)).toEqual(refused('ALIAS_LIMIT_EXCEEDED'));
    expect(await ask(server, `{ ${times(50, (i) => `a${i}: x`)} }`)).toEqual(answered);
  });

  it('an operation with __typename under 15 names in each of 4 selection sets is answered, with 16 in one it is refused', async () => {
    const typenames = (n: number) => times(n, (i) => `t${i}: __typename`);
    const level = (below: string) => `a { ${typenames(15)} ${below} }`;
    expect(await ask(await serve(), `{ ${level(level(level(level(''))))} }`)).toEqual(answered);
    expect(await ask(await serve(), `{ a { ${typenames(16)} } }`)).toEqual(refused('OCCURRENCE_LIMIT_EXCEEDED'));
  });

  it('a selection with 400 objects under one key is refused, and one with as many repetitions under many keys is answered', async () => {
    const server = await serve({ maxAliases: false, maxOccurrences: false });
    const objects = (n: number) => times(n, () => 'a { ... { __typename } }');
    expect(await ask(server, `{ ${objects(400)} }`)).toEqual(refused('REPETITION_LIMIT_EXCEEDED'));
    const leaves = times(40, (i) => `k${i}: x`);
    expect(await ask(server, `{ ${times(10, () => `a { ${leaves} __typename }`)} }`)).toEqual(answered);
  });

  it('D6: a text padded with comments is refused for its length, not for its tokens', async () => {
    const server = await serve();
    expect(await ask(server, `${'# twenty characters!\n'.repeat(1_500)}{ x }`)).toEqual(
      refused('QUERY_TOO_LARGE', 413),
    );
    expect(await ask(server, `${'# twenty characters!\n'.repeat(1_400)}{ x }`)).toEqual(answered);
  });

  it('D7: an operation that is 5,000 levels deep is refused with 400', async () => {
    const server = await serve();
    const text = `${'{a'.repeat(5_000)}${'}'.repeat(5_000)}`;
    const [first, second] = [await send(server, text, anonymous), await send(server, text, anonymous)];
    expect([first.status, second.status]).toEqual([400, 400]);
  });

  it('D8: a request with variables nested 20,000 deep is refused, whatever is in them', async () => {
    const server = await serve();
    let objects: unknown = 1;
    let lists: unknown = 1;
    for (let i = 0; i < 20_000; i += 1) {
      objects = { a: objects };
      lists = [lists];
    }
    for (const v of [objects, lists]) {
      expect(await ask(server, 'query ($v: JSON) { echo(v: $v) }', { variables: { v } })).toEqual(
        refused('BAD_USER_INPUT'),
      );
    }
    const undeclared = JSON.parse(`{"__proto__": ${'{"constructor":'.repeat(2_000)}1${'}'.repeat(2_000)}}`);
    expect(await ask(server, '{ x }', { variables: undeclared })).toEqual(refused('BAD_USER_INPUT'));
    expect(await ask(server, 'query ($v: JSON) { echo(v: $v) }', { variables: { v: [[[[1]]]] } })).toEqual(answered);
  });

  it('D9: an operation that is refused 100 times is parsed once and never validated', async () => {
    let parsed = 0;
    const validated: string[] = [];
    const server = await serve(
      {},
      {
        plugins: [
          {
            async requestDidStart() {
              return {
                async parsingDidStart() {
                  parsed += 1;
                },
              };
            },
          },
        ],
        validationRules: [
          () => ({
            Field: ({ name }) => {
              validated.push(name.value);
            },
          }),
        ],
      },
    );
    for (let i = 0; i < 100; i += 1) {
      const answer = await send(server, doubling(13), anonymous);
      expect([answer.status, codes(answer)]).toEqual([400, ['FIELD_LIMIT_EXCEEDED']]);
    }
    expect(parsed).toBe(1);
    expect(validated.filter((name) => name !== '__typename')).toEqual([]);
    expect(await ask(server, '{ x }')).toEqual(answered);
    expect(validated).toContain('x');
  });
});

it('a request without variables is answered, however it says so', async () => {
  const server = await serve();
  for (const body of [{ query: '{ x }', variables: null }, { query: '{ x }', variables: {} }, { query: '{ x }' }]) {
    expect((await sendBody(server, body, anonymous)).body).toEqual({ data: { x: 1 } });
  }
});

describe('names that a client chooses', () => {
  it('names that a client chooses exempt nothing from the limits', async () => {
    const server = await serve({ maxDepth: 2 });
    expect(await ask(server, '{ __schema: a { b { x } } }')).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(
      await ask(server, 'query __schema { ...__typename } fragment __typename on Query { a { b { x } } }'),
    ).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(server, '{ __schema { types { name } } a { b { x } } }')).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(server, '{ __schema: a { x } ...__typename } fragment __typename on Query { b { x } }')).toEqual(
      answered,
    );
  });

  it('names that a client chooses are never read as properties of objects', async () => {
    const server = await serve({ maxAliases: 3 });
    expect(await ask(server, '{ __proto__: x constructor: x hasOwnProperty: x }')).toEqual(answered);
    expect(await ask(server, '{ __proto__: x constructor: x hasOwnProperty: x toString: x }')).toEqual(
      refused('ALIAS_LIMIT_EXCEEDED'),
    );
  });
});

describe('a document of several operations', () => {
  const text = 'query Small { x } query Deep { a { b { x } } }';

  it('a document of several operations is refused as a whole, because all of it would be validated', async () => {
    const server = await serve({ maxDepth: 2 });
    expect(await ask(server, text, { operationName: 'Small' })).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(server, text, { operationName: 'Deep' })).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(server, text, { operationName: 'Nobody' })).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
    expect(await ask(server, text)).toEqual(refused('DEPTH_LIMIT_EXCEEDED'));
  });

  it('a document within the limits is answered for each of its operations, and refused with 400 without a selected one', async () => {
    const server = await serve();
    expect(await ask(server, text, { operationName: 'Small' })).toEqual(answered);
    expect(await ask(server, text, { operationName: 'Deep' })).toEqual(answered);
    expect(await ask(server, text, { operationName: 'Nobody' })).toEqual(refused('OPERATION_RESOLUTION_FAILURE'));
    expect(await ask(server, text)).toEqual(refused('OPERATION_RESOLUTION_FAILURE'));
    expect(await ask(server, '{ x }', { operationName: 'Nobody' })).toEqual(refused('OPERATION_RESOLUTION_FAILURE'));
    expect(await ask(server, 'query A { x } query A { x }', { operationName: 'A' })).toEqual(
      refused('GRAPHQL_VALIDATION_FAILED'),
    );
  });
});

describe('the same limits hold', () => {
  const over = '{ a { b { x } } }';
  const under = '{ a { x } }';

  it('the limits hold for an element of a batch, which is refused by its code alone', async () => {
    const server = await serve({ maxDepth: 2 });
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await sendBody(server, [{ query: under }, { query: over }, { query: under }], anonymous);
      expect(status).toBe(200);
      expect(body.map((one: object) => codes({ status, headers: new Map(), body: one }))).toEqual([
        [],
        ['DEPTH_LIMIT_EXCEEDED'],
        [],
      ]);
    }
  });

  it('the limits hold for a persisted query that is sent as a hash, its length included', async () => {
    const texts = new Map<string, string>();
    const known = (text: string) => {
      const sha256Hash = createHash('sha256').update(text).digest('hex');
      texts.set(`apq:${sha256Hash}`, text);
      return { extensions: { persistedQuery: { version: 1, sha256Hash } } };
    };
    const cache = {
      get: async (key: string) => texts.get(key),
      set: async (key: string, text: string) => void texts.set(key, text),
      delete: async (key: string) => texts.delete(key),
    };
    const server = await serve({ maxDepth: 2, maxCharacters: 100 }, { persistedQueries: { cache } });
    const cases: [string, number, string[]][] = [
      [over, 400, ['DEPTH_LIMIT_EXCEEDED']],
      [`${' '.repeat(100)}{ x }`, 413, ['QUERY_TOO_LARGE']],
      [under, 200, []],
    ];
    for (const [text, status, expected] of [...cases, ...cases]) {
      const answer = await send(server, undefined, anonymous, known(text));
      expect([answer.status, codes(answer)]).toEqual([status, expected]);
    }
  });

  it('the limits hold for an operation that the application runs itself', async () => {
    const server = await serve({ maxDepth: 2 });
    const run = async (query: string) => {
      const { body } = await server.executeOperation({ query }, { contextValue: anonymous });
      if (body.kind !== 'single') throw new Error('expected one answer');
      return body.singleResult.errors?.map(({ extensions }) => extensions?.['code']) ?? [];
    };
    expect([await run(over), await run(over), await run(under)]).toEqual([
      ['DEPTH_LIMIT_EXCEEDED'],
      ['DEPTH_LIMIT_EXCEEDED'],
      [],
    ]);
  });

  it('the limits hold for an operation of another transport, its variables included', async () => {
    const schema = buildSchema('type Query { a: Query x(of: [Int]): Int }');
    const events = createEvents(
      () => {},
      () => console,
    );
    const check = (text: string, variables = {}) =>
      checkOperation(
        [limits({ maxDepth: 2, maxVariableNodes: 2 })],
        { schema, document: parse(text), variables, contextValue: anonymous },
        events,
      );
    await expect(check('{ a { a { x } } }')).rejects.toMatchObject({ extensions: { code: 'DEPTH_LIMIT_EXCEEDED' } });
    await expect(check('{ x }', { of: [1, 2] })).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    await expect(check('{ a { x } }', { of: [1] })).resolves.toBeUndefined();
  });

  it('the limits hold for a GET request', async () => {
    const server = await serve({ maxDepth: 2 });
    const answer = await send(server, over, anonymous, { method: 'GET' });
    expect([answer.status, codes(answer)]).toEqual([400, ['DEPTH_LIMIT_EXCEEDED']]);
  });
});

describe('report mode', () => {
  it('report mode answers everything and reports each request once', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ mode: 'report', maxDepth: 1, maxVariableDepth: 1, maxCharacters: 1 }, {}, events);
    const over = 'query ($v: JSON) { a { echo(v: $v) } }';
    expect(await ask(server, over, { variables: { v: [1] } })).toEqual(answered);
    const told = { type: 'limit.exceeded', outcome: 'reported', control: 'limits' };
    expect(events).toMatchObject([
      { ...told, code: 'QUERY_TOO_LARGE', limit: 'maxCharacters', actual: over.length, maximum: 1 },
      { ...told, code: 'QUERY_TOO_LARGE' },
    ]);
  });

  it('report mode reports a document that would have been refused before validation', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ mode: 'report' }, {}, events);
    expect(await ask(server, doubling(13))).toEqual(answered);
    const told = { code: 'FIELD_LIMIT_EXCEEDED', actual: 8_192, maximum: 5_000, outcome: 'reported' };
    expect(events).toMatchObject([told, told]);
  });

  it('report mode reports the elements beyond the size of a batch', async () => {
    const events: SecurityEvent[] = [];
    const server = await serve({ mode: 'report', maxBatchSize: 2 }, {}, events);
    const { body } = await sendBody(server, [{ query: '{ x }' }, { query: '{ x }' }, { query: '{ x }' }], anonymous);
    expect(body).toEqual([{ data: { x: 1 } }, { data: { x: 1 } }, { data: { x: 1 } }]);
    expect(events).toMatchObject([{ code: 'BATCH_LIMIT_EXCEEDED', actual: 3, maximum: 2, outcome: 'reported' }]);
  });
});

it('an event names the limit, the measured number and the maximum, and the client gets only the code', async () => {
  const events: SecurityEvent[] = [];
  const server = await serve({ maxDepth: 2 }, {}, events);
  const { body } = await send(server, '{ a { b { x } } }', anonymous);
  expect(body.errors).toEqual([
    { message: 'The operation is nested too deeply', extensions: { code: 'DEPTH_LIMIT_EXCEEDED' } },
  ]);
  expect(events).toMatchObject([
    { type: 'limit.exceeded', outcome: 'refused', control: 'limits', limit: 'maxDepth', actual: 3, maximum: 2 },
  ]);
});
