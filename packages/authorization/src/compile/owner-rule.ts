/** What `@owner` may say, checked once: where the owner stands, whom it is compared with, and what a stranger gets. */
import { show } from '@graphql-bulwark/core/internal';
import type { DirectiveArguments } from '../directives/read-directive.ts';
import { knownArguments, type OwnerMode } from '../directives/sdl.ts';
import { type AnyOf, alternatives } from './auth-rule.ts';
import type { CountRows } from './requested-rows.ts';

/** Modes in which a list is as if it had never held the item. */
export const hidingModes: ReadonlySet<OwnerMode> = new Set<OwnerMode>(['FILTER', 'NOT_FOUND']);

/** What carries the directive. */
export type OwnerPlace = 'object' | 'field' | 'argument' | 'input';

export interface OwnerRule {
  readonly text: string;
  readonly place: OwnerPlace;
  /** Keys that lead to the owner: `owner.id` is `['owner', 'id']`. */
  readonly path: readonly string[];
  readonly claim: string;
  /** Keys that lead to an argument of the field, in place of a property. */
  readonly arg?: readonly string[] | undefined;
  readonly loader?: string | undefined;
  /** Keys that lead to the argument which names the rows that the loader is asked for. */
  readonly rows?: readonly string[] | undefined;
  /** How many rows the loader of a field is asked for; none: for one. */
  readonly countRows?: CountRows | undefined;
  /** Roles that skip the check. */
  readonly bypass?: AnyOf | undefined;
  readonly mode: OwnerMode;
  /** Whether the argument may be left out; not said: only an input field of a mutation may. */
  readonly optional?: boolean | undefined;
  /** Whether an argument that is left out is filled in with the caller's claim. */
  readonly preset: boolean;
}

const modes: readonly unknown[] = ['ERROR', 'NULL', 'FILTER', 'NOT_FOUND'] satisfies OwnerMode[];

const known = ['field', 'claim', 'arg', 'loader', 'bypass', 'mode', 'optional', 'preset'];

/** @throws {TypeError} naming the coordinate, for what cannot be meant at this place. */
export function ownerRule(use: DirectiveArguments, coordinate: string, place: OwnerPlace): OwnerRule {
  knownArguments(use, 'owner', coordinate, known);
  const { field = 'ownerId', claim = 'sub', arg, loader, bypass, mode = 'ERROR', optional, preset = false } = use;
  const wrong = (rule: string): TypeError => new TypeError(`${coordinate}: ${rule}`);
  const path = (name: string, value: unknown): string => {
    if (isPath(value)) return value;
    throw wrong(`${name} of @owner must be a name or names joined by dots, but is ${show(value)}.`);
  };
  if (loader !== undefined && (typeof loader !== 'string' || loader === '')) {
    throw wrong(`loader of @owner must be the name of a loader, but is ${show(loader)}.`);
  }
  if (!modes.includes(mode)) throw wrong(`mode of @owner must be ${modes.join(', ')}, but is ${show(mode)}.`);
  for (const [name, value] of Object.entries({ optional: optional ?? false, preset })) {
    if (typeof value !== 'boolean') throw wrong(`${name} of @owner must be true or false, but is ${show(value)}.`);
  }
  if (arg !== undefined && place !== 'field') throw wrong('arg of @owner belongs on a field.');
  if (loader !== undefined && place !== 'object' && place !== 'field') {
    throw wrong('loader of @owner belongs on a type or a field.');
  }
  if (mode === 'FILTER' && place !== 'object') throw wrong('mode FILTER of @owner belongs on a type.');
  const judgesArgument = (arg !== undefined && loader === undefined) || place === 'argument' || place === 'input';
  if (!judgesArgument && optional !== undefined) throw wrong('optional of @owner belongs to an argument.');
  if (preset === true && place !== 'argument') throw wrong('preset of @owner belongs on an argument.');
  return {
    text: textOf(use),
    place,
    path: path('field', field).split('.'),
    claim: path('claim', claim),
    ...(arg !== undefined && { [loader === undefined ? 'arg' : 'rows']: path('arg', arg).split('.') }),
    ...(typeof loader === 'string' && { loader }),
    ...(bypass !== undefined && { bypass: alternatives(bypass, 'bypass of @owner', coordinate) }),
    mode: mode as OwnerMode,
    ...(typeof optional === 'boolean' && { optional }),
    preset: preset === true,
  };
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.split('.').every((key) => key.trim() !== '');
}

function textOf(use: DirectiveArguments): string {
  const given = Object.entries({ field: 'ownerId', claim: 'sub', ...use });
  const args = given.filter(([name, value]) => value !== undefined && !(name === 'mode' && value === 'ERROR'));
  return `@owner(${args.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')})`;
}
