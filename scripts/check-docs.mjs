// Every ```ts block of a README is a module that compiles: it is type-checked against the sources.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let blocks = 0;
for (const dir of readdirSync(join(root, 'packages'))) {
  // Inside the package, so that imports resolve as they would for it; the README says what to install beside it.
  const cache = join(root, 'packages', dir, 'node_modules/.cache/docs');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const text = readFileSync(join(root, 'packages', dir, 'README.md'), 'utf8');
  const found = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  if (found.length === 0) throw new Error(`packages/${dir}/README.md has no example`);
  found.forEach((code, i) => writeFileSync(join(cache, `example-${i}.ts`), code));
  const config = {
    extends: '../../../../../tsconfig.base.json',
    compilerOptions: { noEmit: true, noUnusedLocals: false, experimentalDecorators: true },
    include: ['*.ts'],
  };
  writeFileSync(join(cache, 'tsconfig.json'), JSON.stringify(config));
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', cache], { stdio: 'inherit' });
  blocks += found.length;
}
console.log(`${blocks} examples compile`);
