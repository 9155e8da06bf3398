import {
  aFlag,
  aFunction,
  among,
  atLeast,
  between,
  byName,
  fullListOf,
  isText,
  mustUnshown,
  type OptionTable,
  orFalse,
  readOptions,
} from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';

interface Options {
  readonly client: () => void;
  readonly maxKeys?: number | undefined;
  readonly maxItems?: number | false | undefined;
  readonly bits?: number | undefined;
  readonly mode?: 'enforce' | 'report' | undefined;
  readonly names?: readonly string[] | undefined;
  readonly tiers?: Readonly<Record<string, number>> | undefined;
  readonly secret?: string | undefined;
  readonly strict?: boolean | undefined;
}

const table = {
  client: { required: true, check: aFunction },
  maxKeys: { default: 100, check: atLeast(1) },
  maxItems: { default: 5, check: orFalse(atLeast(1)) },
  bits: { check: between(1, 128) },
  mode: { default: 'enforce', check: among('enforce', 'report') },
  names: { check: fullListOf('names', isText) },
  tiers: { default: {}, check: byName(atLeast(1)) },
  secret: { check: mustUnshown('have at least 16 characters', (secret: string) => secret.length >= 16) },
  strict: { default: false, check: aFlag },
} satisfies OptionTable<Options>;

const client = (): void => {};
const read = (options: object, where = 'store') => readOptions(where, options as Options, table);

describe('options are read by the table of their factory', () => {
  it('an option that is left out or undefined has its default, and one that is given is kept', () => {
    const defaults = { client, maxKeys: 100, maxItems: 5, mode: 'enforce', tiers: {}, strict: false };
    const missing = { bits: undefined, names: undefined, secret: undefined };
    expect(read({ client, maxKeys: undefined, bits: undefined })).toEqual({ ...defaults, ...missing });
    const given = { maxKeys: 1, maxItems: false, bits: 128, names: ['a'], tiers: { pro: 2 }, strict: true };
    expect(read({ client, ...given })).toMatchObject(given);
  });

  it('options of a class are read from its prototype too', () => {
    class Given {
      get maxKeys(): number {
        return 7;
      }
      client(): void {}
    }
    expect(read(new Given()).maxKeys).toBe(7);
  });

  it.each<[object, string]>([
    [{}, 'store: client must be a function, but is undefined.'],
    [{ client, maxKey: 5 }, "store has no option 'maxKey'; did you mean 'maxKeys'?"],
    [{ client, MODE: 5 }, "store has no option 'MODE'; did you mean 'mode'?"],
    [
      { client, deadline: 5 },
      "store has no option 'deadline'; it has client, maxKeys, maxItems, bits, mode, names, tiers, secret, strict.",
    ],
    [{ client, maxKeys: null }, 'store: maxKeys must be a whole number of at least 1, but is null.'],
    [{ client, maxKeys: Number.NaN }, 'store: maxKeys must be a whole number of at least 1, but is NaN.'],
    [{ client, maxKeys: '5' }, "store: maxKeys must be a whole number of at least 1, but is '5'."],
    [{ client, maxItems: 0 }, 'store: maxItems must be a whole number of at least 1, but is 0.'],
    [{ client, maxItems: true }, 'store: maxItems must be a whole number of at least 1, but is true.'],
    [{ client, bits: 129 }, 'store: bits must be at most 128, but is 129.'],
    [{ client, mode: 'off' }, "store: mode must be 'enforce' or 'report', but is 'off'."],
    [{ client, names: 'a' }, "store: names must be a list of names, but is 'a'."],
    [{ client, names: [] }, 'store: names must be a list that is not empty: give at least one.'],
    [{ client, names: ['a', ''] }, "store: names must hold names, but has ''."],
    [{ client, tiers: new Map() }, 'store: tiers must be a plain object, but is a value of type Map.'],
    [{ client, tiers: { pro: -1 } }, 'store: tiers.pro must be a whole number of at least 1, but is -1.'],
    [{ client, tiers: { 'a.b': -1 } }, "store: tiers['a.b'] must be a whole number of at least 1, but is -1."],
    [{ client, secret: 'hunter2' }, 'store: secret must have at least 16 characters.'],
    [{ client, strict: 'yes' }, "store: strict must be true or false, but is 'yes'."],
    [[], 'store: what is given must be a plain object, but is a value of type Array.'],
    [new Map([['client', client]]), 'store: what is given must be a plain object, but is a value of type Map.'],
    [null as never, 'store: what is given must be a plain object, but is null.'],
  ])('the options %o are a TypeError with the rule and the value', (options, message) => {
    expect(() => read(options)).toThrow(new TypeError(message));
  });

  it('a message names an option of an option by its path', () => {
    const where = 'rateLimit: store';
    expect(() => read({ client, bits: 0 }, where)).toThrow('rateLimit: store.bits must be a whole number');
    expect(() => read({ client, bitz: 1 }, where)).toThrow(
      "rateLimit: store has no option 'bitz'; did you mean 'bits'?",
    );
    expect(() => read(5 as never, where)).toThrow('rateLimit: store must be a plain object, but is 5.');
  });
});
