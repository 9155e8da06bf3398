/**
 * Reads a header of a request, whichever of the two shapes its headers have: the object of Node's HTTP server, or the
 * `Headers` of the Web's Fetch standard. The values of the second are no properties: read as the first, every request would
 * seem to have no credential and no address.
 */

/** Headers as Node gives them: lower-case name -> value. */
export interface HeaderRecord {
  readonly [name: string]: string | readonly string[] | undefined;
}

/** The part of the Fetch standard's `Headers` that is used. It joins the values of one name with commas. */
export interface HeaderReader {
  /** @returns `null` where there is no header of this name, in whatever case. */
  get(name: string): string | null | undefined;
}

/** Headers of a request, of either shape. */
export type RequestHeaders = HeaderRecord | HeaderReader;

/** Whether these are headers that are read by `get`. A Node header that is called `get` is a text. */
export function isHeaderReader(headers: RequestHeaders): headers is HeaderReader {
  return typeof headers['get'] === 'function';
}

/** Reads the values of a header. @param name in lower case. */
export function readHeaderValues(headers: RequestHeaders | undefined, name: string): readonly string[] {
  if (!headers) return [];
  if (isHeaderReader(headers)) return [headers.get(name) ?? []].flat();
  return Object.keys(headers)
    .filter((sent) => sent.length === name.length && sent.toLowerCase() === name)
    .flatMap((sent) => headers[sent] ?? []);
}
