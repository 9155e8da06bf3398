/** Checks of what a user configured. A bad option is a `TypeError` while the server is built, never a weaker server. */

/** @throws {TypeError} naming option, value and rule. */
export function wholeNumber(option: string, value: unknown, min = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
  throw new TypeError(`${option} must be a whole number of at least ${min}, but is ${show(value)}.`);
}

/** A limit: a whole number, or `false` for none. @throws {TypeError} */
export function limitOrFalse(option: string, value: unknown, min = 0): number | false {
  return value === false ? false : wholeNumber(option, value, min);
}

/** Of a control: `undefined` is its default. @throws {TypeError} for what is neither. */
export function checkMode(control: string, mode: unknown): void {
  oneOf(`${control}: mode`, mode, [undefined, 'enforce', 'report']);
}

/** Options by name, or what else is kept by name. @throws {TypeError} for a list, a Map and all that is no object. */
export function plainObject<T extends object>(option: string, value: T): T {
  if (Object.prototype.toString.call(value) === '[object Object]') return value;
  throw new TypeError(`${option} must be a plain object, but is ${show(value)}.`);
}

/** @throws {TypeError} for what is no object, and for a name that the factory does not know, saying what was meant or could be. */
export function knownOptions(factory: string, options: object, known: readonly string[]): void {
  plainObject(`${factory}: what is given`, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const near = known.find((candidate) => distance(candidate.toLowerCase(), name.toLowerCase()) <= 2);
    const hint = near ? `did you mean '${near}'?` : `it has ${listed(known)}.`;
    throw new TypeError(`${factory} has no option '${name}'; ${hint}`);
  }
}

/** Functions of the application, by option; `undefined` is none. @throws {TypeError} for anything else. */
export function checkFunctions(functions: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(functions)) {
    if (value === undefined || typeof value === 'function') continue;
    throw new TypeError(`${option} must be a function, but is ${show(value)}.`);
  }
}

/** Options that are on or off, by name; `undefined` is neither. @throws {TypeError} for anything else. */
export function checkFlags(flags: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(flags)) {
    if (value === undefined || typeof value === 'boolean') continue;
    throw new TypeError(`${option} must be true or false, but is ${show(value)}.`);
  }
}

/** `undefined` is the default one. @throws {TypeError} for what has not both functions of a logger. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const { warn, error } = (logger ?? {}) as { readonly warn?: unknown; readonly error?: unknown };
  if (typeof warn === 'function' && typeof error === 'function') return;
  throw new TypeError(`logger must be an object with the functions warn and error, but is ${show(logger)}.`);
}

/** @param known the values that there are; `undefined` among them is not named. @throws {TypeError} for any other. */
export function oneOf(option: string, value: unknown, known: readonly unknown[]): void {
  if (known.includes(value)) return;
  const named = known.filter((each) => each !== undefined).map(show);
  throw new TypeError(`${option} must be ${named.slice(0, -1).join(', ')} or ${named.at(-1)}, but is ${show(value)}.`);
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? `a value of type ${value.constructor?.name}` : String(value);
}

/** Names as a warning lists them: the first 20, and how many there are more. */
export function listed(names: readonly string[]): string {
  const shown = 20;
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.slice(0, shown).join(', ')}${more}`;
}

/** Levenshtein distance; option names are short. */
function distance(a: string, b: string): number {
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
