/**
 * One spelling for texts that an application, or the collation of its database, may take for one: without it `Ann@x.org ` would
 * be a fresh budget for guessing the password of `ann@x.org`.
 */

const ascii = /^\p{ASCII}*$/u;

/** Accents, enclosing marks, invisible characters, controls. */
const passedOver = /[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu;

/** Letters that collations sort with others and that Unicode does not decompose. */
const sortedWith: Readonly<Record<string, string>> = {
  '\u00e6': 'ae',
  '\u00f0': 'd',
  '\u0153': 'oe',
  '\u00f8': 'o',
  '\u0111': 'd',
  '\u0127': 'h',
  '\u0142': 'l',
  '\u0167': 't',
  '\u0131': 'i',
};
const stroked = new RegExp(`[${Object.keys(sortedWith).join('')}]`, 'g');

/**
 * What may be spent on the texts of one request, in UTF-16 code units after decomposition. ASCII costs nothing: other texts take
 * far longer, and one character may decompose into eighteen.
 */
export interface PlainTextBudget {
  units: number;
}

/** Enough for several pages in any script, and for thousands of names; a few milliseconds at the most. */
export function plainTextBudget(): PlainTextBudget {
  return { units: 32_768 };
}

/**
 * Two texts with the same result may be one to an application; those that differ in it are two to everybody.
 *
 * @param budget shared by the texts of one request; what this one takes is taken from it.
 * @returns `undefined` for a text that the budget does not suffice for. Refuse it: cut short it would be equal to others, and as
 *   it is each of its spellings would be a text of its own.
 */
export function plainText(text: string, budget: PlainTextBudget = plainTextBudget()): string | undefined {
  if (ascii.test(text)) return cast(text.replace(passedOver, '').toLowerCase().trim());
  const whole = decomposed(text, budget);
  if (whole === undefined) return undefined;
  // Down, up and down again: what has no single counterpart in the other case becomes one text from either side.
  const folded = whole.replace(passedOver, '').toLowerCase().toUpperCase().toLowerCase();
  return cast(folded.replace(stroked, (letter) => sortedWith[letter] ?? letter).trim());
}

/**
 * An id may end in a column of numbers or UUIDs: `01`, `+1`, `1.0`, `1e0` and `0x1` are 1 to `Number()`, most of them to SQL too,
 * which takes a UUID in braces and whatever its hyphens.
 */
function cast(text: string): string {
  if (text.length >= 32 && text.length <= longestUuid) {
    const digits = text.replace(/[-{}]/g, '');
    if (/^[\da-f]{32}$/.test(digits)) return digits;
  }
  const number = Number(text);
  if (text !== '' && Number.isSafeInteger(number)) return `${number}`;
  // Too large to be exact: the digits as they are.
  return /^\+?\d+$/.test(text) ? text.replace(/^\+?0*(?=\d)/, '') : text;
}

/** 32 digits in groups of four, and braces. */
const longestUuid = 41;

/** Units that are decomposed at a time: a run of marks is put in order in quadratic time. */
const pieceLength = 256;

/** Normalization Form KD (Unicode Standard Annex 15), but for the order of marks that stand far into a run of them. */
function decomposed(text: string, budget: PlainTextBudget): string | undefined {
  let whole = '';
  for (let start = 0; start < text.length; ) {
    // No less than what is left, and so a text that is too long is given up before any of it is decomposed.
    if (text.length - start > budget.units) return undefined;
    const end = start + pieceLength;
    // Both halves of a character stay together.
    const next = isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end;
    const piece = text.slice(start, next);
    const more = piece.normalize('NFKD');
    budget.units -= Math.max(piece.length, more.length);
    if (!(budget.units >= 0)) return undefined;
    whole += more;
    start = next;
  }
  return whole;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
