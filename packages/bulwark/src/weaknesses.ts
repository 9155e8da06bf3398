/** Options of Bulwark's own that give protection away. They are allowed, and named when the server is built. */
import { isDevelopment } from '@graphql-bulwark/core';
import type { BulwarkOptions } from './create.ts';

export function* weakOptions(options: BulwarkOptions): Iterable<string> {
  const { authenticate, authorization, limits = {}, introspection, rateLimit } = options;
  if (limits.mode === 'report') yield "limits: { mode: 'report' } refuses nothing; it only tells.";
  for (const [name, value] of Object.entries(limits)) {
    if (value === false) yield `limits: { ${name}: false } lifts that limit for everyone.`;
  }
  if (introspection?.mode === 'report') yield "introspection: { mode: 'report' } refuses nothing; it only tells.";
  if (introspection?.allow === true && !isDevelopment())
    yield 'introspection: { allow: true } shows the schema to anyone.';
  if (rateLimit?.mode === 'report') yield "rateLimit: { mode: 'report' } refuses nothing; it only tells.";
  if (rateLimit?.onStoreError === 'allow')
    yield "rateLimit: { onStoreError: 'allow' } counts nothing while the store is down.";
  if (authenticate !== false && authorization?.defaultRule === 'allow') {
    yield "authorization: { defaultRule: 'allow' } opens every root field that carries no rule.";
  }
}
