/** The texts of refusals in the words of the application, for example in another language. */
import { GraphQLError } from 'graphql';
import { aText, readOptions } from '../lib/read-options.ts';
import { REFUSALS, type RefusalCode } from './codes.ts';
import { readRefusalCode, readRefusalFacts } from './refuse.ts';

/**
 * Texts that replace the constant ones: code -> text, or a function of the code and the context of the request. Where the
 * function throws or returns no text, the constant text is sent.
 */
export type Messages =
  | Readonly<Partial<Record<RefusalCode, string>>>
  | ((code: RefusalCode, contextValue: unknown) => string | undefined);

/** Finds the text for a code; never empty. */
export type Wording = (code: RefusalCode, contextValue: unknown) => string;

/** Clients of persisted queries recognise the refusal by its text. */
const protocolCode = 'PERSISTED_QUERY_NOT_FOUND' satisfies RefusalCode;

const textTable = Object.fromEntries(
  Object.keys(REFUSALS)
    .filter((code) => code !== protocolCode)
    .map((code) => [code, { check: aText }]),
);

/** Checks the option `messages`. @throws {TypeError} for an unknown code, and for a text that is empty or no string. */
export function checkMessages(option: string, messages: unknown): void {
  if (typeof messages !== 'function') readOptions<object, typeof textTable>(option, messages as object, textTable);
}

/** Compiles texts to a function that never throws. @param messages as {@link checkMessages} has checked them. */
export function createWording(messages: Messages): Wording {
  if (typeof messages === 'function') {
    return function askApplication(code, contextValue) {
      if (code === protocolCode) return REFUSALS[code].message;
      try {
        const text: unknown = messages(code, contextValue);
        return typeof text === 'string' && text !== '' ? text : REFUSALS[code].message;
      } catch {
        return REFUSALS[code].message; // a missing translation must not change what is answered
      }
    };
  }
  const given = new Map<string, string>(Object.entries(messages));
  return function findText(code) {
    return given.get(code) ?? REFUSALS[code].message;
  };
}

/**
 * Gives a refusal the application's text, for transports without Apollo's hooks. The refusal is changed in place.
 *
 * @returns what was thrown; anything but a refusal with the constant text is left as it is.
 */
export function rewordRefusal(thrown: unknown, words: Wording, contextValue: unknown): unknown {
  const code = readRefusalCode(thrown);
  if (code === undefined || !(thrown instanceof GraphQLError)) return thrown;
  if (readRefusalFacts(thrown)?.message !== undefined || thrown.message !== REFUSALS[code].message) return thrown;
  thrown.message = words(code, contextValue);
  return thrown;
}
