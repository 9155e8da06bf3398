import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark } from 'graphql-bulwark';
import { expect, it } from 'vitest';

/** What is logged when options for an Apollo Server are made. */
function listLines(types: string, options: Partial<BulwarkOptions> = {}): string[] {
  const lines: string[] = [];
  const bulwark = createBulwark({
    authenticate: () => null,
    exposure: false,
    onEvent() {},
    logger: { warn: (line) => lines.push(line), error() {} },
    ...options,
  });
  const schema = bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, types] }));
  bulwark.apollo({ schema });
  return lines.filter((line) => line.includes('need a signed-in caller'));
}

it('root fields that only the default rule closes are listed once, and fields with a rule are not', () => {
  const types = `
    type Query { open: Int @public closed: Int ruled: Int @auth typed: Doc _service: Int }
    type Mutation { change: Int }
    type Doc @auth(roles: "ADMIN") { id: ID }`;
  const [line, ...others] = listLines(types);
  expect(line).toContain('Mutation.change, Query.closed, Query.typed.');
  expect(line).not.toMatch(/Query\.(?:open|ruled|_service)/);
  expect(others).toEqual([]);
});

it('where no root field is closed by the default rule, nothing is listed', () => {
  expect(listLines('type Query { open: Int @public ruled: Int @auth }')).toEqual([]);
  expect(listLines('type Query { a: Int }', { authorization: { defaultRule: 'allow' } })).toEqual([]);
  expect(listLines('type Query { a: Int }', { authenticate: false })).toEqual([]);
});

it('_service is closed by the default rule where introspection is only reported', () => {
  const types = 'type Query { open: Int @public _service: Int }';
  expect(listLines(types)).toEqual([]);
  expect(listLines(types, { introspection: { mode: 'report' } })).toEqual([expect.stringContaining('Query._service')]);
});
