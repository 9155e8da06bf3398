import { makeExecutableSchema } from '@graphql-tools/schema';
import { type BulwarkOptions, createBulwark, type SecurityEvent } from 'graphql-bulwark';
import { describe, expect, it } from 'vitest';

const sdl = `
  type User { id: ID name: String password_hash: String apiToken: String email: String mfaSecret: String @auth pinned: Boolean }
  type Card @auth { cardNumber: String cvv: String }
  input Profile { name: String isAdmin: Boolean inner: Inner }
  input Inner { ownerId: ID again: Profile scope: String }
  type Query { user(role: String): User @public card: Card users(filter: Profile): [User] }
  type Mutation {
    signUp(profile: Profile!): User @public
    join(role: String): User
    move(role: String @auth(roles: "ADMIN"), userId: ID @owner, scope: String @auth): User
    promote(profile: Profile!, role: String): User @auth(roles: ["ADMIN"])
  }
`;

function report(exposure: BulwarkOptions['exposure']): string[] {
  const messages: string[] = [];
  const onEvent = (event: SecurityEvent) => void (event.type === 'config.warning' && messages.push(event.message));
  const bulwark = createBulwark({ authenticate: () => null, onEvent, logger: { warn() {}, error() {} }, exposure });
  bulwark.secure(makeExecutableSchema({ typeDefs: [bulwark.typeDefs, sdl] }));
  return messages.map((message) => message.split(' ')[1] ?? '');
}

describe('the report on what a schema seems to give away', () => {
  it('names secrets without a rule, and privileges that come in through an operation anyone may call', () => {
    expect(report(undefined)).toEqual([
      'User.password_hash',
      'User.apiToken',
      'Profile.isAdmin',
      'Inner.ownerId',
      'Inner.scope',
      'Mutation.join(role:)',
      // Being signed in is no privilege.
      'Mutation.move(scope:)',
    ]);
  });

  it('leaves out what was reviewed, and finds further words', () => {
    const reviewed = [
      'User.apiToken',
      'Profile.isAdmin',
      'Inner.ownerId',
      'Inner.scope',
      'Mutation.join(role:)',
      'Mutation.move(scope:)',
    ];
    expect(report({ reviewed, secretNames: ['email'], privilegedNames: ['name'] })).toEqual([
      'User.password_hash',
      'User.email',
      'Profile.name',
    ]);
    expect(report(false)).toEqual([]);
  });

  it('keeps the server from starting where it is strict, with the whole report', () => {
    expect(() => report({ strictExposure: true })).toThrow(
      /User\.password_hash looks secret[^]*Profile\.isAdmin looks privileged, and Mutation\.signUp takes it/,
    );
    expect(() => report({ reviewed: 'User' as never })).toThrow(TypeError);
    expect(() => report({ strictExposure: 'true' as never })).toThrow('strictExposure must be');
    expect(() => report({ strict: true } as never)).toThrow(TypeError);
  });
});
