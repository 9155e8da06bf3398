import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { guardSchema } from '@graphql-bulwark/authorization';
import { requireTestedGraphql } from '@graphql-bulwark/core/internal';
import { buildSchema, version } from 'graphql';
import { buildSchema as buildSchema17 } from 'graphql-17';
import { expect, it } from 'vitest';

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

it('graphql 17, which was never tested, is refused at start by every function that takes a schema', async () => {
  const args = ['--import', 'tsx', '--conditions', '@graphql-bulwark/source', at('graphql-17-process.ts')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: at('.') });
  const { version: loaded, answers } = JSON.parse(stdout) as { version: string; answers: Record<string, string> };
  expect(loaded).toMatch(/^17\./);
  expect(Object.keys(answers)).toEqual(['guardSchema', 'executionLimits', 'rateLimit', 'secure', 'guard']);
  for (const answer of Object.values(answers)) {
    expect(answer).toMatch(/^TypeError: [\w: ]+: graphql 17\.\d+\.\d+ is not supported: .* Install graphql 16\.$/);
  }
});

it('a schema of a second copy of graphql is refused, whatever version Bulwark itself loads', () => {
  const foreign = buildSchema17('type Query { a: String }') as never;
  expect(() => guardSchema(foreign)).toThrow(
    `made by another copy of graphql than the one that Bulwark loads (graphql ${version})`,
  );
});

it('a schema of the tested major version of graphql is accepted', () => {
  const schema = buildSchema('type Query { a: String }');
  expect(() => requireTestedGraphql('test', schema)).not.toThrow();
  expect(() => guardSchema(schema)).not.toThrow();
});
