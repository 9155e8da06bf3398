/** How many mistakes are looked for in variables: each of them prints the whole value that it is in. */
import { buildSchema, type GraphQLError, parse } from 'graphql';
import { afterEach, expect, it, vi } from 'vitest';
import { type Control, checkOperation, createEvents, securityContext } from '../../src/index.ts';
import { readRefusalFacts } from '../../src/internal.ts';

afterEach(() => void vi.unstubAllEnvs());

const schema = buildSchema('input In { n: Int } type Query { q(in: In): Int }');
const document = parse('query ($in: In) { q(in: $in) }');
const reading: Control = { name: 'reading', check: (operation) => void operation.variables };

/** The refusal of an object with so many unknown keys. */
async function refusalOf(keys: number): Promise<GraphQLError> {
  const variables = { in: Object.fromEntries(Array.from({ length: keys }, (_, i) => [`unknown${i}`, 1])) };
  const contextValue = { security: securityContext() };
  const events = createEvents(
    () => {},
    () => console,
  );
  const checked = checkOperation([reading], { schema, document, variables, contextValue }, events);
  return checked.then(
    () => {
      throw new Error('not refused');
    },
    (refusal: GraphQLError) => refusal,
  );
}

it.each([
  ['production', 5],
  ['development', 20],
])(
  'attack: of thousands of mistakes in a variable, %s prints the value %i times and once more to say that there are more',
  async (environment, times) => {
    vi.stubEnv('NODE_ENV', environment);
    const refusal = await refusalOf(3_000);
    expect(1 + (readRefusalFacts(refusal)?.also?.length ?? 0)).toBe(times + 1);
  },
);
