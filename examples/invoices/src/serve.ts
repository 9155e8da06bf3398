/** `--serve`: both servers, until they are told to stop. */
import { once } from 'node:events';
import { startBareServer } from './bare-server.ts';
import { demoUsers } from './demo-users.ts';
import type { RunningServer } from './http.ts';
import { startIdentity } from './identity.ts';
import { demoPassword } from './passwords.ts';
import { type ProtectedServerOptions, startProtectedServer } from './protected-server.ts';

export interface ServeOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log?: (text: string) => void;
  /** Gets the warnings of the protected server. @default the console */
  readonly logger?: ProtectedServerOptions['logger'];
  /** Resolved when both shall stop. @default SIGINT or SIGTERM */
  readonly ended?: Promise<unknown>;
}

/**
 * Ports: `PORT` (4000) for the protected server, `BARE_PORT` (4001) for the bare one, 0 for any free one.
 * `TRUSTED_HOPS`: proxies of one's own in front. Without it nobody's `X-Forwarded-For` is believed.
 *
 * @throws {TypeError} for a variable that is no number in its range.
 */
export async function serve(options: ServeOptions = {}): Promise<void> {
  const { env = process.env, log = console.log, logger = console } = options;
  const { ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]) } = options;
  const ports = [wholeNumber(env, 'PORT', 65_535) ?? 4000, wholeNumber(env, 'BARE_PORT', 65_535) ?? 4001] as const;
  const trustedHops = wholeNumber(env, 'TRUSTED_HOPS', 10);
  const identity = await startIdentity();
  const servers: RunningServer[] = [];
  try {
    const redisUrl = env['REDIS_URL'];
    const bulwark = await startProtectedServer({ identity, port: ports[0], redisUrl, trustedHops, logger });
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

function wholeNumber(env: NonNullable<ServeOptions['env']>, name: string, max: number): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new TypeError(`${name} is a whole number between 0 and ${max}, not "${text}"`);
}
