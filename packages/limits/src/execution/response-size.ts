/**
 * How long an answer is as JSON, before its text is made.
 *
 * The text is what takes memory: in the data one string may stand a thousand times, in the text it is a thousand strings.
 */

import type { AnswerKey, AnswerShape } from './answer-shape.ts';

/**
 * Whether data is longer than `maximum` as JSON, in UTF-16 code units.
 *
 * Most answers are far from any bound, and for these the lengths of strings are enough: no character needs more than six in
 * JSON. Only where six times these would be too long, every character is looked at.
 *
 * @param shape the keys that the data can have. Left out: they are looked for.
 */
export function isLongerThan(data: unknown, maximum: number, shape?: AnswerShape): boolean {
  const few = Math.floor(maximum / longestEscape);
  const length = shape ? addShaped(data, shape, few) : (addLengths(data, few) ?? Infinity);
  if (length <= few) return false;
  return addCharacters(data, maximum) === undefined;
}

/** `\u0000` */
const longestEscape = 6;
/** A number has up to 24 characters, such as -1.2345678901234567e-300, and a comma. */
const longestNumber = 5;

/** As {@link addLengths}, of an answer whose keys are known; more than `maximum` where it is longer. */
function addShaped(value: unknown, shape: AnswerShape, maximum: number): number {
  let total = 1;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && total <= maximum; i += 1) total += addShaped(value[i], shape, maximum - total);
    return total;
  }
  if (typeof value !== 'object' || value === null) return total;
  for (let i = 0; i < shape.length && total <= maximum; i += 1) {
    const one = shape[i] as AnswerKey;
    const property: unknown = (value as Readonly<Record<string, unknown>>)[one.key];
    if (property === undefined) continue;
    total += one.key.length + 1;
    if (typeof property === 'string') total += property.length + 1;
    else if (typeof property !== 'object' || property === null) total += longestNumber;
    else if (one.sets.length > 0) total += addShaped(property, one.below, maximum - total);
    else total += addLengths(property, maximum - total) ?? Infinity;
  }
  return total;
}

/**
 * A sixth of the longest text that data can have, or `undefined` where that is more than `maximum`.
 *
 * Not recursive: what a scalar returns may be nested deeper than the stack, or may contain itself. Each object counts at least
 * 1, so that also then it ends.
 */
function addLengths(data: unknown, maximum: number): number | undefined {
  let total = 0;
  const stack: unknown[] = [data];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value === 'string') total += value.length + 1;
    else if (typeof value === 'number') total += longestNumber;
    else if (typeof value !== 'object' || value === null) total += 1;
    else if (Array.isArray(value)) {
      total += 1;
      for (let i = 0; i < value.length && total <= maximum; i += 1) {
        const item: unknown = value[i];
        if (typeof item === 'string') total += item.length + 1;
        else if (typeof item === 'object' && item !== null) {
          total += 1;
          stack.push(item);
        } else total += longestNumber;
      }
    } else {
      total += 1;
      const shown = asShown(value);
      if (shown !== value) stack.push(shown);
      else {
        for (const key in value) {
          const property: unknown = (value as Record<string, unknown>)[key];
          total += key.length + 1;
          if (typeof property === 'string') total += property.length + 1;
          else if (typeof property === 'object' && property !== null) stack.push(property);
          else total += longestNumber;
        }
      }
    }
    if (total > maximum) return undefined;
  }
  return total;
}

/** The characters of data as JSON, or `undefined` where they are more than `maximum`. */
function addCharacters(data: unknown, maximum: number): number | undefined {
  let total = 0;
  const stack: unknown[] = [data];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value === 'object' && value !== null) {
      // Brackets, and of the items the commas between them.
      total += 2;
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length && total <= maximum; i += 1) {
          const item: unknown = value[i];
          if (typeof item === 'object' && item !== null) stack.push(item);
          else total += countLeaf(item, maximum - total);
          total += i > 0 ? 1 : 0;
        }
      } else {
        const shown = asShown(value);
        if (shown !== value) stack.push(shown);
        else {
          let isFirst = true;
          for (const key in value) {
            const property: unknown = (value as Record<string, unknown>)[key];
            if (isLeftOut(property)) continue;
            total += countText(key, maximum - total) + (isFirst ? 1 : 2);
            isFirst = false;
            if (typeof property === 'object' && property !== null) stack.push(property);
            else total += countLeaf(property, maximum - total);
            if (total > maximum) return undefined;
          }
        }
      }
    } else total += countLeaf(value, maximum - total);
    if (total > maximum) return undefined;
  }
  return total;
}

function countLeaf(value: unknown, left: number): number {
  if (typeof value === 'string') return countText(value, left);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value).length : 4;
  if (value === false) return 5;
  return typeof value === 'bigint' ? 0 : 4;
}

/** Quotes, characters and what they need as escapes; more than `left` where it is longer than that. */
function countText(text: string, left: number): number {
  const plain = text.length + 2;
  // Most texts have nothing to escape, and a search says so in little time.
  if (plain > left || !escaped.test(text)) return plain;
  let total = plain;
  for (let i = 0; i < text.length && total <= left; i += 1) total += countEscape(text, i);
  return total;
}

// oxlint-disable-next-line no-control-regex -- these are the characters that JSON escapes
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

/** What a character takes beside itself (ECMAScript, QuoteJSONString). */
function countEscape(text: string, i: number): number {
  const code = text.charCodeAt(i);
  if (code === 0x22 || code === 0x5c) return 1;
  // \b \t \n \f \r
  if (code < 0x20) return code === 8 || code === 9 || code === 10 || code === 12 || code === 13 ? 1 : longestEscape - 1;
  if (code < 0xd800 || code > 0xdfff) return 0;
  return isPaired(text, i, code) ? 0 : longestEscape - 1;
}

/** Whether half of a character stands beside its other half; alone it is escaped. */
function isPaired(text: string, i: number, code: number): boolean {
  const isHigh = code < 0xdc00;
  const other = text.charCodeAt(isHigh ? i + 1 : i - 1);
  return isHigh ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other <= 0xdbff;
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

/** What `JSON.stringify` writes of an object: scalars may return dates, buffers and decimals. */
function asShown(value: object): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON as (key: string) => unknown).call(value, '') : value;
}

/**
 * Whether data contains itself, and so has no text at all: that is a mistake of the application and no large answer. Looks at
 * each object once, however often it stands in the data.
 */
export function containsItself(data: unknown): boolean {
  const around = new Set<unknown>();
  const seen = new Set<unknown>();
  const stack: { readonly value: object; readonly isLeft: boolean }[] = [];
  const push = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) stack.push({ value, isLeft: false });
  };
  push(data);
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { value, isLeft } = step;
    if (isLeft) {
      around.delete(value);
      continue;
    }
    if (around.has(value)) return true;
    if (seen.has(value)) continue;
    seen.add(value);
    around.add(value);
    stack.push({ value, isLeft: true });
    const shown = asShown(value);
    if (shown !== value) push(shown);
    else Object.values(value).forEach(push);
  }
  return false;
}
