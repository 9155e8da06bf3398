import { createHash } from 'node:crypto';
import { checkOperation, createEvents } from '@graphql-bulwark/core';
import { limits } from '@graphql-bulwark/limits';
import { parse, stripIgnoredCharacters } from 'graphql';
import { describe, expect, it } from 'vitest';
import { as, codes, type Sending, send, sendBody, sendSearch } from '../../../test/kit.ts';
import { trustedDocuments } from '../src/index.ts';
import { anonymous, apolloManifest, codegenManifest, listed, ran, relayManifest, schema, serve, staff } from './kit.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: unknown): object => ({ persistedQuery: { version: 1, sha256Hash } });
const me = listed('Me');
const invoicePage = listed('InvoicePage');
const pay = listed('PayInvoice');
const untrusted = '{ invoices { number } }';
const refused = { status: 403, codes: ['DOCUMENT_NOT_TRUSTED'] };
const meAnswer = { me: { name: 'Ada', id: 'u1', __typename: 'User' } };

type Served = Awaited<ReturnType<typeof serve>>;

/** Asks twice: the second time, the document comes from a cache where there is one. */
async function ask({ server }: Served, query: string | undefined, sending: Sending = {}, caller = anonymous) {
  const answers = [];
  for (let time = 1; time <= 2; time += 1) {
    const answer = await send(server, query, caller, sending);
    answers.push({ status: answer.status, codes: codes(answer), data: answer.body.data });
  }
  expect(answers[1]).toEqual(answers[0]);
  return answers[0];
}

describe('require: what is on the list runs', () => {
  it.each<[string, string | undefined, Sending]>([
    ['by documentId', undefined, { parameters: { documentId: me.id } }],
    ['by documentId with the prefix of its digest', undefined, { parameters: { documentId: `sha256:${me.id}` } }],
    ['by the hash of Apollo clients', undefined, { extensions: persisted(me.id) as never }],
    ['by the id of Relay', undefined, { parameters: { id: me.id } }],
    ['by the doc_id of Relay', undefined, { parameters: { doc_id: me.id } }],
    ['by documentId over GET', undefined, { method: 'GET', parameters: { documentId: me.id } }],
    ['by the hash of Apollo clients over GET', undefined, { method: 'GET', extensions: persisted(me.id) as never }],
    ['by an id beside an empty text', '', { parameters: { documentId: me.id } }],
    ['by its text', me.body, {}],
    ['by its text with other white space and comments', `#\n${stripIgnoredCharacters(me.body)},,`, {}],
    ['by its text and its id', me.body, { parameters: { documentId: me.id } }],
    ['by its text and its hash', me.body, { extensions: persisted(me.id) as never }],
    ['by its text beside an id that means something else', me.body, { parameters: { id: 'request-1' } }],
    [
      'by all of its ids at once',
      undefined,
      { parameters: { documentId: me.id, id: me.id }, extensions: persisted(me.id) as never },
    ],
  ])('%s', async (_how, query, sending) => {
    expect(await ask(await serve(), query, sending)).toEqual({ status: 200, codes: [], data: meAnswer });
  });

  it('with its variables', async () => {
    const answer = await ask(await serve(), undefined, {
      parameters: { documentId: invoicePage.id },
      variables: { id: '7' },
      operationName: 'InvoicePage',
    });
    expect(answer?.data.invoice).toMatchObject({ number: 'INV-7', total: 100 });
  });
});

describe('require: what is not on the list is refused before it is parsed', () => {
  it.each<[string, string | undefined, Sending]>([
    ['a text', untrusted, {}],
    ['a text that is no GraphQL', '{ me { ', {}],
    ['a text over GET', untrusted, { method: 'GET' }],
    ['introspection', '{ __schema { types { name } } }', {}],
    ['a text beside the id of a trusted one', untrusted, { parameters: { documentId: me.id } }],
    ['a text beside the hash of a trusted one', untrusted, { extensions: persisted(me.id) as never }],
    ['a text beside the id of Relay of a trusted one', untrusted, { parameters: { id: me.id } }],
    ['a trusted text beside the id of another trusted one', me.body, { parameters: { documentId: pay.id } }],
    ['a trusted text beside the doc_id of another trusted one', me.body, { parameters: { doc_id: pay.id } }],
    ['a trusted text beside an id that is not known', me.body, { parameters: { documentId: 'unknown' } }],
    ['a trusted text beside the hash of another text', me.body, { extensions: persisted(sha256(untrusted)) as never }],
    ['the ids of two trusted documents', undefined, { parameters: { documentId: me.id, id: pay.id } }],
    ['an id beside one that is not known', undefined, { parameters: { documentId: me.id, doc_id: 'unknown' } }],
    ['an id that is not known', undefined, { parameters: { documentId: 'unknown' } }],
    ['an id that is a name of every object', undefined, { parameters: { documentId: '__proto__' } }],
    ['an id that is longer than any', undefined, { parameters: { id: 'x'.repeat(100_000) } }],
    ['an id of Relay that is not known', undefined, { parameters: { id: 'constructor' } }],
    [
      'a trusted text with another operation behind it',
      `${me.body} query Other { invoices { id } }`,
      { operationName: 'Other' },
    ],
    ['a trusted text with a fragment behind it', `${me.body} fragment More on User { id }`, {}],
    ['a trusted text with one more field', me.body.replace('name', 'name id'), {}],
    ['a trusted text with a spread of a fragment that nobody knows', me.body.replace('name', '...Unknown'), {}],
    ['a trusted text under another operation name', me.body.replace('Me', 'You'), {}],
    ['registration by hash', untrusted, { extensions: persisted(sha256(untrusted)) as never }],
    ['a trusted text among far more white space than any client writes', `${me.body}${' '.repeat(50_000)}`, {}],
  ])('%s', async (_what, query, sending) => {
    const served = await serve();
    expect(await ask(served, query, sending)).toMatchObject(refused);
    expect((await ask(served, me.body))?.data).toEqual(meAnswer);
  });

  it('a hash alone with the answer of its protocol, after which the text is refused as well', async () => {
    const served = await serve();
    const extensions = persisted(sha256(untrusted)) as never;
    const answer = await send(served.server, undefined, anonymous, { extensions });
    expect(answer).toMatchObject({
      status: 200,
      body: { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] },
    });
    expect(await ask(served, untrusted, { extensions })).toMatchObject(refused);
    expect((await ask(served, undefined, { extensions }))?.codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it.each<[string, Sending]>([
    ['documentId that is a number', { parameters: { documentId: 7 } }],
    ['documentId that is a list', { parameters: { documentId: [me.id] } }],
    ['documentId that stands in an object', { parameters: { documentId: { toString: me.id } } }],
    ['hash that is a list', { extensions: persisted([me.id]) as never }],
  ])('a %s as a bad request', async (_what, sending) => {
    expect(await ask(await serve(), undefined, sending)).toMatchObject({ status: 400, codes: ['BAD_REQUEST'] });
  });

  it('two documentId of one URL as a bad request', async () => {
    const { server } = await serve();
    const one = `documentId=${me.id}`;
    expect((await sendSearch(server, `?${one}`, anonymous)).status).toBe(200);
    expect((await sendSearch(server, `?${one}&documentId=${pay.id}`, anonymous)).status).toBe(400);
    expect((await sendSearch(server, `?${one}&${one}`, anonymous)).status).toBe(400);
  });

  it('an operation that a trusted document does not hold', async () => {
    const answer = await ask(await serve(), undefined, { parameters: { documentId: me.id }, operationName: 'Other' });
    expect(answer).toMatchObject({ status: 400, codes: ['OPERATION_RESOLUTION_FAILURE'] });
  });

  it('a request without text and id as before', async () => {
    const { server } = await serve();
    expect((await sendBody(server, { variables: {} }, anonymous)).status).toBe(400);
    expect((await sendBody(server, { query: null, documentId: null }, anonymous)).status).toBe(400);
  });

  it('each operation of a batch for itself', async () => {
    const { server } = await serve();
    const body = [
      { documentId: me.id },
      { query: untrusted, documentId: me.id },
      { query: untrusted },
      { id: pay.id, variables: { id: '7' } },
    ];
    const answer = await sendBody(server, body, anonymous);
    expect(answer.body).toMatchObject([
      { data: meAnswer },
      { errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] },
      { errors: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] },
      { data: { payInvoice: { total: 100 } } },
    ]);
  });

  it('a mutation over GET as before, although it is trusted', async () => {
    const served = await serve();
    const sending: Sending = { parameters: { documentId: pay.id }, variables: { id: '7' } };
    expect(await ask(served, undefined, { ...sending, method: 'GET' })).toMatchObject({ status: 405 });
    expect(ran).toEqual([]);
    expect((await ask(served, undefined, sending))?.status).toBe(200);
    expect(ran).toEqual(['payInvoice', 'payInvoice']);
  });

  it('a GET request without the header that keeps other sites out', async () => {
    const { server } = await serve();
    const headers = { 'content-type': '', 'apollo-require-preflight': '' };
    const answer = await send(server, undefined, anonymous, {
      method: 'GET',
      parameters: { documentId: me.id },
      headers,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  it('a text that another plugin puts in the place of a trusted one', async () => {
    const swap = {
      async requestDidStart({ request }: { request: { query?: string } }) {
        request.query = untrusted;
      },
    };
    expect(await ask(await serve({}, [], { plugins: [swap] }), me.body)).toMatchObject(refused);
  });

  it('a text that no transport announced, and runs its trusted twin', async () => {
    const trusted = trustedDocuments({ manifests: [apolloManifest], mode: 'require' });
    const events = createEvents(
      () => {},
      () => console,
    );
    const check = (text: string, noLocation = false): Promise<void> =>
      checkOperation([trusted], { schema, document: parse(text, { noLocation }), contextValue: {} }, events);
    for (const noLocation of [false, true]) {
      await expect(check(untrusted, noLocation)).rejects.toMatchObject({
        extensions: { code: 'DOCUMENT_NOT_TRUSTED' },
      });
      await expect(check(me.body, noLocation)).resolves.toBeUndefined();
    }
  });

  it('by an event with hash and client, and without the text', async () => {
    const { server, events } = await serve();
    const headers = { 'apollographql-client-name': 'web\u00e9', 'apollographql-client-version': '1.2.3' };
    await send(server, 'query Secret { invoice(id: "4711") { id } }', anonymous, { headers, operationName: 'Secret' });
    await send(server, undefined, anonymous, { parameters: { documentId: `${'x'.repeat(200)}\n` } });
    const told = events.filter(({ type }) => type === 'document.untrusted');
    expect(told).toMatchObject([
      {
        outcome: 'refused',
        control: 'trusted-documents',
        code: 'DOCUMENT_NOT_TRUSTED',
        reason: 'unknown text',
        operationHash: sha256('query Secret { invoice(id: "4711") { id } }'),
        clientName: 'web\\u00e9',
        clientVersion: '1.2.3',
        operationName: 'Secret',
      },
      { reason: 'unknown id', documentId: 'x'.repeat(100) },
    ]);
    expect(JSON.stringify(told)).not.toContain('4711');
  });
});

describe('require: allowUntrusted', () => {
  const allowUntrusted = ({ principal }: { principal: { roles: readonly string[] } | null }): boolean =>
    principal?.roles.includes('STAFF') === true;

  it('lets staff send other documents, and the next caller of the same text not', async () => {
    const served = await serve({ allowUntrusted });
    expect((await ask(served, untrusted, {}, staff))?.status).toBe(200);
    expect(await ask(served, untrusted)).toMatchObject(refused);
    expect((await ask(served, untrusted, {}, staff))?.status).toBe(200);
  });

  it('lets staff register a hash, which runs for nobody else', async () => {
    const served = await serve({ allowUntrusted });
    const extensions = persisted(sha256(untrusted)) as never;
    expect((await ask(served, untrusted, { extensions }, staff))?.status).toBe(200);
    expect((await ask(served, undefined, { extensions }, staff))?.data).toBeDefined();
    expect((await ask(served, undefined, { extensions }))?.codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('does not let staff send a text under the id of another', async () => {
    const served = await serve({ allowUntrusted });
    expect(await ask(served, untrusted, { parameters: { documentId: me.id } }, staff)).toMatchObject(refused);
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['returns a promise', async () => true],
    [
      'rejects',
      async () => {
        throw new Error('down');
      },
    ],
    ['returns what is only truthy', () => 'yes'],
  ])('denies where it %s', async (_what, allow) => {
    const served = await serve({ allowUntrusted: allow as never });
    expect(await ask(served, untrusted, {}, staff)).toMatchObject({ status: 500, codes: ['INTERNAL_SERVER_ERROR'] });
    expect((await ask(served, me.body))?.status).toBe(200);
  });
});

describe('prefer', () => {
  it('runs both, and only what is trusted is exempt from the limits', async () => {
    const served = await serve({ mode: 'prefer', exempt: ['limits'] }, [limits({ maxDepth: 1 })]);
    expect((await ask(served, me.body))?.data).toEqual(meAnswer);
    expect((await ask(served, undefined, { parameters: { documentId: me.id } }))?.status).toBe(200);
    expect(await ask(served, '{ me { id } }')).toMatchObject({ status: 400, codes: ['DEPTH_LIMIT_EXCEEDED'] });
    expect((await ask(served, '{ __typename }'))?.status).toBe(200);
  });

  it('exempts nothing unless it is named', async () => {
    const served = await serve({ mode: 'prefer' }, [limits({ maxDepth: 1 })]);
    expect(await ask(served, me.body)).toMatchObject({ status: 400, codes: ['DEPTH_LIMIT_EXCEEDED'] });
  });

  it('exempts no text that only resembles a trusted one', async () => {
    const served = await serve({ mode: 'prefer', exempt: ['limits'] }, [limits({ maxDepth: 1 })]);
    for (const text of [`${me.body} query Other { me { id } }`, me.body.replace('Me', 'You')]) {
      const answer = await ask(served, text, { operationName: text.includes('Other') ? 'Other' : 'You' });
      expect(answer?.codes).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    }
  });

  it('checks the variables and the batches of exempt documents all the same', async () => {
    const { server } = await serve({ mode: 'prefer', exempt: ['limits'] }, [
      limits({ maxVariableStringLength: 10, maxBatchSize: 1, maxDepth: 1, maxCharacters: 5 }),
    ]);
    const documentId = invoicePage.id;
    const long = await sendBody(server, { documentId, variables: { id: 'x'.repeat(11) } }, anonymous);
    expect(codes(long)).toEqual(['BAD_USER_INPUT']);
    const batch = await sendBody(
      server,
      Array.from({ length: 2 }, () => ({ documentId, variables: { id: '7' } })),
      anonymous,
    );
    expect(batch.body[0].data.invoice).toBeDefined();
    expect(batch.body[1].errors[0].extensions.code).toBe('BATCH_LIMIT_EXCEEDED');
  });

  it('leaves tighter limits of single callers in force', async () => {
    const perPrincipal = ({ principal }: { principal: unknown }) => (principal ? {} : { maxDepth: 1 });
    const served = await serve({ mode: 'prefer', exempt: ['limits'] }, [
      limits({ maxDepth: 1, perPrincipal: undefined }),
    ]);
    expect((await ask(served, me.body))?.status).toBe(200);
    const tighter = await serve({ mode: 'prefer', exempt: ['limits'] }, [limits({ perPrincipal })]);
    expect((await ask(tighter, me.body))?.codes).toEqual(['DEPTH_LIMIT_EXCEEDED']);
    expect((await ask(tighter, me.body, {}, as({ id: 'u1' })))?.status).toBe(200);
  });

  it('leaves registration by hash to the server', async () => {
    const served = await serve({ mode: 'prefer' });
    const extensions = persisted(sha256(untrusted)) as never;
    expect((await ask(served, undefined, { extensions }))?.codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect((await ask(served, untrusted, { extensions }))?.status).toBe(200);
    expect((await ask(served, undefined, { extensions }))?.status).toBe(200);
  });

  it('refuses a text under the id of another, and an id that is not known', async () => {
    const served = await serve({ mode: 'prefer' });
    expect(await ask(served, untrusted, { parameters: { documentId: me.id } })).toMatchObject(refused);
    expect(await ask(served, undefined, { parameters: { documentId: 'unknown' } })).toMatchObject(refused);
    expect(await ask(served, untrusted, { extensions: persisted(me.id) as never })).toMatchObject(refused);
  });
});

describe('report', () => {
  it('refuses nothing and tells once of each request that require would refuse', async () => {
    const { server, events } = await serve({ mode: 'report' });
    expect((await send(server, untrusted, anonymous, { headers: { 'graphql-client-name': 'app' } })).status).toBe(200);
    expect((await send(server, me.body, anonymous)).status).toBe(200);
    expect((await send(server, undefined, anonymous, { parameters: { documentId: me.id } })).status).toBe(200);
    expect((await send(server, me.body, anonymous, { parameters: { documentId: pay.id } })).status).toBe(200);
    expect(events.filter(({ type }) => type === 'document.untrusted')).toMatchObject([
      { outcome: 'reported', reason: 'unknown text', operationHash: sha256(untrusted), clientName: 'app' },
      { outcome: 'reported', reason: 'the id is of another text' },
    ]);
  });

  it('leaves registration by hash to the server, and tells of what runs', async () => {
    const served = await serve({ mode: 'report' });
    const extensions = persisted(sha256(untrusted)) as never;
    expect((await send(served.server, untrusted, anonymous, { extensions })).status).toBe(200);
    expect((await send(served.server, undefined, anonymous, { extensions })).body.data).toBeDefined();
    expect(served.events.filter(({ type }) => type === 'document.untrusted')).toHaveLength(2);
  });
});

describe('documents of real tools', () => {
  it.each([
    ['Apollo', apolloManifest, 'InvoicePage'],
    ['Relay', relayManifest, 'AppInvoicePageQuery'],
    ['GraphQL Code Generator', codegenManifest, 'InvoicePage'],
  ])('of %s run by each of their ids and by each of their texts', async (_tool, manifest, name) => {
    const { default: content } = (await import(manifest, { with: { type: 'json' } })) as {
      default: Record<string, unknown>;
    };
    const entries: [string, string][] = Array.isArray(content['operations'])
      ? content['operations'].map(({ id, body }: { id: string; body: string }) => [id, body])
      : (Object.entries(content) as [string, string][]);
    const { server } = await serve({ manifests: [manifest] });
    expect(entries.some(([, text]) => text.includes(name))).toBe(true);
    for (const [id, text] of entries.filter(([, body]) => !body.includes('subscription'))) {
      for (const body of [{ documentId: id }, { extensions: persisted(id) }, { id }, { query: text }]) {
        const answer = await sendBody(server, { ...body, variables: { id: '7' } }, anonymous);
        expect({ status: answer.status, codes: codes(answer) }).toEqual({ status: 200, codes: [] });
      }
    }
  });
});
