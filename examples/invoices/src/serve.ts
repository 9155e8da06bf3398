/** `--serve`: both servers, until SIGINT or SIGTERM. */
import { once } from 'node:events';
import { startBareServer } from './bare-server.ts';
import { demoUsers } from './demo-users.ts';
import type { RunningServer } from './http.ts';
import { startIdentity } from './identity.ts';
import { demoPassword } from './passwords.ts';
import { startProtectedServer } from './protected-server.ts';

/** Ports: `PORT` (4000) for the protected server, `BARE_PORT` (4001) for the bare one, 0 for any free one. */
export async function serve({ env = process.env, log = console.log } = {}): Promise<void> {
  const ports = [port(env['PORT'], 4000, 'PORT'), port(env['BARE_PORT'], 4001, 'BARE_PORT')] as const;
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const identity = await startIdentity();
  const servers: RunningServer[] = [];
  try {
    const bulwark = await startProtectedServer({ identity, port: ports[0], redisUrl: env['REDIS_URL'] });
    servers.push(bulwark);
    const bare = await startBareServer({ identity, port: ports[1] });
    servers.push(bare);
    log(greeting(bulwark, bare));
    await ended;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await identity.stop();
  }
}

function greeting(bulwark: RunningServer, bare: RunningServer): string {
  const users = Object.values(demoUsers).map(({ email, role }) => `  ${role.padEnd(10)}  ${email}`);
  const query = `mutation { login(email: \\"${demoUsers.member.email}\\", password: \\"${demoPassword}\\") { accessToken } }`;
  return [
    `with Bulwark     ${bulwark.url}`,
    `without Bulwark  ${bare.url}`,
    'Subscriptions are at the same addresses, over graphql-ws: put "authorization" into connectionParams.',
    '',
    `Users, all with the password ${demoPassword}:`,
    ...users,
    '',
    'Log in:',
    `  curl -s ${bulwark.url} -H 'content-type: application/json' \\`,
    `    -d '{"query": "${query}"}'`,
    '',
    'Ask with the access token in "authorization: Bearer ...". Ctrl-C stops both.',
  ].join('\n');
}

function port(text: string | undefined, fallback: number, name: string): number {
  const value = text === undefined || text === '' ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new TypeError(`${name} is a whole number between 0 and 65535, not "${text}"`);
}
