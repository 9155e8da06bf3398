// What a client may add to an operation without changing it: nulls for what it leaves out, and variables that do not fit.
import { expect, it } from 'vitest';
import { as, codes, send } from '../../../../test/kit.ts';
import { serve, watched } from '../server.ts';

const typeDefs = `
  input Login { email: String note: String device: Device }
  input Device { name: String kind: String = "phone" }
  type Query {
    login(in: Login): String @rateLimit(max: 2, by: [GLOBAL], args: ["in"])
    free: String @rateLimit(max: 2)
    other(n: Int): String
  }
`;
const caller = as({ id: 'bob' });
const login = 'query ($in: Login) { login(in: $in) }';

it.each([
  ['null for a field', { email: 'ann', note: null }],
  ['null for an object', { email: 'ann', device: null }],
  ['null for two of them', { email: 'ann', note: null, device: null }],
])('attack: %s of an input object that is otherwise left out gives no new bucket', async (_, added) => {
  const { server } = await serve(typeDefs, { refusals: false });
  for (let i = 0; i < 2; i += 1) await send(server, login, caller, { variables: { in: { email: 'ann' } } });
  expect(codes(await send(server, login, caller, { variables: { in: added } }))).toEqual(['RATE_LIMITED']);
});

it('attack: an object of nothing but nulls gives no new bucket, and one with a default in it does', async () => {
  const { server } = await serve(typeDefs, { refusals: false });
  for (let i = 0; i < 2; i += 1) await send(server, login, caller, { variables: { in: { email: 'ann' } } });
  const empty = { email: 'ann', device: { name: null, kind: null } };
  expect(codes(await send(server, login, caller, { variables: { in: empty } }))).toEqual(['RATE_LIMITED']);
  const phone = { email: 'ann', device: {} };
  expect(codes(await send(server, login, caller, { variables: { in: phone } }))).toEqual([]);
});

it('another value in an input object is another bucket, whatever else in it is null', async () => {
  const { server } = await serve(typeDefs, { refusals: false });
  for (let i = 0; i < 2; i += 1) await send(server, login, caller, { variables: { in: { email: 'ann', note: null } } });
  expect(codes(await send(server, login, caller, { variables: { in: { note: 'ann' } } }))).toEqual([]);
});

it.each([
  ['free', 'query ($n: Int) { free other(n: $n) }'],
  ['login', 'query ($n: Int) { login(in: { email: "ann" }) other(n: $n) }'],
])('nothing is charged for %s where variables do not coerce, whether a rule reads values or not', async (_, text) => {
  const store = watched();
  const { server, calls } = await serve(typeDefs, { refusals: false, store });
  const answers = [];
  // Once before the operation is known, and once after: what was counted before is counted without a look at variables.
  for (const n of ['many', 1, 'many']) answers.push(await send(server, text, caller, { variables: { n } }));
  expect(answers.map((each) => [each.status, ...codes(each)])).toEqual([
    [400, 'BAD_USER_INPUT'],
    [200],
    [400, 'BAD_USER_INPUT'],
  ]);
  expect([store.asked.length, calls.length]).toEqual([1, 2]);
});
