/** Random schemas and valid operations on them, made from one number, for comparing two ways of pricing them. */

export interface RandomCase {
  readonly typeDefs: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface RandomOptions {
  /** Nothing is asked for twice: unique response keys, fragments spread once and never inside one on an abstract type. */
  readonly distinct: boolean;
  readonly variables: boolean;
}

const declarations = {
  n: 'Int = 4',
  in: 'In',
  page: 'Page',
  b0: 'Boolean!',
  b1: 'Boolean = true',
  b2: 'Boolean = false',
};

type Random = (n: number) => number;

/** Numbers below n, the same for the same seed (mulberry32). */
function random(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

interface Field {
  readonly name: string;
  readonly type: string;
  /** Where its list size is said: in an argument, or in an input object. */
  readonly sliced: 'first' | 'page' | undefined;
  readonly argument: boolean;
}

const plain = (name: string, type: string): Field => ({ name, type, sliced: undefined, argument: false });

export function randomCase(seed: number, { distinct, variables: withVariables }: RandomOptions): RandomCase {
  const r = random(seed);
  const objects = Array.from({ length: 2 + r(4) }, (_, i) => `T${i}`);
  const members = objects.filter(() => r(2) === 0);
  if (members.length === 0) members.push('T0');
  // Every two abstract types have T0 or another member in common, so that a fragment on one can stand in the other.
  const [always = 'T0'] = members;
  const possible = new Map([
    ['I', members],
    ['U', members],
    ['J', members.filter((name) => name === always || r(2) === 0)],
    ['V', objects.filter((name) => name === always || r(2) === 0)],
  ]);
  const abstracts = [...possible.keys()];
  const composites = [...objects, ...abstracts, 'C'];
  const cost = () => (r(3) === 0 ? ` @cost(weight: "${r(9) - 3}")` : '');

  // Names are unique, so that one response key never means two things; only the fields of the interface are shared.
  const makeField = (name: string): Field & { sdl: string } => {
    const type = r(3) === 0 ? 'Int' : (composites[r(composites.length)] as string);
    const dimensions = r(3) === 0 ? 1 + r(2) : 0;
    const handsOn = dimensions === 0 && type === 'C';
    const sliced = (dimensions > 0 || handsOn) && r(2) === 0 ? (r(3) === 0 ? 'page' : 'first') : undefined;
    const argument = r(3) === 0;
    const listed = dimensions === 2 ? `[[${type}]!]` : dimensions === 1 ? `[${type}!]!` : type;
    const byDefault = r(3) === 0;
    const size = {
      first: { argument: `first: Int${byDefault ? ' = 3' : ''}`, path: 'first' },
      page: { argument: `page: Page${byDefault ? ' = { by: { first: 2 } }' : ''}`, path: 'page.by.first' },
    };
    const args = [sliced ? size[sliced].argument : '', argument ? `in: In${cost()}` : ''].filter(Boolean);
    const says = [
      sliced ? `slicingArguments: ["${size[sliced].path}"], requireOneSlicingArgument: false` : '',
      !sliced && (dimensions > 0 || handsOn) && r(2) === 0 ? `assumedSize: ${r(5)}` : '',
      handsOn ? 'sizedFields: ["edges", "inner { list }"]' : '',
    ].filter(Boolean);
    return {
      name,
      type,
      sliced,
      argument,
      sdl: `${name}${args.length ? `(${args.join(', ')})` : ''}: ${listed}${says.length ? ` @listSize(${says.join(', ')})` : ''}`,
    };
  };
  const shared = [makeField('i0'), makeField('i1')];
  const deeper = makeField('j0');
  const list = (name: string, type: string) => ({ ...plain(name, type), sdl: `${name}: [${type}]` });
  const connection = [
    {
      name: 'C',
      fields: [
        { ...plain('count', 'Int'), sdl: 'count: Int' },
        list('edges', 'T0'),
        list('more', 'I'),
        { ...plain('inner', 'D'), sdl: 'inner: D' },
      ],
    },
    { name: 'D', fields: [list('list', 'J'), list('edges', 'T1'), { ...plain('total', 'Int'), sdl: 'total: Int' }] },
  ];
  const owned = new Map<string, Field[]>();
  const typeDefs = [
    `input In { k: Int${cost()} l: [Int!]${cost()} n: In }`,
    'input Page { first: Int = 1 by: Page }',
    `interface I { ${shared.map(({ sdl }) => sdl).join(' ')} }`,
    `interface J implements I { ${[...shared, deeper].map(({ sdl }) => sdl).join(' ')} }`,
    `union U = ${members.join(' | ')}`,
    `union V = ${possible.get('V')?.join(' | ')}`,
    ...connection.map(({ name, fields }) => `type ${name} { ${fields.map(({ sdl }) => sdl).join(' ')} }`),
    ...objects.map((name) => {
      const own = Array.from({ length: 1 + r(3) }, (_, i) => makeField(`${name.toLowerCase()}f${i}`));
      const isI = members.includes(name);
      const isJ = possible.get('J')?.includes(name);
      const fields = isI ? [...own, ...shared, ...(isJ ? [deeper] : [])] : own;
      owned.set(name, fields);
      const head = `type ${name}${isI ? ` implements I${isJ ? ' & J' : ''}` : ''}${cost()}`;
      return `${head} { ${fields.map(({ sdl }) => `${sdl}${cost()}`).join(' ')} }`;
    }),
    `directive @priced(n: Int${cost()} in: In${cost()}) on FIELD`,
    `type Query${cost()} { ${objects.map((name) => `q${name}: ${name}`).join(' ')} qI: I qU: U qJ: J qV: V qIs: [I] }`,
  ].join('\n');
  owned.set('I', shared);
  owned.set('J', [...shared, deeper]);
  owned.set('U', []);
  owned.set('V', []);
  for (const { name, fields } of connection) owned.set(name, fields);
  owned.set('Query', [...[...objects, ...abstracts].map((type) => plain(`q${type}`, type)), plain('qIs', 'I')]);

  const fragments: { name: string; on: string; text: string }[] = [];
  let count = 0;
  const condition = () =>
    withVariables && r(5) === 0
      ? ` @${r(2) ? 'skip' : 'include'}(if: ${['$b0', '$b1', '$b2', 'true', 'false'][r(5)]})`
      : '';

  /** A directive of which the arguments cost something. */
  const priced = () =>
    r(4) === 0 ? ` @priced(${['n: 1', 'n: 2, in: { k: 1 }', withVariables ? 'n: $n' : 'n: null'][r(3)]})` : '';

  const fieldText = (field: Field, depth: number): string => {
    const args: string[] = [];
    let key = '';
    if (field.sliced === 'page') {
      const [text, id] = [
        ['{ by: { first: 3 } }', 'p'],
        ['{ first: 3, by: {} }', 'q'],
        withVariables ? ['{ by: { first: $n } }', 'r'] : ['{}', 's'],
        withVariables ? ['{ by: $page }', 't'] : ['null', 'u'],
        withVariables ? ['$page', 'w'] : ['', ''],
        ['', ''],
      ][r(6)] as [string, string];
      if (text) args.push(`page: ${text}`);
      key += id;
    }
    if (field.sliced === 'first') {
      const size = r(4);
      const [text, id] = [
        [String(size), `n${size}`],
        withVariables ? ['$n', 'v'] : ['2', 'n2'],
        ['null', 'null'],
        ['', ''],
      ][r(4)] as [string, string];
      if (text) args.push(`first: ${text}`);
      key += id;
    }
    if (field.argument) {
      const [text, id] = [
        ['{ k: 1 }', 'a'],
        ['{ l: [1, 2], n: { k: 3 } }', 'b'],
        withVariables ? ['$in', 'c'] : ['{}', 'd'],
        withVariables ? ['{ k: $n, n: $in }', 'e'] : ['null', 'f'],
        ['', ''],
      ][r(5)] as [string, string];
      if (text) args.push(`in: ${text}`);
      key += id;
    }
    const alias = distinct ? `k${(count += 1)}: ` : key ? `${field.name}_${key}: ` : '';
    const below = field.type === 'Int' ? '' : ` ${set(field.type, depth - 1)}`;
    return `${alias}${field.name}${args.length ? `(${args.join(', ')})` : ''}${priced()}${condition()}${below}`;
  };

  function set(type: string, depth: number): string {
    const fields = (owned.get(type) as Field[]).filter((field) => depth > 0 || field.type === 'Int');
    const parts: string[] = [];
    const more = 1 + r(3);
    for (let i = 0; i < more; i += 1) {
      const what = r(4);
      if (what < 2 && fields.length > 0) parts.push(fieldText(fields[r(fields.length)] as Field, depth));
      else if (depth > 0) {
        const concrete = possible.get(type) ?? [type];
        const wider = possible.has(type) ? abstracts : abstracts.filter((name) => possible.get(name)?.includes(type));
        const conditions = distinct ? concrete : [...concrete, ...wider];
        const on = conditions[r(conditions.length)] as string;
        if (what === 2) parts.push(`... on ${on}${condition()} ${set(on, depth - 1)}`);
        else {
          const known = distinct ? undefined : fragments.find((one) => one.on === on && r(2) === 0);
          const name = known?.name ?? `F${(count += 1)}`;
          if (!known) {
            // Added when it is whole, so that it cannot spread itself.
            const text = `fragment ${name} on ${on} ${set(on, depth - 1)}`;
            fragments.push({ name, on, text });
          }
          parts.push(`...${name}${condition()}`);
          if (!distinct && r(3) === 0) parts.push(`...${name}${condition()}`);
        }
      }
    }
    const leaf = fields.find((field) => field.type === 'Int');
    if (parts.length === 0) parts.push(leaf ? fieldText(leaf, 0) : `${distinct ? `k${(count += 1)}: ` : ''}__typename`);
    return `{ ${parts.join(' ')} }`;
  }

  const selection = set('Query', 5);
  const body = [selection, ...fragments.map(({ text }) => text)].join('\n');
  // Validation wants every declared variable used.
  const declared = Object.entries(declarations).filter(([name]) => new RegExp(`\\$${name}\\b`).test(body));
  const head = declared.length > 0 ? `query (${declared.map(([name, type]) => `$${name}: ${type}`).join(', ')}) ` : '';
  const variables: Record<string, unknown> = withVariables
    ? {
        b0: r(2) === 0,
        ...(r(2) && { b1: r(2) === 0 }),
        ...(r(2) && { n: r(6) }),
        ...(r(2) && { page: r(2) ? { first: 4, by: { first: r(4) } } : { by: {} } }),
        ...(r(2) && { in: { k: 1, n: { l: [1] } } }),
      }
    : {};
  return { typeDefs, document: `${head}${body}`, variables };
}
