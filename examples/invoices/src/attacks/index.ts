/** All attacks, by what the attacker is after. */
import type { Attack } from './attack.ts';
import { authorizationAttacks } from './authorization.ts';
import { businessAttacks } from './business.ts';
import { costAttacks } from './cost.ts';
import { credentialAttacks } from './credentials.ts';
import { inputAttacks } from './inputs.ts';
import { leakAttacks } from './leaks.ts';
import { passwordAttacks } from './passwords.ts';
import { rateAttacks } from './rates.ts';
import { rightsAttacks } from './rights.ts';
import { schemaAttacks } from './schema-leaks.ts';
import { serverAttacks } from './server-leaks.ts';
import { shapeAttacks } from './shape.ts';
import { socketAttacks } from './sockets.ts';
import { tenantAttacks } from './tenants.ts';
import { tokenAttacks } from './tokens.ts';

export interface Chapter {
  readonly title: string;
  readonly attacks: readonly Attack[];
}

export const chapters: readonly Chapter[] = [
  { title: "Reading another company's data", attacks: tenantAttacks },
  { title: "Reading more than one's role allows", attacks: rightsAttacks },
  { title: 'Changing what one may not', attacks: [...authorizationAttacks, ...inputAttacks] },
  { title: 'Bending the rules of the business', attacks: businessAttacks },
  { title: 'Forged tokens', attacks: tokenAttacks },
  { title: 'Ended sessions and stolen keys', attacks: credentialAttacks },
  { title: 'Guessing passwords, and hammering', attacks: [...passwordAttacks, ...rateAttacks] },
  { title: 'Requests that are too large or too deep', attacks: shapeAttacks },
  { title: 'Small questions with huge answers', attacks: costAttacks },
  { title: 'Learning a schema that is not published', attacks: [...schemaAttacks, ...leakAttacks] },
  { title: 'Making the server tell how it is built', attacks: serverAttacks },
  { title: 'The same over a WebSocket', attacks: socketAttacks },
];

export const attacks: readonly Attack[] = chapters.flatMap((chapter) => chapter.attacks);
