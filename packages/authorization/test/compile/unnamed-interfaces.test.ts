import { buildSchema, graphql } from 'graphql';
import { expect, it } from 'vitest';
import { as } from '../../../../test/kit.ts';
import { authDirectives, guardSchema } from '../../src/index.ts';
import { outcome } from '../ways.ts';

it('a rule on an interface holds for a type that names only an interface of it, in a schema that was never validated', async () => {
  const typeDefs = `
    ${authDirectives}
    interface Kept @auth(scopes: "kept") { secret(at: Int @auth(roles: "ADMIN")): String note: String @auth(roles: "ADMIN") }
    interface File implements Kept { secret(at: Int): String note: String }
    type Letter implements File { secret(at: Int): String note: String }
    type Query { letter: Letter file: File }
  `;
  const schema = guardSchema(buildSchema(typeDefs, { assumeValid: true }), { defaultRule: 'allow' });
  const letter = { __typename: 'Letter', secret: 'the secret', note: 'the note' };
  const ask = async (source: string, scopes: string[], roles: string[] = []) =>
    outcome(
      await graphql({
        schema,
        source,
        rootValue: { letter, file: letter },
        contextValue: as({ id: 'me', scopes, roles }),
      }),
    );
  const query = '{ letter { secret note at: secret(at: 1) } file { note } }';
  expect((await ask(query, [])).data).toEqual({ letter: null, file: null });
  expect((await ask(query, ['kept'])).data).toEqual({
    letter: { secret: 'the secret', note: null, at: null },
    file: { note: null },
  });
  expect(await ask(query, ['kept'], ['ADMIN'])).toEqual({
    data: { letter: { secret: 'the secret', note: 'the note', at: 'the secret' }, file: { note: 'the note' } },
    errors: [],
  });
});
