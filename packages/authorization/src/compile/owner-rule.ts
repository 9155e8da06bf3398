/** Reads one `@owner`: where the owner is found, which claim it is compared with, and what another caller gets. */
import { show } from '@graphql-bulwark/core/internal';
import type { DirectiveArguments } from '../directives/read-directive.ts';
import { checkArguments, type OwnerMode } from '../directives/sdl.ts';
import { type AnyOf, readAlternatives } from './auth-rule.ts';
import type { CountRows } from './requested-rows.ts';

/** Modes in which a list does not show that it held a denied item. */
export const hidingModes: ReadonlySet<OwnerMode> = new Set<OwnerMode>(['FILTER', 'NOT_FOUND']);

/** What the directive stands on. */
export type OwnerPlace = 'object' | 'field' | 'argument' | 'input';

export interface OwnerRule {
  /** As a schema writes it, for the operator's event. */
  readonly text: string;
  readonly place: OwnerPlace;
  /** Keys that lead to the owner: `owner.id` is `['owner', 'id']`. */
  readonly path: readonly string[];
  /** The claim that must equal the owner: its exact name, or a path by dots. */
  readonly claim: string;
  /** Keys that lead to an argument of the field, which is compared in place of a property. */
  readonly arg?: readonly string[] | undefined;
  /** Name of the loader that finds the object or its owners. */
  readonly loader?: string | undefined;
  /** Keys that lead to the argument that names the rows for the loader. */
  readonly rows?: readonly string[] | undefined;
  /** Counts the rows that the loader of a field is asked for. Left out: one. */
  readonly countRows?: CountRows | undefined;
  /** Roles that skip the check. */
  readonly bypass?: AnyOf | undefined;
  /** What stands in place of what is denied. */
  readonly mode: OwnerMode;
  /** Whether the argument may be left out. Left out here: only an input field of a mutation may. */
  readonly optional?: boolean | undefined;
  /** Whether an argument that is left out is filled in with the caller's claim. */
  readonly preset: boolean;
}

const modes: readonly unknown[] = ['ERROR', 'NULL', 'FILTER', 'NOT_FOUND'] satisfies OwnerMode[];

const known = ['field', 'claim', 'arg', 'loader', 'bypass', 'mode', 'optional', 'preset'];

/** @throws {TypeError} naming the coordinate, for an argument that is invalid, or has no effect at this place. */
export function readOwnerRule(use: DirectiveArguments, coordinate: string, place: OwnerPlace): OwnerRule {
  checkArguments(use, 'owner', coordinate, known);
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
  const comparesArgument = (arg !== undefined && loader === undefined) || place === 'argument' || place === 'input';
  if (!comparesArgument && optional !== undefined) throw wrong('optional of @owner belongs to an argument.');
  if (preset === true && place !== 'argument') throw wrong('preset of @owner belongs on an argument.');
  return {
    text: formatOwnerRule(use),
    place,
    path: path('field', field).split('.'),
    claim: path('claim', claim),
    ...(arg !== undefined && { [loader === undefined ? 'arg' : 'rows']: path('arg', arg).split('.') }),
    ...(typeof loader === 'string' && { loader }),
    ...(bypass !== undefined && { bypass: readAlternatives(bypass, 'bypass of @owner', coordinate) }),
    mode: mode as OwnerMode,
    ...(typeof optional === 'boolean' && { optional }),
    preset: preset === true,
  };
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.split('.').every((key) => key.trim() !== '');
}

function formatOwnerRule(use: DirectiveArguments): string {
  const given = Object.entries({ field: 'ownerId', claim: 'sub', ...use });
  const args = given.filter(([name, value]) => value !== undefined && !(name === 'mode' && value === 'ERROR'));
  return `@owner(${args.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')})`;
}
