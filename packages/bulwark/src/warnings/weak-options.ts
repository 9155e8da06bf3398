/** Options of Bulwark that switch protection off. They are allowed, and are named in a warning when the server is built. */
import type { SecuredContext } from '@graphql-bulwark/core';
import { isDevelopment } from '@graphql-bulwark/core/internal';
import type { BulwarkOptions } from '../options.ts';

/** Lists a sentence for each such option. */
export function* listWeakOptions<C extends SecuredContext>(options: BulwarkOptions<C>): Iterable<string> {
  const { authenticate, authorization, limits = {}, cost, introspection, rateLimit, sockets } = options;
  if (limits.mode === 'report') yield "limits: { mode: 'report' } refuses nothing; it only reports.";
  for (const [name, value] of Object.entries(limits)) {
    if (value === false) yield `limits: { ${name}: false } lifts that limit for every caller.`;
  }
  if (cost === false) yield 'cost: false lets an operation cost anything.';
  else if (cost?.mode === 'report') yield "cost: { mode: 'report' } refuses nothing; it only reports.";
  for (const name of ['maxCost', 'maxTypeCost', 'maxListSize'] as const) {
    if (cost && cost[name] === false) yield `cost: { ${name}: false } lifts that limit for every caller.`;
  }
  if (introspection?.mode === 'report') yield "introspection: { mode: 'report' } refuses nothing; it only reports.";
  if (introspection?.allow === true && !isDevelopment())
    yield 'introspection: { allow: true } shows the schema to anyone.';
  if (rateLimit?.mode === 'report') yield "rateLimit: { mode: 'report' } refuses nothing; it only reports.";
  if (sockets === false)
    yield 'sockets: false lets a caller hold any number of sockets, and start any number of operations.';
  if (rateLimit?.onStoreError === 'allow')
    yield "rateLimit: { onStoreError: 'allow' } counts nothing while the store is down.";
  if (rateLimit?.refusals === false)
    yield 'rateLimit: { refusals: false } lets a client try out denied ids, and send refused operations, without end.';
  if (authenticate !== false && authorization?.defaultRule === 'allow') {
    yield "authorization: { defaultRule: 'allow' } opens every root field that carries no rule.";
  }
}
