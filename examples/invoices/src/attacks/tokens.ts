/** Tokens that must not work, each used to ask who one is. */
import { at, send } from '../client.ts';
import type { Identity } from '../identity.ts';
import { type Attack, judge } from './attack.ts';
import * as forged from './forged-tokens.ts';

export const tokenAttacks: readonly Attack[] = [
  present('a token with "alg: none"', forged.unsigned),
  present('an expired token', forged.expired),
  present('a token of a foreign issuer', forged.foreignIssuer),
  present('a token signed with a foreign key', forged.foreignKey),
  present('a token for another audience', forged.wrongAudience),
  present('a token signed with HS256 and the public key', forged.hmacWithPublicKey),
  present('a token with another role written into it', forged.tampered),
  present('an ID token in place of an access token', forged.idToken),
];

function present(name: string, forge: (identity: Identity) => Promise<string>): Attack {
  return {
    name,
    expect: ['UNAUTHENTICATED'],
    run: async ({ url, identity }) => {
      const answer = await send(url, { query: '{ me { id role } }', token: await forge(identity) });
      const role = at(answer, 'me', 'role');
      return judge(answer, typeof role === 'string' ? `in as ${role}` : undefined);
    },
  };
}
