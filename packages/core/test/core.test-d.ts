import type { ApolloServerPlugin } from '@apollo/server';
import { type Control, guard, type RefusalCode, refuse, type SecurityEvent } from '@graphql-bulwark/core';
import { aFunction, atLeast, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import type { GraphQLError } from 'graphql';
import { describe, expectTypeOf, test } from 'vitest';

describe('refusals', () => {
  test('refusals have a closed list of codes', () => {
    expectTypeOf(refuse).parameter(0).toEqualTypeOf<RefusalCode>();
    expectTypeOf(refuse('FORBIDDEN')).toEqualTypeOf<GraphQLError>();
    // @ts-expect-error no such code
    refuse('NOPE');
  });
});

describe('events', () => {
  test('events are told apart by their type', () => {
    const limitOf = (event: SecurityEvent) => (event.type === 'limit.exceeded' ? event.limit : undefined);
    expectTypeOf(limitOf).returns.toEqualTypeOf<string | undefined>();
  });
});

describe('guard', () => {
  test('the guard is a plugin for the context of its controls', () => {
    const control: Control<{ tenant: string }> = { name: 'c', check: ({ contextValue }) => void contextValue.tenant };
    expectTypeOf(guard({ controls: [control] })).toExtend<ApolloServerPlugin<{ tenant: string }>>();
  });
});

describe('a table of options', () => {
  interface Options {
    readonly client: () => void;
    readonly maxKeys?: number | undefined;
    readonly prefix?: string | undefined;
  }
  const rows = {
    client: { required: true, check: aFunction },
    maxKeys: { default: 5, check: atLeast(1) },
    prefix: { check: aFunction },
  } as const;

  test('an option with a default is never undefined once it is read, and any other option may be', () => {
    const read = readOptions('store', {} as Options, rows);
    expectTypeOf(read.client).toEqualTypeOf<() => void>();
    expectTypeOf(read.maxKeys).toEqualTypeOf<number>();
    expectTypeOf(read.prefix).toEqualTypeOf<string | undefined>();
  });

  test('a table of options has a row for each option, and for nothing else', () => {
    const { prefix: _prefix, ...short } = rows;
    // @ts-expect-error prefix has no row
    short satisfies OptionTable<Options>;
    // @ts-expect-error prefix has no row
    readOptions('store', {} as Options, short);
    // @ts-expect-error there is no option suffix
    ({ ...rows, suffix: { check: aFunction } }) satisfies OptionTable<Options>;
  });

  test('a table of options names the required ones, and has defaults of the right type', () => {
    // @ts-expect-error client must be given
    ({ ...rows, client: { check: aFunction } }) satisfies OptionTable<Options>;
    // @ts-expect-error prefix need not be given
    ({ ...rows, prefix: { required: true, check: aFunction } }) satisfies OptionTable<Options>;
    // @ts-expect-error maxKeys is a number
    ({ ...rows, maxKeys: { default: '5', check: atLeast(1) } }) satisfies OptionTable<Options>;
  });
});
