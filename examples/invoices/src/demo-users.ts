/** The seeded users that the README, the tests and the showcase speak of. All have the demo password. */
import type { User } from './records.ts';

export type Caller = Pick<User, 'id' | 'organisationId' | 'role' | 'email'>;

const northgate = 'org_1';
const harbour = 'org_2';

export const demoUsers = {
  admin: { id: 'usr_1', organisationId: northgate, role: 'ADMIN', email: 'admin1@northgate.test' },
  accountant: { id: 'usr_3', organisationId: northgate, role: 'ACCOUNTANT', email: 'accountant1@northgate.test' },
  member: { id: 'usr_11', organisationId: northgate, role: 'MEMBER', email: 'member1@northgate.test' },
  /** The attacker of the showcase: an ordinary account, bought or phished. */
  attacker: { id: 'usr_40', organisationId: northgate, role: 'MEMBER', email: 'member30@northgate.test' },
  /** The victim of the attacks on passwords. */
  target: { id: 'usr_2', organisationId: northgate, role: 'ADMIN', email: 'admin2@northgate.test' },
  /** Of another organisation. */
  neighbour: { id: 'usr_51', organisationId: harbour, role: 'ADMIN', email: 'admin1@harbour.test' },
} as const satisfies Record<string, Caller>;

/** An invoice of Northgate, shared with the neighbour. */
export const demoShare = { invoiceId: 'inv_12', userId: demoUsers.neighbour.id } as const;

/** Of the company that runs the service, and of no organisation in it. */
export const support = { id: 'staff_1', organisationId: 'staff', roles: ['SUPPORT'] } as const;
