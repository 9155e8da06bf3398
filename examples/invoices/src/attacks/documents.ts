/** Ways around the list of trusted documents. The documents ask for what the attacker may read: only who wrote them is wrong. */
import { createHash } from 'node:crypto';
import { at, send } from '../client.ts';
import { overSocket } from '../socket-client.ts';
import { type Attack, judge } from './attack.ts';

/** An honest client sends it, so it is on the list. */
const trusted = '{ me { id } }';
const own = '{ me { id name email } }';
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: digest(text) } });
const expect = ['DOCUMENT_NOT_TRUSTED'];

export const documentAttacks: readonly Attack[] = [
  {
    name: 'a document that no client of the company sends',
    expect,
    run: async ({ url, tokens }) => {
      const answer = await send(url, { query: own, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: 'the same under the id of a trusted one',
    expect,
    run: async ({ url, tokens }) => {
      const body = JSON.stringify({ query: own, documentId: digest(trusted) });
      const answer = await send(url, { body, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: 'a trusted one with a second operation behind it',
    expect,
    run: async ({ url, tokens }) => {
      const query = `query Trusted ${trusted} query Own ${own}`;
      const body = JSON.stringify({ query, operationName: 'Own' });
      const answer = await send(url, { body, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: "a document of one's own, registered by its hash",
    expect: ['DOCUMENT_NOT_TRUSTED', 'PERSISTED_QUERY_NOT_FOUND'],
    run: async ({ url, tokens }) => {
      const extensions = persisted(own);
      await send(url, { query: own, extensions, token: tokens.attacker });
      const answer = await send(url, { extensions, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: "a document of one's own in a batch, behind a trusted one",
    expect,
    run: async ({ url, tokens }) => {
      const body = JSON.stringify([{ query: trusted }, { query: own }]);
      const answer = await send(url, { body, token: tokens.attacker });
      return judge(answer, at(answer.results[1] ?? {}, 'me', 'id') ? 'executed' : undefined);
    },
  },
  {
    name: "WebSocket: a document of one's own",
    expect,
    run: async ({ url, tokens }) => {
      const answer = await overSocket(url, { query: own, token: tokens.attacker });
      return judge(answer, at(answer, 'me', 'id') ? 'executed' : undefined);
    },
  },
];
