/**
 * What guards cost: lists of objects with five fields each, executed by graphql-js, guarded and not, in turn in one run.
 *
 * CPU time of the process: the least of several rounds, and the middle one of the ratios of each round; and of what several
 * processes say the middle one again, with the quarter below and above it. Memory is what is kept after an execution, its result
 * included. Nothing is denied: this is what honest callers pay.
 *
 * Beside it the usual recipe, an async function around every resolver, and graphql-shield, with its rules cached for the request
 * and judged for each parent (`strict`).
 */
import { execFileSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { authDirectives, guardSchema } from '@graphql-bulwark/authorization';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import { buildSchema, defaultFieldResolver, execute, type GraphQLSchema, parse } from 'graphql';
import { applyMiddleware } from 'graphql-middleware';
import { type IRules, rule, shield } from 'graphql-shield';
import { as } from '../kit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const fields = ['a', 'b', 'c', 'd', 'e'];
const sizes = [10, 1_000, 10_000, 100_000];
/** What the compiler makes of the same code differs between processes by more than what is measured: their middle stands still. */
const processes = 15;
const contextValue = as({ id: 'me', roles: ['MEMBER'], scopes: ['read'] });
type Context = typeof contextValue;

/** How a document reaches the objects. `types`: of the root fields, and what stands between them and the objects. */
const shapes = {
  '[Doc]': { query: `{ docs { ${fields.join(' ')} } }`, types: 'type Query { docs: [Doc] }' },
  '[Doc!]!': { query: `{ docs { ${fields.join(' ')} } }`, types: 'type Query { docs: [Doc!]! }' },
  '[Edge!]! { node: Doc! }': {
    query: `{ edges { node { ${fields.join(' ')} } } }`,
    types: 'type Query { edges: [Edge!]! } type Edge { node: Doc! }',
  },
};

function bare(types: string, onField = '', onType = ''): GraphQLSchema {
  const lines = fields.map((name) => `${name}: String ${onField}`);
  return buildSchema(`${authDirectives} ${types} type Doc ${onType} { ${lines.join('\n')} }`);
}

/** An async function around every resolver, judging each time. */
function wrapped(types: string): GraphQLSchema {
  return mapSchema(bare(types), {
    [MapperKind.OBJECT_FIELD]: (config) => ({
      ...config,
      resolve: async (source, args, context: Context, info) => {
        if (!isMember(context)) throw new Error('forbidden');
        return (config.resolve ?? defaultFieldResolver)(source, args, context, info);
      },
    }),
  });
}

function shielded(types: string, cache: 'contextual' | 'strict'): GraphQLSchema {
  const member = rule({ cache })((_: unknown, __: unknown, context: Context) => isMember(context));
  const rules: IRules = { Query: { docs: member }, Doc: Object.fromEntries(fields.map((name) => [name, member])) };
  return applyMiddleware(bare(types), shield(rules));
}

function isMember({ security }: Context): boolean {
  return security.principal?.roles.includes('MEMBER') === true;
}

const onField = '@auth(roles: ["MEMBER", "ADMIN"], scopes: "read")';
const variants: Record<string, (types: string) => GraphQLSchema> = {
  unguarded: (types) => bare(types),
  '@auth on 5 fields': (types) => guardSchema(bare(types, onField)),
  '@auth and @owner': (types) => guardSchema(bare(types, onField, '@owner')),
};
const besideOthers = new Set([1_000, 10_000]);
const others: Record<string, (types: string) => GraphQLSchema> = {
  'async wrapper': wrapped,
  'graphql-shield, cached': (types) => shielded(types, 'contextual'),
  'graphql-shield, strict': (types) => shielded(types, 'strict'),
};

type Execute = () => Promise<void>;

/** CPU milliseconds of one execution. @param times executions in one measurement: a clock is coarse. */
async function once(run: Execute, times: number): Promise<number> {
  collectGarbage();
  const start = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000 / times;
}

async function kept(schema: GraphQLSchema, query: string, rootValue: object): Promise<number> {
  const document = parse(query);
  collectGarbage();
  const heap = process.memoryUsage().heapUsed;
  const result = await execute({ schema, document, rootValue, contextValue: { ...contextValue } });
  collectGarbage();
  const bytes = process.memoryUsage().heapUsed - heap;
  return result.data ? bytes : Number.NaN;
}

const least = (numbers: readonly number[]): number => Math.min(...numbers);

/** Of the ratios of each round: what else the machine does hits both sides of one. */
const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

type Shape = keyof typeof shapes;

interface Row {
  readonly objects: number;
  readonly list: Shape;
  readonly schema: string;
  readonly 'CPU ms': number;
  readonly 'times unguarded': number;
  /** Half of the processes say something between these. */
  readonly 'middle half'?: string;
  readonly 'kept bytes per object': number;
}

async function rowsOf(size: number, shape: Shape, isFirst: boolean): Promise<Row[]> {
  const { query, types } = shapes[shape];
  const docs = Array.from({ length: size }, (_, i) => ({ ownerId: 'me', a: `a${i}`, b: 'b', c: 'c', d: 'd', e: 'e' }));
  const rootValue = { docs, edges: docs.map((node) => ({ node })) };
  const document = parse(query);
  const made = { ...variants, ...(isFirst && shape === '[Doc]' && besideOthers.has(size) && others) };
  const schemas = new Map(Object.entries(made).map(([name, make]) => [name, make(types)]));
  const runs = Array.from(schemas, ([name, schema]): [string, Execute] => [
    name,
    async () => {
      const result = await execute({ schema, document, rootValue, contextValue: { ...contextValue } });
      const [list] = Object.values(result.data ?? {}) as unknown[][];
      if (result.errors || list?.length !== size) throw new Error(`${name}: the benchmark measures a denial`);
    },
  ]);
  const measured = new Map<string, number[]>(runs.map(([name]) => [name, []]));
  const ours = runs.filter(([name]) => !(name in others));
  const times = Math.max(1, 50_000 / size);
  const rounds = size === 100_000 ? 5 : 9;
  for (let round = -3; round < rounds; round += 1) {
    // Who goes first pays for warming up: take turns.
    for (const [name, run] of round % 2 === 0 ? ours : ours.toReversed()) {
      const one = await once(run, times);
      if (round >= 0) measured.get(name)?.push(one);
    }
  }
  // Many times as slow: one round says enough.
  for (const [name, run] of runs) if (name in others) measured.get(name)?.push(await once(run, 1));
  const base = measured.get('unguarded') ?? [];
  const rows: Row[] = [];
  for (const [name, all] of measured) {
    const schema = schemas.get(name) as GraphQLSchema;
    const memory = [await kept(schema, query, rootValue), await kept(schema, query, rootValue)];
    rows.push({
      objects: size,
      list: shape,
      schema: name,
      'CPU ms': Number(least(all).toPrecision(3)),
      'times unguarded': Number(middle(all.map((cpu, i) => cpu / (base[i] ?? Number.NaN))).toFixed(3)),
      // Of a short list the noise is more than the list.
      'kept bytes per object': size < 1_000 ? Number.NaN : Math.round(least(memory) / size),
    });
  }
  return rows;
}

const [, file = '', sizeGiven, shapeGiven, first] = process.argv;
if (sizeGiven) {
  process.stdout.write(JSON.stringify(await rowsOf(Number(sizeGiven), shapeGiven as Shape, first === 'first')));
} else {
  // A process of its own: what another list has taught the compiler is no part of what this one costs.
  const measure = (size: number, shape: string, which: string): Row[] => {
    const args = ['--import', 'tsx', file, String(size), shape, which];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  };
  const table = sizes.flatMap((size) =>
    Object.keys(shapes).flatMap((shape) => {
      const runs = Array.from({ length: processes }, (_, i) => measure(size, shape, i === 0 ? 'first' : 'further'));
      return (runs[0] ?? []).map((row, i): Row => {
        const of = (column: 'CPU ms' | 'times unguarded' | 'kept bytes per object'): number[] =>
          runs.flatMap((rows) => rows[i]?.[column] ?? []);
        const ratios = of('times unguarded').toSorted((a, b) => a - b);
        const quarter = ratios.length >> 2;
        return {
          ...row,
          'CPU ms': least(of('CPU ms')),
          'times unguarded': middle(ratios),
          'middle half': `${ratios[quarter]} to ${ratios.at(-1 - quarter)}`,
          'kept bytes per object': least(of('kept bytes per object')),
        };
      });
    }),
  );
  console.table(table);
}
