/** What a client and an operator see of a request that authentication refuses. */
import { readRefusalCode, readRefusalFacts } from '@graphql-bulwark/core/internal';
import type { Authenticate, CredentialSource } from '../src/index.ts';

export interface Refused {
  readonly code: unknown;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly message: string;
}

/** @throws when the request was let in. */
export async function refusedBy(who: Authenticate, request: CredentialSource): Promise<Refused> {
  let principal: unknown;
  try {
    principal = await who(request);
  } catch (thrown) {
    const http = (thrown as { extensions?: { http?: { status: number; headers: Map<string, string> } } }).extensions
      ?.http;
    return {
      code: readRefusalCode(thrown),
      status: http?.status,
      reason: readRefusalFacts(thrown)?.reason,
      headers: http?.headers ?? new Map(),
      message: (thrown as Error).message,
    };
  }
  throw new Error(`was not refused: ${JSON.stringify(principal)}`);
}

/** `'let in'`, or the reason of the refusal. */
export function reasonOf(who: Authenticate, request: CredentialSource): Promise<string | undefined> {
  return who(request).then(
    () => 'let in',
    (thrown: unknown) => readRefusalFacts(thrown)?.reason ?? 'failed',
  );
}
