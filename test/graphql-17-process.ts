/** A process in which `graphql` is version 17 for every module. Prints what each way into Bulwark answers to a schema of it. */
import { register } from 'node:module';

const hooks = `
  export const resolve = (specifier, context, next) => specifier === 'graphql'
    ? next('graphql-17', { ...context, parentURL: ${JSON.stringify(import.meta.url)} })
    : next(specifier, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const { buildSchema, version } = await import('graphql');
const { ApolloServer } = await import('@apollo/server');
const { guardSchema } = await import('@graphql-bulwark/authorization');
const { guard } = await import('@graphql-bulwark/core');
const { executionLimits, limits } = await import('@graphql-bulwark/limits');
const { rateLimit } = await import('@graphql-bulwark/rate-limit');
const { createBulwark } = await import('graphql-bulwark');

const schema = buildSchema('type Query { a: [String] }');
const bulwark = createBulwark({ authenticate: () => null, logger: { warn() {}, error() {} } });
const ways: Record<string, () => unknown> = {
  guardSchema: () => guardSchema(schema),
  executionLimits: () => executionLimits().secure(schema),
  rateLimit: () => rateLimit().secure(schema),
  secure: () => bulwark.secure(schema),
  guard: () =>
    new ApolloServer({
      schema,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      plugins: [guard({ controls: [limits()] })],
    }).start(),
};
const answers: Record<string, string> = {};
for (const [name, enter] of Object.entries(ways)) {
  try {
    await enter();
    answers[name] = 'accepted';
  } catch (error) {
    answers[name] = String(error);
  }
}
console.log(JSON.stringify({ version, answers }));
