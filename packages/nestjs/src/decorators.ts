/** The directives as decorators for code-first: `@Directive()` of Nest, with arguments that are typed and spelled for you. */
import { applyDecorators } from '@nestjs/common';
import { Directive } from '@nestjs/graphql';
import { Kind, print } from 'graphql';
import { remember } from './lost-decorators.ts';

/** One name; or a list of which one is enough; or lists of names that are needed together. */
type Names = string | readonly string[] | readonly (readonly string[])[];

/** Arguments of `@auth`. Without any: every caller who is signed in. */
export interface AuthRule {
  readonly roles?: Names;
  readonly scopes?: Names;
  /** Names of `createBulwark({ authorization: { policies } })`. */
  readonly policies?: Names;
  /** What a denial does that is certain beforehand. @default 'REJECT' for mutations and subscriptions, 'NULL' for queries */
  readonly mode?: 'NULL' | 'REJECT';
}

/** Arguments of `@owner`. */
export interface OwnerRule {
  /** The property that holds the owner. @default 'ownerId' */
  readonly field?: string;
  /** The claim that must equal it. @default 'sub' */
  readonly claim?: string;
  /** Path of an argument that must equal the claim, in place of a property; beside a loader, the argument that names its rows. */
  readonly arg?: string;
  /** Name of a function of `createBulwark({ authorization: { loaders } })` that finds the owner. */
  readonly loader?: string;
  /** Roles that need not be the owner. */
  readonly bypass?: Names;
  /** @default 'ERROR' */
  readonly mode?: 'ERROR' | 'NULL' | 'FILTER' | 'NOT_FOUND';
  /** On an input field: whether it may be left out. */
  readonly optional?: boolean;
  /** On an input field of type ID or String: fill in the claim of the caller where it is left out. @default false */
  readonly preset?: boolean;
}

/** Arguments of `@cost`. */
export interface CostRule {
  /** What one use costs; a negative one makes its field cheaper. */
  readonly weight: number;
}

/** Arguments of `@listSize`. */
export interface ListSizeRule {
  /** The length where no argument says it. Whole number, 0 or more. */
  readonly assumedSize?: number;
  /** Arguments that say the length; paths such as `page.first`. */
  readonly slicingArguments?: readonly string[];
  /** The fields below that are the lists, in place of the field itself. */
  readonly sizedFields?: readonly string[];
  /** Whether exactly one of the slicing arguments must be given. @default true */
  readonly requireOneSlicingArgument?: boolean;
}

/** What one tier may do in place of `max`. */
export interface RateLimitTier {
  readonly name: string;
  readonly max: number;
}

/** Arguments of `@rateLimit`. */
export interface RateLimitRule {
  /** Times per window and key. Whole number, 1 or more. */
  readonly max: number;
  /** Length of a window in seconds. Whole number, 1 or more. @default 60 */
  readonly windowSeconds?: number;
  /** Together one key. @default ['PRINCIPAL'] */
  readonly by?: readonly ('PRINCIPAL' | 'ADDRESS' | 'GLOBAL')[];
  /** Paths of arguments whose values join the key, such as `input.email`. */
  readonly args?: readonly string[];
  /** Path of an argument that says how many uses one is: the length of a list, or a number. */
  readonly weight?: string;
  /** Count each call of the resolver instead of each selection of the field. @default false */
  readonly perResolve?: boolean;
  /** Other limits for callers whose tier has one. */
  readonly tiers?: readonly RateLimitTier[];
}

type Decorator = MethodDecorator & PropertyDecorator & ClassDecorator;

/** Only for callers who hold the roles and the scopes. On fields, types, arguments and fields of input types. @throws {TypeError} */
export function Auth(rule: AuthRule = {}): Decorator {
  return decorate('auth', rule);
}

/** Only for the caller whose claim equals the owner. On fields, object types, arguments and fields of input types. @throws {TypeError} */
export function Owner(rule: OwnerRule = {}): Decorator {
  return decorate('owner', rule);
}

/** For everyone. On root fields. */
export function Public(): Decorator {
  return decorate('public', {});
}

/** What one use costs. On fields, object types, arguments and fields of input types. @throws {TypeError} */
export function Cost({ weight, ...unknown }: CostRule): Decorator {
  if (!Number.isFinite(weight)) throw new TypeError(`@Cost: weight must be a number, but is ${String(weight)}.`);
  return decorate('cost', { weight: String(weight), ...unknown });
}

/** How long a list can be. On list fields. @throws {TypeError} */
export function ListSize(rule: ListSizeRule): Decorator {
  return decorate('listSize', rule);
}

/** At most `max` uses of the field per window and key. On fields. @throws {TypeError} */
export function RateLimit(rule: RateLimitRule): Decorator {
  return decorate('rateLimit', rule);
}

function decorate(name: string, rule: object): Decorator {
  const written = Object.entries(rule).map(
    ([argument, value]) => `${argument}: ${literal(`@${name}: ${argument}`, value, argument)}`,
  );
  const sdl = written.length === 0 ? `@${name}` : `@${name}(${written.join(', ')})`;
  return applyDecorators(Directive(sdl), remember(sdl));
}

/** Arguments whose texts are values of an enum. */
const enumArguments: ReadonlySet<string> = new Set(['mode', 'by']);

/** A value as GraphQL writes it. @throws {TypeError} for what has no literal: left out silently, `roles: undefined` would open a field. */
function literal(at: string, value: unknown, argument: string): string {
  if (typeof value === 'string') {
    if (enumArguments.has(argument) && /^[A-Z_]+$/.test(value)) return value;
    return print({ kind: Kind.STRING, value });
  }
  if (typeof value === 'boolean' || Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(at, item, argument)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${literal(`${at}.${key}`, each, key)}`)
      .join(', ')} }`;
  }
  throw new TypeError(
    `${at} must be a text, a number, a boolean, a list or an object, but is ${String(value)}: leave it out.`,
  );
}
