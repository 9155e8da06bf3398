/** What both servers have in common: one seeded database of their own, the issuer, the events, and the context. */
import { EventEmitter } from 'node:events';
import type { BruteForceProtection, DenyList } from '@graphql-bulwark/authentication';
import { type Db, openDatabase } from './database.ts';
import type { Identity } from './identity.ts';
import { seed } from './seed.ts';

export interface App {
  readonly db: Db;
  readonly identity: Identity;
  /** Carries `invoicePaid`, with the id of the invoice. */
  readonly events: EventEmitter;
  /** Counts failed logins. The bare server has none. */
  readonly bruteForce?: BruteForceProtection;
  /** Access tokens that were taken back. The bare server has none: its tokens live until they expire. */
  readonly denyList?: DenyList;
}

/** The caller as the layer in front of the resolvers knows it. */
export interface Caller {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** What resolvers get. */
export interface InvoicesContext extends App {
  readonly security: { readonly principal: Caller | null; readonly clientIp?: string | null };
}

export function openApp(identity: Identity): App {
  const db = openDatabase();
  seed(db);
  return { db, identity, events: new EventEmitter().setMaxListeners(0) };
}
