/**
 * Whether `NODE_ENV` is `development` or `test`. Where it is not set, the process may be a production server that was not
 * configured.
 */
export function isDevelopment(): boolean {
  const environment = process.env['NODE_ENV'];
  return environment === 'development' || environment === 'test';
}

/**
 * Chooses how many errors of a document validation looks for: 20 in development, otherwise 5. Finding one costs as much as
 * validating a dozen fields, and only developers of a client read them.
 */
export function chooseMaxValidationErrors(): number {
  return isDevelopment() ? 20 : 5;
}
