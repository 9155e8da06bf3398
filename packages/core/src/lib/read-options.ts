/**
 * Reads options. Each factory has one table with the default and the rule of every option. An invalid option is a `TypeError`
 * while the server is being built; it never makes a weaker server.
 *
 * @example
 * const optionTable = {
 * client: { required: true, check: aClient },
 * maxKeys: { default: 100_000, check: atLeast(1) },
 * prefix: { check: aText },
 * } satisfies OptionTable<StoreOptions>
 * const { client, maxKeys, prefix } = readOptions('store', options, optionTable)
 */

/** Throws a `TypeError` for a value that breaks its rule. The message names the option, the rule and the value. */
export type Check = (option: string, value: unknown) => void;

/** A row of any table. */
interface Row {
  readonly check: Check;
  /** Used where the option is left out or `undefined`. `null` is a value like any other. */
  readonly default?: unknown;
  /** The check is called with `undefined`, too. */
  readonly required?: true;
}

/** One row for each option of `O`; an option without a row does not compile, nor does a row without an option. */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: undefined extends O[K]
    ? { readonly check: Check; readonly default?: Exclude<O[K], undefined> }
    : { readonly check: Check; readonly required: true };
};

/** The type of a table that other files read or spread. @template D names the options that have a default. */
export type SharedTable<O, D extends keyof O = never> = {
  readonly [K in keyof O]-?: K extends D
    ? { readonly check: Check; readonly default: Exclude<O[K], undefined> }
    : undefined extends O[K]
      ? { readonly check: Check }
      : { readonly check: Check; readonly required: true };
};

/** Options as they were read: one with a default is never `undefined`. @template D names the options that have a default. */
export type Settings<O, D extends keyof O> = {
  readonly [K in keyof O]-?: K extends D ? Exclude<O[K], undefined> : O[K];
};

type WithDefault<T> = { [K in keyof T]: T[K] extends { readonly default: unknown } ? K : never }[keyof T];

/**
 * Reads the options of one factory, in the order of its table.
 *
 * @param where names the factory, as in `limits`. For options that are the value of an option it is `rateLimit: global`.
 * @throws {TypeError} for options that are no object, for an unknown name (with a similar one, or with all names) and for an
 * invalid value.
 */
export function readOptions<O extends object, T extends { readonly [K in keyof O]-?: Row }>(
  where: string,
  options: O,
  table: T,
): Settings<O, keyof O & WithDefault<T>> {
  requireKnownOptions(where, options, Object.keys(table));
  const read: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<Row>(table)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined || row.required) row.check(nameOption(where, name), value);
    read[name] = value === undefined ? row.default : value;
  }
  return read as Settings<O, keyof O & WithDefault<T>>;
}

/** Makes a table with the same rules and no defaults, for options that a function of the application returns. */
export function dropDefaults<T extends Readonly<Record<string, Row>>>(
  table: T,
): { readonly [K in keyof T]: { readonly check: Check } } {
  const rows = Object.entries<Row>(table).map(([name, { check }]) => [name, { check }]);
  return Object.fromEntries(rows) as { readonly [K in keyof T]: { readonly check: Check } };
}

/** Names an option for messages: `limits: maxDepth`, `rateLimit: global.max`, or its name alone where `where` is empty. */
function nameOption(where: string, name: string): string {
  if (where === '') return name;
  return where.includes(': ') ? `${where}.${name}` : `${where}: ${name}`;
}

/**
 * Checks the names of options.
 *
 * @throws {TypeError} for options that are no object, and for an unknown name: with a similar one, or with all.
 */
export function requireKnownOptions(where: string, options: object, known: readonly string[]): void {
  requirePlainObject(where.includes(': ') ? where : `${where}: what is given`, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = known.find((candidate) => countEdits(candidate.toLowerCase(), name.toLowerCase()) <= 2);
    const hint = near ? `did you mean '${near}'?` : `it has ${joinNames(known)}.`;
    throw new TypeError(`${where} has no option '${name}'; ${hint}`);
  }
}

/** Makes a check. @param rule completes the sentence `option must ...`, as in `be a list`. */
export function must(rule: string, holds: (value: never) => boolean): Check {
  return function checkRule(option, value) {
    if (!holds(value as never)) throw new TypeError(`${option} must ${rule}, but is ${show(value)}.`);
  };
}

/** As {@link must}, for secrets: the message does not show the value. */
export function mustUnshown(rule: string, holds: (value: never) => boolean): Check {
  return function checkUnshown(option, value) {
    if (!holds(value as never)) throw new TypeError(`${option} must ${rule}.`);
  };
}

/** Returns the value where it is a whole number from `min` to `max`. @throws {TypeError} for any other. */
export function requireWholeNumber(
  option: string,
  value: unknown,
  min = 1,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw new TypeError(`${option} must be a whole number of at least ${min}, but is ${show(value)}.`);
  }
  if (value > max) throw new TypeError(`${option} must be at most ${max}, but is ${value}.`);
  return value;
}

/** Makes the check of a whole number that is at least `min`. */
export function atLeast(min: number): Check {
  return function checkAtLeast(option, value) {
    requireWholeNumber(option, value, min);
  };
}

/** Makes the check of a whole number from `min` to `max`, both included. */
export function between(min: number, max: number): Check {
  return function checkBetween(option, value) {
    requireWholeNumber(option, value, min, max);
  };
}

/** Makes a check that also accepts `false`, for an option that can be switched off. */
export function orFalse(check: Check): Check {
  return function checkOrFalse(option, value) {
    if (value !== false) check(option, value);
  };
}

/** Makes the check of one of these values, at least two. */
export function among(...known: readonly unknown[]): Check {
  const named = known.map(show);
  const rule = `be ${named.slice(0, -1).join(', ')} or ${named.at(-1)}`;
  return must(rule, (value: unknown) => known.includes(value));
}

/** Makes the check of a list. @param what names its items, in the plural. */
export function listOf(what: string, holds: (item: never) => boolean): Check {
  return function checkList(option, value) {
    if (!Array.isArray(value)) throw new TypeError(`${option} must be a list of ${what}, but is ${show(value)}.`);
    for (const item of value as unknown[]) {
      if (!holds(item as never)) throw new TypeError(`${option} must hold ${what}, but has ${show(item)}.`);
    }
  };
}

/** As {@link listOf}, for a list of at least one item. */
export function fullListOf(what: string, holds: (item: never) => boolean): Check {
  const check = listOf(what, holds);
  return function checkFullList(option, value) {
    check(option, value);
    if ((value as unknown[]).length === 0)
      throw new TypeError(`${option} must be a list that is not empty: give at least one.`);
  };
}

/** Makes the check of an object whose values all follow the same rule. */
export function byName(check: Check): Check {
  return function checkByName(option, value) {
    requirePlainObject(option, value);
    for (const [name, each] of Object.entries(value as object)) {
      check(/^\w+$/.test(name) ? `${option}.${name}` : `${option}['${name}']`, each);
    }
  };
}

/** The rule of an option that is on or off. */
export const aFlag: Check = must('be true or false', isFlag);
/** The rule of an option that is a function. */
export const aFunction: Check = must('be a function', isFunction);
/** The rule of an option that is on or off, or a function that decides. */
export const aFlagOrFunction: Check = must('be a boolean or a function', (value) => isFlag(value) || isFunction(value));
/** The rule of an option that is a string and not empty. */
export const aText: Check = must('be a text that is not empty', isText);

/** Returns an object of named values. @throws {TypeError} for a list, a `Map` and any value that is no object. */
export function requirePlainObject<T>(option: string, value: T): T {
  if (Object.prototype.toString.call(value) === '[object Object]') return value;
  throw new TypeError(`${option} must be a plain object, but is ${show(value)}.`);
}

/** Whether a value has these methods, whatever its class. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => isFunction(Reflect.get(value, name)));
}

/** Whether a value is a string that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** Whether a text is the origin of a web site, spelled as browsers do (RFC 6454 section 6.2): `https://app.example.com`. */
export function isWebOrigin(value: unknown): boolean {
  return isText(value) && URL.canParse(value) && new URL(value).origin === value;
}

/** Writes a value for an error message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? `a value of type ${value.constructor?.name}` : String(value);
}

/** Joins names for a message: the first 20, and the number of the others. */
export function joinNames(names: readonly string[]): string {
  const shown = 20;
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.slice(0, shown).join(', ')}${more}`;
}

/** Counts the edits between two names (Levenshtein distance). */
function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
