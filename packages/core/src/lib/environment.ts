/** Where the process runs. An unset NODE_ENV is a production server that somebody forgot to configure. */
export function isDevelopment(): boolean {
  const environment = process.env['NODE_ENV'];
  return environment === 'development' || environment === 'test';
}

/**
 * How many mistakes of a document are looked for. Each costs as much as a dozen right fields, once more where it is answered,
 * and what it says is for whoever writes the client.
 */
export function chooseMaxValidationErrors(): number {
  return isDevelopment() ? 20 : 5;
}
