/**
 * The part of a Redis client that is used: of ioredis and node-redis, for one server or a cluster. They are recognised by their methods.
 */
import { createHash } from 'node:crypto';
import { type Check, hasMethods, must } from '@graphql-bulwark/core/internal';

/** One script on one client. */
export interface RedisScript {
  /** Whether the keys of one call must be in one slot. */
  readonly isCluster: boolean;
  /** Runs the script: one command, and a second one on a server that does not know the script yet. Rejects where Redis fails. */
  readonly run: (keys: readonly string[], argument: string) => Promise<unknown>;
}

interface Ioredis {
  readonly status: string;
  readonly isCluster?: boolean;
  evalsha(sha: string, keys: number, ...rest: string[]): Promise<unknown>;
  eval(text: string, keys: number, ...rest: string[]): Promise<unknown>;
}

interface NodeRedis {
  readonly isReady: boolean;
  readonly isOpen?: boolean;
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(text: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** Checks that an option is a client of ioredis or node-redis. */
export const aRedisClient: Check = must(
  'be a client of ioredis or node-redis',
  (client: unknown) => isIoredis(client) || isNodeRedis(client),
);

/** @param client checked by {@link aRedisClient}. @param text the script in Lua. */
export function createScriptRunner(client: object, text: string): RedisScript {
  const sha = createHash('sha1').update(text).digest('hex');
  if (isIoredis(client)) {
    return {
      isCluster: client.isCluster === true,
      run(keys, argument) {
        // `wait` is the status of a client with `lazyConnect`, which connects with its first command.
        if (client.status !== 'ready' && client.status !== 'wait') {
          throw new Error(`the Redis client is not ready, but ${client.status}`);
        }
        return loadIfMissing(client.evalsha(sha, keys.length, ...keys, argument), () =>
          client.eval(text, keys.length, ...keys, argument),
        );
      },
    };
  }
  const other = client as NodeRedis;
  return {
    isCluster: 'slots' in other,
    run(keys, argument) {
      if (!other.isReady) throw new Error(describeNotReady(other));
      const options = { keys: [...keys], arguments: [argument] };
      return loadIfMissing(other.evalSha(sha, options), () => other.eval(text, options));
    },
  };
}

/** A server that was restarted, or to which a cluster failed over, has no scripts. It then gets the text, and keeps it. */
function loadIfMissing(bySha: Promise<unknown>, byText: () => Promise<unknown>): Promise<unknown> {
  return bySha.catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return byText();
    throw error;
  });
}

function describeNotReady({ isOpen }: NodeRedis): string {
  if (isOpen !== false) return 'the Redis client is not ready';
  return 'the Redis client is not connected: await client.connect() when the server starts';
}

function isIoredis(client: unknown): client is Ioredis {
  return hasMethods(client, 'evalsha', 'eval') && 'status' in (client as object);
}

function isNodeRedis(client: unknown): client is NodeRedis {
  return hasMethods(client, 'evalSha', 'eval') && 'isReady' in (client as object);
}
