import { describe, expect, it } from 'vitest';
import { codeFirst } from './code-first.ts';
import { type Answer, type Api, bulwarkFor, type Platform, start } from './kit.ts';
import { Kitchen } from './kitchen.ts';
import { schemaFirst } from './schema-first.ts';

const approaches = { 'code-first': codeFirst, 'schema-first': schemaFirst } as const;
const codes = ({ body }: Answer): unknown[] =>
  (body.errors ?? []).map((error: { extensions?: { code?: unknown } }) => error.extensions?.code);

for (const platform of ['express', 'fastify'] as const satisfies readonly Platform[]) {
  for (const [approach, appOf] of Object.entries(approaches)) {
    const open = (options?: Parameters<typeof bulwarkFor>[0]): Promise<Api> =>
      start(appOf(bulwarkFor(options)), platform);

    describe(`Nest, ${approach}, on ${platform}`, () => {
      it('a public field answers everyone, and a field without a rule only those who are signed in', async () => {
        const { post } = await open();
        for (let i = 0; i < 2; i += 1) {
          const denied = await post('{ recipe(id: 1) { title } }');
          expect(denied.body.data).toEqual({ recipe: null });
          expect(codes(denied)).toEqual(['UNAUTHENTICATED']);
        }
        expect((await post('{ recipes(first: 1) { title } }')).body).toEqual({
          data: { recipes: [{ title: 'Soup 1' }] },
        });
        expect((await post('{ recipe(id: 1) { title } }', 'ada')).body).toEqual({
          data: { recipe: { title: 'Soup 1' } },
        });
        expect((await post('{ recipe(id: 1) { title } }', '-')).status).toBe(401);
      });

      it('a field with a role, an object with an owner and an input field with a role are for those who have them', async () => {
        const { post } = await open();
        const sauce = '{ recipe(id: 1) { secretSauce } }';
        expect(codes(await post(sauce, 'ada'))).toEqual(['FORBIDDEN']);
        expect((await post(sauce, 'chef')).body).toEqual({ data: { recipe: { secretSauce: 'salt' } } });
        const diary = '{ diary(of: "ada") { text } }';
        expect(codes(await post(diary, 'bob'))).toEqual(['NOT_FOUND']);
        expect((await post(diary, 'ada')).body).toEqual({ data: { diary: { text: 'Too much salt again.' } } });
        const stars = 'mutation { addRecipe(input: { title: "Stew", stars: 5 }) { title } }';
        const rejected = await post(stars, 'ada');
        expect([rejected.status, codes(rejected)]).toEqual([403, ['FORBIDDEN']]);
        expect((await post(stars, 'chef')).body).toEqual({ data: { addRecipe: { title: 'Stew' } } });
      });

      it('introspection is refused unless it is allowed', async () => {
        const closed = await open();
        const schema = '{ __schema { queryType { name } } }';
        expect(await closed.post(schema, 'ada')).toMatchObject({
          status: 403,
          body: { errors: [{ extensions: { code: 'INTROSPECTION_DISABLED' } }] },
        });
        const opened = await open({ introspection: { allow: true } });
        expect((await opened.post(schema)).body).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
      });

      it('an operation that costs too much is refused, and one that costs less is answered', async () => {
        const { post } = await open();
        const photos = (first: number) => `{ recipes(first: ${first}) { photo } }`;
        expect(await post(photos(3))).toMatchObject({
          status: 400,
          body: { errors: [{ extensions: { code: 'COST_LIMIT_EXCEEDED' } }] },
        });
        expect((await post(photos(2))).body.data.recipes).toHaveLength(2);
      });

      it('the fourth use of a rate-limited mutation is refused, for its caller alone', async () => {
        const { post } = await open();
        const add = 'mutation { addRecipe(input: { title: "Stew" }) { title } }';
        for (let i = 0; i < 3; i += 1)
          expect((await post(add, 'ada')).body).toEqual({ data: { addRecipe: { title: 'Stew' } } });
        expect(await post(add, 'ada')).toMatchObject({
          status: 429,
          body: { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
        });
        expect((await post(add, 'bob')).status).toBe(200);
      });

      it('an unexpected error is masked, and so is an HttpException of 500', async () => {
        const { post } = await open();
        for (const how of ['database', 'internal']) {
          const { body } = await post(`{ fail(how: "${how}") }`);
          expect(body.data).toEqual({ fail: null });
          expect(body.errors).toMatchObject([
            {
              message: 'Internal server error',
              extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
            },
          ]);
          expect(JSON.stringify(body)).not.toMatch(/10\.0\.0\.7|stacktrace/);
        }
      });

      it("Nest's exceptions of 4xx pass with their message, their status and a code", async () => {
        const { post } = await open();
        const cases = [
          ['bad', 'BAD_REQUEST', 400, 'Too much salt'],
          ['forbidden', 'FORBIDDEN', 403, 'Not in this kitchen'],
          ['conflict', 'CONFLICT', 409, 'The stove is taken'],
          ['teapot', 'I_AM_A_TEAPOT', 418, 'Http Exception'],
        ] as const;
        for (const [how, code, status, message] of cases) {
          const answer = await post(`{ fail(how: "${how}") }`);
          expect(answer.status).toBe(200);
          expect(answer.body.errors).toMatchObject([{ message, path: ['fail'], extensions: { code, status } }]);
          expect(answer.body.errors[0].extensions.http).toBeUndefined();
        }
        const missing = await post('{ recipe(id: 9) { title } }', 'ada');
        expect(missing.body.errors).toMatchObject([
          { message: 'No recipe 9', extensions: { code: 'NOT_FOUND', status: 404 } },
        ]);
      });

      it('what a validation pipe finds is told to the client', async () => {
        const { post } = await open();
        const { body } = await post('mutation { addRecipe(input: { title: "x" }) { title } }', 'ada');
        expect(body.errors).toMatchObject([
          {
            message: 'Bad Request Exception',
            extensions: {
              code: 'BAD_REQUEST',
              originalError: { message: ['title must be longer than or equal to 3 characters'], statusCode: 400 },
            },
          },
        ]);
      });

      it('a subscription over graphql-ws is for those who are signed in', async () => {
        const { app, stream, post } = await open();
        const added = 'subscription { recipeAdded { title } }';
        const denied = stream(added);
        await denied.ended;
        expect(codes({ status: 0, body: denied.results[0] })).toEqual(['UNAUTHENTICATED']);
        expect(await stream(added, '-').ended).toEqual({ closed: 4403 });
        const allowed = stream(added, 'ada');
        await expect.poll(() => app.get(Kitchen, { strict: false }).audience).toBe(1);
        await post('mutation { addRecipe(input: { title: "Stew" }) { title } }', 'bob');
        await expect.poll(() => allowed.results).toEqual([{ data: { recipeAdded: { title: 'Stew' } } }]);
      });

      it('over graphql-ws too, errors are masked and exceptions of 4xx pass', async () => {
        const { stream } = await open();
        const masked = stream('{ fail(how: "internal") }');
        await masked.ended;
        expect(masked.results).toMatchObject([{ errors: [{ message: 'Internal server error' }] }]);
        const passed = stream('{ fail(how: "conflict") }');
        await passed.ended;
        expect(passed.results).toMatchObject([
          { errors: [{ message: 'The stove is taken', extensions: { code: 'CONFLICT', status: 409 } }] },
        ]);
      });
    });
  }
}
