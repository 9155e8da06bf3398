/**
 * Writes texts in one way that an application, or the collation of its database, may treat as equal. Without this, `Ann@x.org
 * ` would have a rate limit of its own for guessing the password of `ann@x.org`.
 */

const ascii = /^\p{ASCII}*$/u;

/** Accents, enclosing marks, invisible and control characters, which collations ignore. */
const ignored = /[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu;

/** Letters that collations treat as others although Unicode does not decompose them. */
const baseLetters: Readonly<Record<string, string>> = {
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
const stroked = new RegExp(`[${Object.keys(baseLetters).join('')}]`, 'g');

/**
 * How much text may be normalized for one request. ASCII costs nothing. Other texts take far longer, and one character may
 * decompose into eighteen.
 */
export interface TextBudget {
  /** UTF-16 code units that are left, after decomposition. Each call takes what it needs. */
  units: number;
}

/** Makes the budget of one request: several pages in any script, or thousands of names, in a few milliseconds. */
export function createTextBudget(): TextBudget {
  return { units: 32_768 };
}

/**
 * Normalizes a text. An application may treat texts with the same result as equal; it never treats texts with different
 * results so.
 *
 * @param budget shared by the texts of one request; the text takes its part from it.
 * @returns `undefined` where the budget is too small. Refuse such a text: if it were cut, it would equal others, and if it
 * stayed as it is, each of its spellings would be a different text.
 */
export function normalizeText(text: string, budget: TextBudget = createTextBudget()): string | undefined {
  if (ascii.test(text)) return unifyIds(text.replace(ignored, '').toLowerCase().trim());
  const whole = decompose(text, budget);
  if (whole === undefined) return undefined;
  // Three conversions, because some letters have several counterparts in the other case: both cases must end with the same
  // text.
  const folded = whole.replace(ignored, '').toLowerCase().toUpperCase().toLowerCase();
  return unifyIds(folded.replace(stroked, (letter) => baseLetters[letter] ?? letter).trim());
}

/**
 * Writes ids in one way, since they may be compared with a column of numbers or UUIDs: `01`, `+1`, `1.0`, `1e0` and `0x1` are
 * 1 for `Number()` and most of them for SQL, which also accepts a UUID in braces and with any hyphens.
 */
function unifyIds(text: string): string {
  if (text.length >= 32 && text.length <= longestUuid) {
    const digits = text.replace(/[-{}]/g, '');
    if (/^[\da-f]{32}$/.test(digits)) return digits;
  }
  const number = Number(text);
  if (text !== '' && Number.isSafeInteger(number)) return `${number}`;
  // A number that is too large to be exact keeps its digits.
  return /^\+?\d+$/.test(text) ? text.replace(/^\+?0*(?=\d)/, '') : text;
}

/** Characters of a UUID with a hyphen after every four digits, and braces. */
const longestUuid = 41;

/** Code units that are decomposed at a time. Normalization sorts a run of marks in quadratic time, so runs must be short. */
const pieceLength = 256;

/** Converts to Normalization Form KD (Unicode Standard Annex 15), except that a long run of marks is sorted in pieces. */
function decompose(text: string, budget: TextBudget): string | undefined {
  let whole = '';
  for (let start = 0; start < text.length; ) {
    // Decomposition never shortens a text, so one that is too long is rejected before any of it is decomposed.
    if (text.length - start > budget.units) return undefined;
    const end = start + pieceLength;
    // Keeps both halves of a surrogate pair together.
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
