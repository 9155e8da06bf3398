// Roles that include other roles and bring scopes.
import { expect, it } from 'vitest';
import { roleHierarchy } from '../src/index.ts';

const boss = { id: 'boss', claims: {}, roles: ['ADMIN'], scopes: ['own'], authMethod: 'test' };

it('a principal gets every role and scope that its roles include, and the given one is not changed', () => {
  const addIncludedRoles = roleHierarchy({
    roles: { ADMIN: ['ACCOUNTANT'], ACCOUNTANT: ['MEMBER'] },
    scopes: { MEMBER: ['read'], ACCOUNTANT: ['read', 'write'], OTHER: ['all'] },
  });
  const completed = addIncludedRoles(boss);
  expect(completed).toMatchObject({ roles: ['ADMIN', 'ACCOUNTANT', 'MEMBER'], scopes: ['own', 'read', 'write'] });
  expect([completed, completed.roles, completed.scopes].every(Object.isFrozen)).toBe(true);
  expect(boss.roles).toEqual(['ADMIN']);
});

it('a principal without a role of the hierarchy gets nothing, also with roles named like inherited properties', () => {
  const addIncludedRoles = roleHierarchy({ roles: { ADMIN: ['MEMBER'] }, scopes: { ADMIN: ['all'] } });
  const roles = ['GUEST', 'constructor', '__proto__'];
  expect(addIncludedRoles({ ...boss, roles })).toMatchObject({ roles, scopes: ['own'] });
});

it('a change of the given object after the start gives no rights', () => {
  const [roles, scopes] = [{ ADMIN: ['MEMBER'] }, { MEMBER: ['read'] }];
  const addIncludedRoles = roleHierarchy({ roles, scopes });
  roles.ADMIN.push('OWNER');
  scopes.MEMBER.push('write');
  expect(addIncludedRoles(boss)).toMatchObject({ roles: ['ADMIN', 'MEMBER'], scopes: ['own', 'read'] });
});

it.each([
  [{ roles: { A: ['B'], B: ['A'] } }, 'roles.A includes A itself'],
  [{ roles: { A: ['A'] } }, 'roles.A includes A itself'],
  [{ roles: { A: ['B'], B: ['C'], C: ['D'], D: ['B'] } }, 'roles.B includes B itself'],
  [{ roles: null }, 'roles must map roles to lists'],
  [{ roles: ['A'] }, 'roles must map roles to lists'],
  [{ scopes: 'read' }, 'scopes must map roles to lists'],
  [{ roles: { A: [''] } }, 'roles.A must be a list'],
  ['ADMIN', 'roleHierarchy must be { roles, scopes }'],
  [null, 'roleHierarchy must be { roles, scopes }'],
  [{ roles: { A: 'B' } }, 'roles.A must be a list'],
  [{ scopes: { A: [1] } }, 'scopes.A must be a list'],
  [{ role: {} }, "did you mean 'roles'"],
])('the role hierarchy %j keeps the server from starting', (options, message) => {
  expect(() => roleHierarchy(options as never)).toThrow(message);
});
