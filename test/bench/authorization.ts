/**
 * What guards cost: lists of objects with five fields each, executed by graphql-js, guarded and not, in turn in one run.
 *
 * CPU time of the process: the least of several rounds, and the middle one of the ratios of each round. Memory is what is kept
 * after an execution, its result included.
 * Beside it the usual recipe: an async function around every resolver.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { authDirectives, guardSchema } from '@graphql-bulwark/auth';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import { buildSchema, defaultFieldResolver, execute, type GraphQLSchema, parse } from 'graphql';
import { as } from '../kit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const fields = ['a', 'b', 'c', 'd', 'e'];
const sizes = [1_000, 10_000, 100_000];
const document = parse(`{ docs { ${fields.join(' ')} } }`);
const contextValue = as({ id: 'me', roles: ['MEMBER'], scopes: ['read'] });

function typeDefs(onField: string, onType: string): string {
  const lines = fields.map((name) => `${name}: String ${onField}`);
  return `${authDirectives} type Query { docs: [Doc] @public } type Doc ${onType} { ${lines.join('\n')} }`;
}

const rule = '@auth(roles: ["MEMBER", "ADMIN"], scopes: "read")';
const guarded = (onType: string): GraphQLSchema =>
  guardSchema(buildSchema(typeDefs(rule, onType).replace('docs: [Doc] @public', 'docs: [Doc]')));

/** An async function around every resolver, judging each time. */
function wrapped(): GraphQLSchema {
  return mapSchema(buildSchema(typeDefs('', '')), {
    [MapperKind.OBJECT_FIELD]: (config) => ({
      ...config,
      resolve: async (source, args, context: typeof contextValue, info) => {
        if (!context.security.principal?.roles.includes('MEMBER')) throw new Error('forbidden');
        return (config.resolve ?? defaultFieldResolver)(source, args, context, info);
      },
    }),
  });
}

const variants = {
  unguarded: buildSchema(typeDefs('', '')),
  '@auth on 5 fields': guarded(''),
  '@auth and @owner': guarded('@owner'),
  'async wrapper': wrapped(),
};

interface Measured {
  cpu: number;
  bytes: number;
}

async function once(schema: GraphQLSchema, docs: readonly object[]): Promise<Measured> {
  collectGarbage();
  const heap = process.memoryUsage().heapUsed;
  const start = process.cpuUsage();
  const pending = execute({ schema, document, rootValue: { docs }, contextValue: { ...contextValue } });
  const result = await pending;
  const { user, system } = process.cpuUsage(start);
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed - heap;
  const answered = (result.data?.['docs'] as unknown[] | undefined)?.filter((doc) => doc !== null).length;
  if (result.errors || answered !== docs.length) throw new Error('the benchmark measures a denial');
  return { cpu: (user + system) / 1_000, bytes };
}

const least = (numbers: readonly number[]): number => Math.min(...numbers);

/** Of the ratios of each round: what else the machine does hits both sides of one. */
const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const table: Record<string, unknown>[] = [];
for (const size of sizes) {
  const docs = Array.from({ length: size }, (_, i) => ({ ownerId: 'me', a: `a${i}`, b: 'b', c: 'c', d: 'd', e: 'e' }));
  const rounds = Math.max(8, Math.min(60, 300_000 / size));
  const measured = new Map(Object.keys(variants).map((name) => [name, [] as Measured[]]));
  for (let round = -3; round < rounds; round += 1) {
    const names = Object.entries(variants);
    // Who goes first pays for warming up: take turns.
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const [name, schema] of order) {
      if (name === 'async wrapper' && round > 0) continue;
      const one = await once(schema, docs);
      if (round >= 0) measured.get(name)?.push(one);
    }
  }
  const base = measured.get('unguarded') ?? [];
  for (const [name, all] of measured) {
    const cpu = least(all.map((one) => one.cpu));
    table.push({
      objects: size,
      schema: name,
      'CPU ms': Number(cpu.toFixed(2)),
      'times unguarded': Number(middle(all.map((one, i) => one.cpu / (base[i]?.cpu ?? Number.NaN))).toFixed(3)),
      'kept bytes per object': Math.round(least(all.map((one) => one.bytes)) / size),
    });
  }
}
console.table(table);
