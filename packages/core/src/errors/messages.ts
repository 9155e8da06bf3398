/** The texts of refusals in the words of the application, for example in another language. */
import { GraphQLError } from 'graphql';
import { aText, readOptions } from '../lib/read-options.ts';
import { factsOfRefusal, REFUSALS, type RefusalCode, refusalCode } from './refusal.ts';

/** In place of the constant texts: one text per code, or a function that may look at the request's context. */
export type Messages =
  | Readonly<Partial<Record<RefusalCode, string>>>
  | ((code: RefusalCode, contextValue: unknown) => string | undefined);

/** The text for a code; never longer than an error message may be, never empty. */
export type Wording = (code: RefusalCode, contextValue: unknown) => string;

const texts = Object.fromEntries(Object.keys(REFUSALS).map((code) => [code, { check: aText }]));

/** @throws {TypeError} for a code that Bulwark does not answer with, or a text that is none. */
export function checkMessages(option: string, messages: unknown): void {
  if (typeof messages !== 'function') readOptions<object, typeof texts>(option, messages as object, texts);
}

/** @param messages as {@link checkMessages} has checked them. */
export function wording(messages: Messages): Wording {
  if (typeof messages === 'function') {
    return (code, contextValue) => {
      try {
        const text: unknown = messages(code, contextValue);
        return typeof text === 'string' && text !== '' ? text : REFUSALS[code].message;
      } catch {
        return REFUSALS[code].message; // a missing translation must not change what is answered
      }
    };
  }
  const given = new Map<string, string>(Object.entries(messages));
  return (code) => given.get(code) ?? REFUSALS[code].message;
}

/** The same refusal in the application's words, for a client that no plugin hook stands before. */
export function reworded(thrown: unknown, words: Wording, contextValue: unknown): unknown {
  const code = refusalCode(thrown);
  if (code === undefined || !(thrown instanceof GraphQLError)) return thrown;
  if (factsOfRefusal(thrown)?.message !== undefined || thrown.message !== REFUSALS[code].message) return thrown;
  thrown.message = words(code, contextValue);
  return thrown;
}
