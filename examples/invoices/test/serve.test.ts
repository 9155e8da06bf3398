// `--serve` over HTTP: whose address counts, with a proxy in front and without.
import { afterEach, expect, test } from 'vitest';
import { send } from '../src/client.ts';
import { serve } from '../src/serve.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Both servers on free ports. @returns where the protected one is, and what it has warned of. */
async function start(env: Record<string, string> = {}): Promise<{ url: string; warnings: string[] }> {
  const warnings: string[] = [];
  const logger = { warn: (message: unknown) => warnings.push(String(message)), error: () => {} };
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const greeting = await new Promise<string>((resolve, reject) => {
    const running = serve({ env: { PORT: '0', BARE_PORT: '0', ...env }, log: resolve, logger, ended });
    running.catch(reject);
    stops.push(async () => {
      end();
      await running;
    });
  });
  return { url: /with Bulwark +(\S+)/.exec(greeting)?.[1] ?? '', warnings };
}

/** One wrong password for each of 60 accounts, each under another address. @returns how many were judged. */
async function spray(url: string): Promise<number> {
  let judged = 0;
  for (let n = 0; n < 60; n += 1) {
    const query = `mutation { login(email: "account${n}@northgate.test", password: "guess") { accessToken } }`;
    if ((await send(url, { query, from: `198.51.100.${n}` })).code === 'INVALID_CREDENTIALS') judged += 1;
  }
  return judged;
}

test('without TRUSTED_HOPS a client that makes up addresses is still one client', async () => {
  const { url } = await start();
  expect(await spray(url)).toBe(20);
});

test('with TRUSTED_HOPS=1 every client behind the proxy is counted for itself, and who comes past it is told once', async () => {
  const { url, warnings } = await start({ TRUSTED_HOPS: '1' });
  expect(await spray(url)).toBe(60);
  const direct = (): string[] => warnings.filter((message) => message.includes('trustedHops is 1, but a request'));
  expect(direct()).toHaveLength(0);
  for (let n = 0; n < 3; n += 1) await send(url, { query: '{ __typename }', from: '' });
  expect(direct()).toHaveLength(1);
});

test.each([
  ['TRUSTED_HOPS', 'yes'],
  ['TRUSTED_HOPS', '-1'],
  ['PORT', '70000'],
])('%s=%s keeps the servers from starting', async (name, value) => {
  await expect(serve({ env: { PORT: '0', BARE_PORT: '0', [name]: value } })).rejects.toThrow(
    `${name} is a whole number`,
  );
});
