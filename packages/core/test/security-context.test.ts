// What an application says of a caller that it has found by itself.
import { principal } from '@graphql-bulwark/core';
import { describe, expect, it } from 'vitest';

describe('principal', () => {
  it('a principal of an id alone has no rights, owns by its id, and is frozen with all that it holds', () => {
    const ann = principal({ id: 'ann' });
    expect(ann).toEqual({ id: 'ann', claims: { sub: 'ann' }, roles: [], scopes: [], authMethod: 'custom' });
    for (const part of [ann, ann.claims, ann.roles, ann.scopes]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('a principal has what is known of it, in copies: a session may change later', () => {
    const roles = ['ADMIN'];
    const known = {
      claims: { sub: 'a', org: 7 },
      roles,
      scopes: ['read'],
      authMethod: 'session',
      expiresAt: 2_000_000_000,
    };
    const ann = principal({ id: 'ann', ...known, keyId: 'k1' });
    roles.push('ROOT');
    expect(ann).toEqual({ id: 'ann', ...known, roles: ['ADMIN'], keyId: 'k1' });
  });

  it.each<[object, string]>([
    [{ id: '' }, 'principal: id must be a text that is not empty, but is empty'],
    [{ id: 7 }, 'principal: id must be a text that is not empty, but is of type number: give String(user.id)'],
    [{ id: undefined }, 'or return null for a request without a credential'],
    [{ id: 'ann', roles: 'ADMIN' }, 'principal: roles must be a list of texts'],
    [{ id: 'ann', scopes: [1] }, 'principal: scopes must be a list of texts'],
    [{ id: 'ann', claims: null }, 'principal: claims must be an object'],
    [{ id: 'ann', expiresAt: Date.now() }, 'principal: expiresAt must be in seconds since 1970'],
    [{ id: 'ann', expiresAt: new Date(0) }, 'principal: expiresAt must be in seconds since 1970'],
  ])('a principal of %j is refused with the rule and the remedy', (known, message) => {
    expect(() => principal(known as never)).toThrow(message);
  });
});
