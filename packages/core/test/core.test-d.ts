import type { ApolloServerPlugin } from '@apollo/server';
import { type Control, guard, type RefusalCode, refuse, type SecurityEvent } from '@graphql-bulwark/core';
import type { GraphQLError } from 'graphql';
import { describe, expectTypeOf, test } from 'vitest';

describe('refusals', () => {
  test('have a closed list of codes', () => {
    expectTypeOf(refuse).parameter(0).toEqualTypeOf<RefusalCode>();
    expectTypeOf(refuse('FORBIDDEN')).toEqualTypeOf<GraphQLError>();
    // @ts-expect-error no such code
    refuse('NOPE');
  });
});

describe('events', () => {
  test('are told apart by type', () => {
    const limitOf = (event: SecurityEvent) => (event.type === 'limit.exceeded' ? event.limit : undefined);
    expectTypeOf(limitOf).returns.toEqualTypeOf<string | undefined>();
  });
});

describe('guard', () => {
  test('is a plugin for the context of its controls', () => {
    const control: Control<{ tenant: string }> = { name: 'c', check: ({ contextValue }) => void contextValue.tenant };
    expectTypeOf(guard({ controls: [control] })).toExtend<ApolloServerPlugin<{ tenant: string }>>();
  });
});
