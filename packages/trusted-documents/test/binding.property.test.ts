import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { stripIgnoredCharacters } from 'graphql';
import { expect, it } from 'vitest';
import { sendBody, sendSearch } from '../../../test/kit.ts';
import { propertyCases } from '../../../test/property-cases.ts';
import type { TrustedDocumentsOptions } from '../src/index.ts';
import { anonymous, serve } from './kit.ts';

const listed: Readonly<Record<string, string>> = {
  me: 'query Me { me { id } }',
  name: 'query Name {\n  me {\n    name # who\n  }\n}',
  constructor: 'query C { invoices { id } }',
};
const others = [
  '{ me { id } }',
  'query Me { me { id name } }',
  'query Me { me { id } } query Name { me { name } }',
  '{',
  '',
];
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const text = fc.oneof(
  fc.constantFrom(...Object.values(listed), ...others),
  fc.constantFrom(...Object.values(listed)).map((one) => stripIgnoredCharacters(one)),
  fc.constantFrom(...Object.values(listed)).map((one) => `,\n${one.replaceAll(' ', '  ')}`),
);
const id = fc.oneof(
  fc.constantFrom(...Object.keys(listed), 'unknown', '__proto__', 'toString', ''),
  text.map(sha256),
  text.map((one) => `sha256:${sha256(one)}`),
);
const anything = fc.oneof(
  { weight: 9, arbitrary: id },
  { weight: 1, arbitrary: fc.constantFrom(7, null, ['me'], { me: 1 }) },
);
/** Mostly about one document, or hardly any request would run. */
const request = fc.constantFrom(...Object.entries(listed)).chain(([name, body]) => {
  const ownText = fc.constantFrom(body, stripIgnoredCharacters(body), `${body}\n`);
  const ownId = fc.constantFrom(name, sha256(body), `sha256:${sha256(body)}`);
  const mostly = <T, U>(own: fc.Arbitrary<T>, other: fc.Arbitrary<U>) =>
    fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: other });
  const named = mostly(ownId, anything);
  return fc.record(
    { query: mostly(ownText, text), documentId: named, id: named, doc_id: named, hash: named },
    { requiredKeys: [] },
  );
});

/** Which trusted document an id stands for, found the slow way. */
const documentOf = (sent: unknown): string | undefined =>
  Object.entries(listed).find(([name, body]) =>
    [
      name,
      ...[body, stripIgnoredCharacters(body)].flatMap((form) => [sha256(form), `sha256:${sha256(form)}`]),
    ].includes(String(sent)),
  )?.[1];
const same = (one: string, other: string): boolean => {
  try {
    return stripIgnoredCharacters(one) === stripIgnoredCharacters(other);
  } catch {
    return false;
  }
};

it.each<[TrustedDocumentsOptions['mode']]>([['require'], ['prefer']])(
  '%s: whatever a request names, what runs is that text, and every id in it is of that text',
  async (mode) => {
    const executed: string[] = [];
    const watching = {
      async requestDidStart() {
        return {
          async executionDidStart({ source }: { source?: string }) {
            executed.push(source ?? '');
          },
        };
      },
    };
    const { server } = await serve({ manifests: [() => listed], mode }, [], {
      plugins: [watching],
      persistedQueries: false,
    });
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(request, fc.boolean(), async ({ hash, ...rest }, overGet) => {
        executed.length = 0;
        const body: Record<string, unknown> = {
          ...rest,
          ...(hash !== undefined && { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
        };
        const search = new URLSearchParams(
          Object.entries(body).map(([name, value]): [string, string] => [
            name,
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        );
        const answer = overGet
          ? await sendSearch(server, `?${search.toString()}`, anonymous)
          : await sendBody(server, { ...body, variables: {} }, anonymous);
        expect(answer.status).toBeLessThan(500);
        const [source] = executed;
        if (source === undefined) return;
        ran += 1;
        const isListed = Object.values(listed).some((one) => same(one, source));
        const named = [rest.documentId, rest.id, rest.doc_id, hash]
          .filter((sent) => typeof sent === 'string')
          .flatMap((sent) => documentOf(sent) ?? []);
        expect({
          isText: !rest.query || same(rest.query, source),
          mayRun: isListed || (mode === 'prefer' && Boolean(rest.query)),
          others: named.filter((document) => document !== source),
        }).toEqual({ isText: true, mayRun: true, others: [] });
      }),
      { numRuns: propertyCases(2_000) },
    );
    expect(ran).toBeGreaterThan(5);
  },
);
