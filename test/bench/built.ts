/**
 * Benchmarks measure the packages as they are published, also their inner modules: what runs TypeScript as it is written gives
 * every function its name while the program runs, which is most of the time of work that makes many.
 */
export async function built<Module>(name: string, module: string): Promise<Module> {
  return (await import(new URL(`../../packages/${name}/dist/esm/${module}.js`, import.meta.url).href)) as Module;
}
