/** All attacks, in the order of the table. */
import type { Attack } from './attack.ts';
import { leakAttacks } from './leaks.ts';
import { passwordAttacks } from './passwords.ts';
import { rightsAttacks } from './rights.ts';
import { schemaAttacks } from './schema-leaks.ts';
import { serverAttacks } from './server-leaks.ts';
import { shapeAttacks } from './shape.ts';
import { tenantAttacks } from './tenants.ts';
import { tokenAttacks } from './tokens.ts';

export const attacks: readonly Attack[] = [
  ...shapeAttacks,
  ...passwordAttacks,
  ...schemaAttacks,
  ...tenantAttacks,
  ...rightsAttacks,
  ...tokenAttacks,
  ...serverAttacks,
  ...leakAttacks,
];
