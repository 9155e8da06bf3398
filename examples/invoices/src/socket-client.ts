/** The WebSocket client of the showcase: graphql-ws as a browser uses it, the token in `connectionParams`. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { type Answer, cameFrom, type GraphQLAnswer, noteText, read, type Sent } from './client.ts';

export interface Stream {
  /**
   * What comes next: a result, an error message, or how the socket was closed.
   *
   * @param meanwhile done again and again until something comes, at most 20 times; after that there is no answer
   */
  next(meanwhile?: () => Promise<unknown>): Promise<Answer>;
  close(): void;
}

const patience = 20;

/** In place of a code, when the server has ended a stream and left the socket open. */
export const streamEnded = 'stream ended';

/** Opens a socket of its own and starts one operation on it. */
export function listen(url: string, { token, from = cameFrom(), query = '', variables = {} }: Sent): Stream {
  class Socket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { headers: { 'x-forwarded-for': from } });
    }
  }
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: Socket,
    retryAttempts: 0,
    ...(token !== undefined && { connectionParams: { authorization: `Bearer ${token}` } }),
  });
  noteText(query);
  const results = client.iterate({ query, variables: { ...variables } });
  const following = async (): Promise<Answer> => {
    try {
      const step = await results.next();
      return step.done ? answered(streamEnded, '') : read(101, JSON.stringify(step.value));
    } catch (error) {
      return refused(error);
    }
  };
  return {
    async next(meanwhile) {
      const came: Answer[] = [];
      const coming = following().then((answer) => {
        came.push(answer);
        return answer;
      });
      if (!meanwhile) return coming;
      for (let n = 0; n < patience && came.length === 0; n += 1) await meanwhile();
      return came[0] ?? read(0, 'no event');
    },
    close: () => void client.dispose(),
  };
}

/** One operation, and the first thing that comes back. */
export async function overSocket(url: string, sent: Sent, meanwhile?: () => Promise<unknown>): Promise<Answer> {
  const stream = listen(url, sent);
  try {
    return await stream.next(meanwhile);
  } finally {
    stream.close();
  }
}

/** graphql-ws throws the errors of an error message, the event of a socket that closes, or what happened to the socket. */
function refused(error: unknown): Answer {
  if (Array.isArray(error)) return read(101, JSON.stringify({ errors: error } satisfies GraphQLAnswer));
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof code === 'number') return answered(`${code} ${String(reason)}`.trim(), 'closed');
  return read(0, error instanceof Error ? error.message : 'no answer');
}

function answered(code: string, text: string): Answer {
  return { status: 101, text, results: [], code };
}
