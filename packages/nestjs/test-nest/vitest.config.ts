import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { PlainSummary } from '../../../scripts/plain-summary.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
// NEST=11 runs the same tests with the Nest that is installed beside this folder.
const installed = process.env['NEST'] === '11' ? fileURLToPath(new URL('../test-nest-11/', import.meta.url)) : here;
const packages = fileURLToPath(new URL('../..', import.meta.url));
const conditions = ['@graphql-bulwark/source', 'module-sync', 'node'];

// Nest and the sources of this repository must share one copy of graphql and of Nest itself: the ones that are installed for
// these tests.
const oneCopyOfEach: Plugin = {
  name: 'one-copy-of-each',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (source === '@graphql-bulwark/nestjs') return `${packages}nestjs/src/index.ts`;
    if (source === 'graphql-bulwark') return `${packages}bulwark/src/index.ts`;
    const isOurs = importer?.startsWith(packages) && !importer.includes('/node_modules/');
    if (!isOurs || !/^@?[a-z]/.test(source) || /^(?:node:|vitest|@graphql-bulwark\/)/.test(source)) return undefined;
    const found = await this.resolve(source, `${installed}package.json`);
    if (!found?.id.startsWith(installed)) throw new Error(`${source} is not installed in ${installed}`);
    return found;
  },
};

export default defineConfig({
  root: here,
  plugins: [oneCopyOfEach],
  resolve: { conditions, extensions: ['.js', '.mjs', '.ts', '.json'] },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 25_000, interval: 10 } },
    reporters: ['default', new PlainSummary()],
  },
});
