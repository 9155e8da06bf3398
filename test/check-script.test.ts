// What `npm run check` does on a machine without redis-server.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../.ci/run', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'check-script-'));
  // All that the script may find: the programs it starts with, and a package manager that only leaves a trace and fails.
  for (const program of ['bash', 'dirname', 'mktemp', 'rm', 'id', 'node']) {
    symlinkSync(programPath(program), join(folder, program));
  }
  for (const program of ['apt-get', 'sudo']) {
    writeFileSync(join(folder, program), `#!${programPath('bash')}\necho >"${folder}/installed"\nexit 1\n`);
    chmodSync(join(folder, program), 0o755);
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('says what is missing and installs nothing, where the caller has not set CI', () => {
  const { status, stdout, stderr } = runScript({});
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^The tests need the program redis-server: install it .*\n$/);
  expect(readdirSync(folder)).not.toContain('installed');
});

it('installs what is missing, where the caller has set CI', () => {
  const { status, stdout } = runScript({ CI: 'true' });
  expect(status).not.toBe(0);
  expect(stdout).toContain('== services');
  expect(readdirSync(folder)).toContain('installed');
});

function runScript(environment: Readonly<Record<string, string>>) {
  return spawnSync(programPath('bash'), [script], {
    encoding: 'utf8',
    env: { PATH: folder, TMPDIR: folder, ...environment },
  });
}

function programPath(name: string): string {
  if (name === 'node') return process.execPath;
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
}
