/** All attacks, in the order of the table. Those that are denied most come last: after 60 denials nobody hears another word. */
import type { Attack } from './attack.ts';
import { authorizationAttacks } from './authorization.ts';
import { credentialAttacks } from './credentials.ts';
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

export const attacks: readonly Attack[] = [
  ...shapeAttacks,
  ...credentialAttacks, // before the attacks that use up what an address may try
  ...authorizationAttacks,
  ...leakAttacks,
  ...passwordAttacks,
  ...schemaAttacks,
  ...serverAttacks,
  ...tenantAttacks,
  ...rightsAttacks,
  ...tokenAttacks,
  ...socketAttacks,
  ...rateAttacks,
];
