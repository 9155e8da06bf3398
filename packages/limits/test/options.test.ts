import { readFileSync } from 'node:fs';
import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, type Sending, send, sendBody } from '../../../test/kit.ts';
import { type LimitName, type LimitsOptions, limits, resolveLimits } from '../src/index.ts';
import { serve } from './serving.ts';

const anonymous = as(null);
const times = (n: number, make: (i: number) => string) => Array.from({ length: n }, (_, i) => make(i)).join(' ');
const nested = (open: string, n: number, leaf: string) => `${open.repeat(n)}${leaf}${'}'.repeat(n)}`;

type Request = readonly [text: string, more?: Sending];

/** Limit, default, code, and a request that needs exactly `n`. */
const table: readonly (readonly [LimitName, number, string, (n: number) => Request])[] = [
  ['maxCharacters', 30_000, 'QUERY_TOO_LARGE', (n) => ['{ x }'.padEnd(n)]],
  // The brackets of a comment do not count, and make the limit look at the tokens.
  ['maxNesting', 200, 'DEPTH_LIMIT_EXCEEDED', (n) => [`{ echo(v: ${'['.repeat(n - 2)}${']'.repeat(n - 2)}) } # [{(`]],
  ['maxTokens', 3_000, 'TOKEN_LIMIT_EXCEEDED', (n) => [`{ sum(of: [${'1 '.repeat(n - 9)}]) }`]],
  [
    'maxOperations',
    10,
    'OPERATION_LIMIT_EXCEEDED',
    (n) => [times(n, (i) => `query Q${i} { x }`), { operationName: 'Q0' }],
  ],
  [
    'maxFragments',
    100,
    'FRAGMENT_LIMIT_EXCEEDED',
    (n) => [`{ ${times(n, (i) => `...F${i}`)} } ${times(n, (i) => `fragment F${i} on Query { x }`)}`],
  ],
  ['maxDepth', 16, 'DEPTH_LIMIT_EXCEEDED', (n) => [`{ ${nested('a {', n - 1, 'x')} }`]],
  ['maxAliases', 50, 'ALIAS_LIMIT_EXCEEDED', (n) => [`{ ${times(n, (i) => `k${i}: x`)} }`]],
  ['maxFields', 5_000, 'FIELD_LIMIT_EXCEEDED', (n) => [`{ ${times(n, (i) => `k${i}: x`)} }`]],
  ['maxDirectives', 50, 'DIRECTIVE_LIMIT_EXCEEDED', (n) => [`{ ${times(n, () => 'x @tag')} }`]],
  ['maxDirectivesPerNode', 5, 'DIRECTIVE_LIMIT_EXCEEDED', (n) => [`{ x ${'@tag '.repeat(n)} }`]],
  [
    'maxFragmentDepth',
    15,
    'FRAGMENT_DEPTH_LIMIT_EXCEEDED',
    (n) => [
      `{ ...F1 } ${times(n - 1, (i) => `fragment F${i + 1} on Query { ...F${i + 2} }`)} fragment F${n} on Query { x }`,
    ],
  ],
  [
    'maxVariables',
    50,
    'VARIABLE_LIMIT_EXCEEDED',
    (n) => [`query (${times(n, (i) => `$v${i}: Int = 1`)}) { sum(of: [${times(n, (i) => `$v${i}`)}]) }`],
  ],
  [
    'maxIntrospectionDepth',
    15,
    'INTROSPECTION_LIMIT_EXCEEDED',
    (n) => [`{ __schema { queryType { ${nested('ofType {', n - 3, 'name')} } } }`],
  ],
  [
    'maxIntrospectionFields',
    350,
    'INTROSPECTION_LIMIT_EXCEEDED',
    (n) => [`{ __schema { queryType { ${'name '.repeat(n - 2)} } } }`],
  ],
  ['maxRootFields', 20, 'ROOT_FIELD_LIMIT_EXCEEDED', (n) => [`{ ${times(n, (i) => `k${i}: x`)} }`]],
  ['maxMutationRootFields', 5, 'ROOT_FIELD_LIMIT_EXCEEDED', (n) => [`mutation { ${times(n, (i) => `k${i}: login`)} }`]],
  [
    'maxOccurrences',
    15,
    'OCCURRENCE_LIMIT_EXCEEDED',
    (n) => [`{ a { x ${times(n - 1, (i) => `k${i}: x`)} b { x } } }`],
  ],
  [
    'maxRepeatedFields',
    400,
    'REPETITION_LIMIT_EXCEEDED',
    (n) => [`{ a { b { ${times(n, (i) => `k${i}: x`)} ${times(n, (i) => `k${i}: x`)} } } }`],
  ],
  [
    'maxVariableDepth',
    10,
    'BAD_USER_INPUT',
    (n) => [
      'query ($v: JSON) { echo(v: $v) }',
      { variables: { v: JSON.parse(`${'['.repeat(n - 1)}1${']'.repeat(n - 1)}`) } },
    ],
  ],
  [
    'maxVariableNodes',
    10_000,
    'BAD_USER_INPUT',
    (n) => ['query ($v: JSON) { echo(v: $v) }', { variables: { v: Array.from({ length: n - 1 }, () => 1) } }],
  ],
  [
    'maxVariableStringLength',
    100_000,
    'BAD_USER_INPUT',
    (n) => ['query ($v: JSON) { echo(v: $v) }', { variables: { v: 'x'.repeat(n) } }],
  ],
];

const names: LimitName[] = [...table.map(([name]) => name), 'maxBatchSize'];
const off: Record<string, false> = Object.fromEntries(names.map((name) => [name, false]));

describe('each limit of limits()', () => {
  it.each(table)('%s is %i: what needs no more is answered, one more is %s', async (name, maximum, code, request) => {
    const server = await serve({ ...off, [name]: undefined });
    const ask = async (n: number) => {
      const [text, more] = request(n);
      const answer = await send(server, text, anonymous, more);
      return [answer.status, codes(answer)];
    };
    expect(await ask(maximum)).toEqual([200, []]);
    const status = code === 'QUERY_TOO_LARGE' ? 413 : 400;
    expect(await ask(maximum + 1)).toEqual([status, [code]]);
    expect(await ask(maximum + 1)).toEqual([status, [code]]);
    expect(resolveLimits()[name]).toBe(maximum);
  });

  it('maxBatchSize is 10: the eleventh element is BATCH_LIMIT_EXCEEDED, also when batches come one after the other', async () => {
    const server = await serve();
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await sendBody(
        server,
        Array.from({ length: 12 }, () => ({ query: '{ x }' })),
        anonymous,
      );
      const refused = {
        errors: [{ message: 'The batch has too many operations', extensions: { code: 'BATCH_LIMIT_EXCEEDED' } }],
      };
      expect(status).toBe(200);
      expect(body).toEqual([...Array.from({ length: 10 }, () => ({ data: { x: 1 } })), refused, refused]);
    }
    expect((await send(server, '{ x }', anonymous)).status).toBe(200);
  });

  it.each(table)('a limit that is false does not hold: %s', async (_, maximum, __, request) => {
    const server = await serve(off);
    const [text, more] = request(maximum + 1);
    const answer = await send(server, text, anonymous, more);
    expect([answer.status, codes(answer)]).toEqual([200, []]);
  });

  it('each limit stands in the README with its default and code', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const rows = readme.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    for (const [name, value, code] of [...table, ['maxBatchSize', 10, 'BATCH_LIMIT_EXCEEDED'] as const]) {
      const row = rows.find(([, first]) => first === `\`${name}\``);
      expect(row?.slice(2, 4)).toEqual([value.toLocaleString('en-US'), `\`${code}\``]);
    }
  });

  it('every limit is in the table of this test', () => {
    expect(Object.keys(resolveLimits()).toSorted()).toEqual(names.toSorted());
  });
});

it('the newest standard introspection query is within the defaults, and little more is', async () => {
  const server = await serve();
  const text = getIntrospectionQuery({
    schemaDescription: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  const answer = await send(server, text, anonymous);
  expect([answer.status, codes(answer)]).toEqual([200, []]);
  const deeper = await send(server, getIntrospectionQuery({ typeDepth: 10 }), anonymous);
  expect([deeper.status, codes(deeper)]).toEqual([400, ['INTROSPECTION_LIMIT_EXCEEDED']]);
  const beside = await send(server, text.replace('__schema {', `${nested('a {', 16, 'x')} __schema {`), anonymous);
  expect(codes(beside)).toEqual(['DEPTH_LIMIT_EXCEEDED']);
});

describe('the options of limits()', () => {
  it('limits() has its defaults with no options, {} or undefined values', async () => {
    const undefinedValues = Object.fromEntries([...names, 'mode', 'perPrincipal'].map((name) => [name, undefined]));
    for (const options of [undefined, {}, undefinedValues as LimitsOptions]) {
      expect(resolveLimits(options)).toEqual(resolveLimits());
      const server = await serve(options);
      expect(codes(await send(server, `{ ${nested('a {', 16, 'x')} }`, anonymous))).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    }
  });

  it('limits() does not change the options of the application', () => {
    const options = Object.freeze({ maxDepth: 3, perPrincipal: () => ({}) });
    expect(limits(options)).toMatchObject({ name: 'limits', mode: 'enforce' });
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '12', null, true, {}, 10n])('limits() refuses %o as a limit', (value) => {
    const options = { maxDepth: value } as unknown as LimitsOptions;
    expect(() => limits(options)).toThrow(TypeError);
    expect(() => limits(options)).toThrow(/limits: maxDepth must be a whole number of at least 1/);
  });

  it('limits() accepts 0 for limits of things that an operation need not have', () => {
    const takesZero = names.filter((name) => {
      try {
        return resolveLimits({ [name]: 0 })[name] === 0;
      } catch {
        return false;
      }
    });
    expect(takesZero.toSorted()).toEqual([
      'maxAliases',
      'maxDirectives',
      'maxDirectivesPerNode',
      'maxFragmentDepth',
      'maxFragments',
      'maxIntrospectionDepth',
      'maxIntrospectionFields',
      'maxMutationRootFields',
      'maxRepeatedFields',
      'maxVariables',
    ]);
  });

  it('limits() refuses unknown options and suggests the nearest name', () => {
    expect(() => limits({ maxDeph: 3 } as LimitsOptions)).toThrow(
      "limits has no option 'maxDeph'; did you mean 'maxDepth'?",
    );
    expect(() => limits({ depth: 3 } as LimitsOptions)).toThrow(TypeError);
  });

  it('limits() refuses an invalid mode and an invalid perPrincipal', () => {
    expect(() => limits({ mode: 'measure' } as unknown as LimitsOptions)).toThrow(
      "limits: mode must be 'enforce' or 'report', but is 'measure'.",
    );
    expect(() => limits({ perPrincipal: { maxDepth: 1 } } as unknown as LimitsOptions)).toThrow(
      /limits: perPrincipal must be a function/,
    );
  });
});
