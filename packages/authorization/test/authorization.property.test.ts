import { checkOperation } from '@graphql-bulwark/core';
import * as fc from 'fast-check';
import { execute, GraphQLError, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { as } from '../../../test/kit.ts';
import { propertyCases } from '../../../test/property-cases.ts';
import { authorization, guardSchema } from '../src/index.ts';
import { type Operation, operations } from './property/operations.ts';
import { type Caller, expectedData, rootIsDenied } from './property/reference.ts';
import { schemaOf } from './property/schema.ts';
import { type World, worlds } from './property/world.ts';

const callers: fc.Arbitrary<Caller | null> = fc.option(
  fc.record({
    id: fc.constantFrom('u1', 'u2', '7', 'NaN', '[object Object]'),
    roles: fc.subarray(['R1', 'R2']),
    scopes: fc.subarray(['s', 'st']),
  }),
  { freq: 5 },
);

const events = { emit: () => {}, logged: () => '' };
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

interface Given {
  readonly data: unknown;
  readonly errors: readonly GraphQLError[];
  readonly refused: boolean;
}

const perWorld = 10;
const worldCount = propertyCases(500);

it(`answers ${perWorld * worldCount} random operations as the naive model does, and nothing else`, async () => {
  let cases = 0;
  const asked = fc.array(fc.tuple(callers, operations), { minLength: perWorld, maxLength: perWorld });
  await fc.assert(
    fc.asyncProperty(worlds, asked, async (world, all) => {
      const ran: string[] = [];
      const unguarded = schemaOf(world, ran);
      const schema = guardSchema(unguarded, { defaultRule: world.defaultRule, events });
      const control = authorization();
      for (const [caller, operation] of all) {
        cases += 1;
        const document = parse(operation.text);
        expect(validate(unguarded, document)).toEqual([]);
        // What an answer did not wait for still runs.
        await new Promise((resolve) => setImmediate(resolve));
        ran.length = 0;
        const given = await run();
        check(world, caller, operation, given, ran);

        async function run(): Promise<Given> {
          const contextValue = as(caller);
          const { variables } = operation;
          try {
            await checkOperation([control], { schema, document, variables, contextValue }, events);
          } catch (error) {
            if (!(error instanceof GraphQLError)) throw error;
            return { data: undefined, errors: [error], refused: true };
          }
          const result = await execute({ schema, document, variableValues: variables, contextValue });
          return { data: result.data && plain(result.data), errors: result.errors ?? [], refused: false };
        }
      }
    }),
    { numRuns: worldCount },
  );
  expect(cases).toBe(perWorld * worldCount);
}, 300_000);

function check(world: World, caller: Caller | null, operation: Operation, given: Given, ran: readonly string[]): void {
  // Every text of the data carries a '#': none of them may stand in an error.
  expect(JSON.stringify(given.errors)).not.toContain('#');
  const isMutation = operation.kind === 'Mutation';
  // Refused is only what changes something, and then nothing of it ran; what is certain to be denied is refused.
  const expected = given.refused
    ? { refused: isMutation, data: undefined, ran: [] }
    : {
        refused: isMutation && rootIsDenied(world, caller, operation),
        data: expectedData(world, caller, operation),
        ran: [...ran],
      };
  expect({ refused: given.refused, data: given.refused ? undefined : (given.data ?? null), ran }).toEqual(expected);
}
