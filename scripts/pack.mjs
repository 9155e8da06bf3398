// `npm run pack`: every public package as a tarball, in the folder tarballs/ or in the one named. Installed together they work
// as the published ones would.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;

/** @returns for each package its name, its folder, its exports, and its tarball. The packages must have been built. */
export function packPackages(folder) {
  mkdirSync(folder, { recursive: true });
  return readdirSync(join(root, 'packages')).map((dir) => {
    const from = join(root, 'packages', dir);
    const { name, exports } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    const tarball = join(folder, `${dir}.tgz`);
    const args = ['--yes', `--package=${pnpm}`, '--', 'pnpm', 'pack', '--loglevel=error', '--out', tarball];
    execFileSync('npx', args, { cwd: from, stdio: ['ignore', 'ignore', 'inherit'] });
    return { name, dir, exports, tarball };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'tarballs'));
  const packed = packPackages(folder);
  const shown = relative(process.cwd(), folder) || '.';
  console.log(
    `${packed.length} packages are in ${shown}. In a project of yours:\n  npm install ${folder}/*.tgz @apollo/server graphql`,
  );
}
