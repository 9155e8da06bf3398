/**
 * An attacker who knows a URL and a list of words: rebuilds a schema from whatever the answers give away.
 *
 * Two ways: names that stand in an answer without having been sent (suggestions, types, required fields), and names that a
 * server tells apart from nonsense. The words are guesses at the demo's kind of API, with as many that are wrong.
 */
import { randomUUID } from 'node:crypto';

export interface Recovered {
  /** Names of the schema in an answer that nobody had sent. */
  readonly leaked: ReadonlySet<string>;
  /** `Query.me`: found to exist by the difference to a name that does not. */
  readonly found: ReadonlySet<string>;
  readonly requests: number;
}

export interface RecoveryOptions {
  readonly url: string;
  /** Every name of the schema, to recognise them in answers; the attacker does not choose its questions by them. */
  readonly names: ReadonlySet<string>;
  readonly words: readonly string[];
}

const roots = [
  ['Query', 'query'],
  ['Mutation', 'mutation'],
] as const;

/** Arguments and selections that fields of such an API may need. */
const forms = [
  '',
  ' { __typename }',
  '(id: "1") { __typename }',
  '(text: "a") { __typename }',
  '(email: "a")',
  '(email: "a", password: "b") { __typename }',
  '(refreshToken: "a") { __typename }',
];

export async function recoverSchema({ url, names, words }: RecoveryOptions): Promise<Recovered> {
  const leaked = new Set<string>();
  const found = new Set<string>();
  let requests = 0;

  /** Sends an operation; keeps the names in its answer that the operation does not hold. */
  async function ask(query: string, variables?: object): Promise<string> {
    requests += 1;
    const response = await fetch(url, {
      method: 'POST',
      // From many addresses: one alone would not be heard for long.
      headers: { 'content-type': 'application/json', 'x-forwarded-for': addressOf(requests) },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    const heard = `${text} ${[...response.headers]
      .filter(([name]) => !constant.has(name))
      .flat()
      .join(' ')}`;
    const sent = new Set(wordsOf(`${query} ${JSON.stringify(variables ?? {})}`));
    for (const word of wordsOf(heard)) if (names.has(word) && !sent.has(word) && !ordinary.has(word)) leaked.add(word);
    return shape(response.status, text);
  }

  for (const [root, kind] of roots) {
    for (const form of forms) {
      const nonsense = await ask(`${kind} { ${nonce()}${form} }`);
      for (const word of words) {
        if ((await ask(`${kind} { ${word}${form} }`)) !== nonsense) found.add(`${root}.${word}`);
      }
    }
    for (const word of words) {
      await ask(`${kind} { ${word}x }`);
      await ask(`${kind} { ${word} { ${nonce()} } }`);
      await ask(`${kind} { ${word}(${nonce()}: 1) }`);
      await ask(`${kind} { ${word}(input: {}) }`);
    }
  }
  for (const word of words) {
    const type = word.charAt(0).toUpperCase() + word.slice(1);
    await ask(`{ ... on ${type}x { id } }`);
    await ask(`query ($v: ${type}Input) { __typename }`);
    await ask(`query ($v: ${type}Input!) { __typename }`, { v: {} });
    await ask(`query ($v: ${type}!) { __typename }`, { v: 'A' });
    await ask(`{ __typename @${word}x }`);
  }
  return { leaked, found, requests };
}

/** Status, and each error with its code, text and places, without the names that were sent. */
function shape(status: number, text: string): string {
  try {
    const { data, errors = [] } = JSON.parse(text) as { data?: unknown; errors?: Error[] };
    type Error = { message: string; locations?: unknown; extensions?: { code?: string } };
    const said = errors.map(({ message, locations, extensions }) => [extensions?.code, quoted(message), locations]);
    return JSON.stringify([status, data === undefined ? 'none' : 'data', said]);
  } catch {
    return `${status} no JSON`;
  }
}

/** A message without the names in it. */
function quoted(message: string): string {
  return message.replace(/"[^"]*"/g, '"..."');
}

function wordsOf(text: string): string[] {
  return text.match(/[_A-Za-z][_0-9A-Za-z]*/g) ?? [];
}

function nonce(): string {
  return `n${randomUUID().replaceAll('-', '')}`;
}

/** Names of a schema that are words of every answer too. */
// `Mutation` names the policy of a rate limit in a header.
const ordinary = new Set(['Mutation', 'data', 'errors', 'message', 'code', 'at', 'id', 'type', 'name']);

/** Headers that are the same on every answer. */
const constant = new Set([
  'content-type',
  'content-security-policy',
  'strict-transport-security',
  'connection',
  'keep-alive',
  'date',
]);

/** What somebody would try on an API of this kind. */
export const wordlist: readonly string[] = `
  me user users invoice invoices customer organisation search node nodes report reports payments orders settings version
  login logout refresh requestPasswordReset resetPassword createInvoice updateInvoice payInvoice inviteUser createUser
  createApiKey auditLog
`
  .trim()
  .split(/\s+/);

/** An address of a network for documentation, another for each number (RFC 2544). */
export function addressOf(number: number): string {
  return `198.18.${(number >> 8) & 255}.${number & 255}`;
}
