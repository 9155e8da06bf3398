/** Where the process runs. An unset NODE_ENV is a production server that somebody forgot to configure. */
export function isDevelopment(): boolean {
  const environment = process.env['NODE_ENV'];
  return environment === 'development' || environment === 'test';
}
