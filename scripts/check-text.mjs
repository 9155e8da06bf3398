// Sources are ASCII only, so that no look-alike or invisible character can hide in a security product.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const files = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs', '*.json', '*.md', '*.yaml', '*.yml', '.ci'],
  {
    encoding: 'utf8',
  },
);
let wrong = 0;
for (const file of files.split('\n').filter((name) => name && name !== 'pnpm-lock.yaml')) {
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((line, i) => {
      const found = /[^\t\x20-\x7e]/.exec(line);
      if (!found) return;
      wrong += 1;
      console.error(
        `${file}:${i + 1}: character U+${found[0].codePointAt(0).toString(16).padStart(4, '0')} is not ASCII`,
      );
    });
}
process.exitCode = wrong === 0 ? 0 : 1;
