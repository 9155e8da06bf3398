import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

it('shows the example that runs, to the letter', () => {
  const shown = /<!-- (\S+) -->\n```ts\n(.*?)```/s.exec(read('README.md'));
  expect(shown?.[1]).toBe('examples/minimal/src/server.ts');
  expect(shown?.[2]).toBe(read('examples/minimal/src/server.ts'));
});

it('links to files that exist', () => {
  const targets = [...read('README.md').matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target);
  const missing = targets.filter((target) => !existsSync(new URL(`../${target}`, import.meta.url)));
  expect(targets.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});
