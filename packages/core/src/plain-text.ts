/**
 * One spelling for texts that an application, or the collation of its database, may take for one: without it `Ann@x.org ` would
 * be a fresh budget for guessing the password of `ann@x.org`.
 */

const ascii = /^[\x20-\x7e]*$/;

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

/** Two texts with the same result may be one to an application; those that differ in it are two to everybody. */
export function plainText(text: string): string {
  if (ascii.test(text)) return cast(text.toLowerCase().trim());
  // Down, up and down again: what has no single counterpart in the other case becomes one text from either side.
  const folded = decomposed(text).replace(passedOver, '').toLowerCase().toUpperCase().toLowerCase();
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
function decomposed(text: string): string {
  let whole = '';
  for (let start = 0; start < text.length; ) {
    const end = start + pieceLength;
    // Both halves of a character stay together.
    const next = isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end;
    whole += text.slice(start, next).normalize('NFKD');
    start = next;
  }
  return whole;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
