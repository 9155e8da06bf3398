/**
 * Stops: a server on a major version of graphql-js that Bulwark was never tested with.
 *
 * Bulwark relies on how graphql-js executes: that the siblings of a denied mutation do not run, that each resolver gets the
 * operation, and how lists and errors are completed. Another major version may differ, and protection would become weaker
 * without an error.
 */
import { GraphQLSchema, version, versionInfo } from 'graphql';
import { show } from './read-options.ts';

/** The major versions of graphql-js that the tests run with. */
const testedMajors: readonly number[] = [16];

/**
 * Checks the version of the module that made the schema. A `package.json` could be that of another installed copy.
 *
 * @param where the function that was given the schema, for the message.
 * @throws {TypeError} for a major version of graphql-js that was not tested, and for a schema of another copy of graphql-js.
 */
export function requireTestedGraphql(where: string, schema: GraphQLSchema): void {
  if (!testedMajors.includes(versionInfo.major)) {
    throw new TypeError(
      `${where}: graphql ${version} is not supported: Bulwark was tested with graphql ${testedMajors.join(', ')} alone, and with ` +
        `another major version its guards may let pass what they must deny. Install graphql ${testedMajors.at(-1)}.`,
    );
  }
  if (schema instanceof GraphQLSchema) return;
  const isSchema = Object.prototype.toString.call(schema) === '[object GraphQLSchema]';
  throw new TypeError(
    isSchema
      ? `${where}: the schema was made by another copy of graphql than the one that Bulwark loads (graphql ${version}). ` +
          'Install one copy: `npm ls graphql` lists them.'
      : `${where} expected ${show(schema)} to be a GraphQL schema.`,
  );
}
