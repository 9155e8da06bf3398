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
  readonly sliced: boolean;
  readonly argument: boolean;
}

export function randomCase(seed: number, { distinct, variables: withVariables }: RandomOptions): RandomCase {
  const r = random(seed);
  const objects = Array.from({ length: 2 + r(4) }, (_, i) => `T${i}`);
  const members = objects.filter(() => r(2) === 0);
  if (members.length === 0) members.push('T0');
  const composites = [...objects, 'I', 'U'];
  const cost = () => (r(3) === 0 ? ` @cost(weight: "${r(9) - 2}")` : '');

  // Names are unique, so that one response key never means two things; only the fields of the interface are shared.
  const makeField = (name: string): Field & { sdl: string } => {
    const type = r(3) === 0 ? 'Int' : (composites[r(composites.length)] as string);
    const dimensions = r(3) === 0 ? 1 + r(2) : 0;
    const sliced = dimensions > 0 && r(2) === 0;
    const argument = r(3) === 0;
    const listed = dimensions === 2 ? `[[${type}]!]` : dimensions === 1 ? `[${type}!]!` : type;
    const args = [sliced ? `first: Int${r(3) === 0 ? ' = 3' : ''}` : '', argument ? `in: In${cost()}` : ''].filter(
      Boolean,
    );
    const size = sliced
      ? ' @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)'
      : dimensions > 0 && r(2) === 0
        ? ` @listSize(assumedSize: ${r(5)})`
        : '';
    return {
      name,
      type,
      sliced,
      argument,
      sdl: `${name}${args.length ? `(${args.join(', ')})` : ''}: ${listed}${size}`,
    };
  };
  const shared = [makeField('i0'), makeField('i1')];
  const owned = new Map<string, Field[]>();
  const typeDefs = [
    `input In { k: Int${cost()} l: [Int!]${cost()} n: In }`,
    `interface I { ${shared.map(({ sdl }) => sdl).join(' ')} }`,
    `union U = ${members.join(' | ')}`,
    ...objects.map((name) => {
      const own = Array.from({ length: 1 + r(3) }, (_, i) => makeField(`${name.toLowerCase()}f${i}`));
      const isI = members.includes(name);
      const fields = isI ? [...own, ...shared] : own;
      owned.set(name, fields);
      const head = `type ${name}${isI ? ' implements I' : ''}${cost()}`;
      return `${head} { ${fields.map(({ sdl }) => `${sdl}${cost()}`).join(' ')} }`;
    }),
    `type Query { ${objects.map((name) => `q${name}: ${name}`).join(' ')} qI: I qU: U qIs: [I] }`,
  ].join('\n');
  owned.set('I', shared);
  owned.set('U', []);
  owned.set('Query', [
    ...[...objects, 'I', 'U'].map((type) => ({ name: `q${type}`, type, sliced: false, argument: false })),
    { name: 'qIs', type: 'I', sliced: false, argument: false },
  ]);

  const fragments: { name: string; on: string; text: string }[] = [];
  let count = 0;
  const condition = () => (withVariables && r(5) === 0 ? ` @${r(2) ? 'skip' : 'include'}(if: $b${r(3)})` : '');

  const fieldText = (field: Field, depth: number): string => {
    const args: string[] = [];
    let key = '';
    if (field.sliced) {
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
    const below = field.type === 'Int' ? '' : ` ${set(field.type, depth - 1, true)}`;
    return `${alias}${field.name}${args.length ? `(${args.join(', ')})` : ''}${condition()}${below}`;
  };

  function set(type: string, depth: number, conditions: boolean): string {
    const fields = (owned.get(type) as Field[]).filter((field) => depth > 0 || field.type === 'Int');
    const parts: string[] = [];
    const more = 1 + r(3);
    for (let i = 0; i < more; i += 1) {
      const what = r(4);
      if (what < 2 && fields.length > 0) parts.push(fieldText(fields[r(fields.length)] as Field, depth));
      else if (conditions && depth > 0) {
        const abstract = type === 'I' || type === 'U';
        const on = abstract
          ? ([...members, ...(distinct ? [] : ['I', 'U'])][r(members.length + (distinct ? 0 : 2))] as string)
          : type;
        const inner = distinct && (on === 'I' || on === 'U') ? false : conditions;
        if (what === 2) parts.push(`... on ${on}${condition()} ${set(on, depth - 1, inner)}`);
        else {
          const known = distinct ? undefined : fragments.find((one) => one.on === on && r(2) === 0);
          const name = known?.name ?? `F${(count += 1)}`;
          if (!known) {
            // Added when it is whole, so that it cannot spread itself.
            const text = `fragment ${name} on ${on} ${set(on, depth - 1, inner)}`;
            fragments.push({ name, on, text });
          }
          parts.push(`...${name}${condition()}`);
        }
      }
    }
    const leaf = fields.find((field) => field.type === 'Int');
    if (parts.length === 0) parts.push(leaf ? fieldText(leaf, 0) : `${distinct ? `k${(count += 1)}: ` : ''}__typename`);
    return `{ ${parts.join(' ')} }`;
  }

  const selection = set('Query', 5, true);
  const head = withVariables
    ? 'query ($n: Int = 4, $in: In, $b0: Boolean!, $b1: Boolean = true, $b2: Boolean = false) '
    : '';
  const variables: Record<string, unknown> = withVariables
    ? {
        b0: r(2) === 0,
        ...(r(2) && { b1: r(2) === 0 }),
        ...(r(2) && { n: r(6) }),
        ...(r(2) && { in: { k: 1, n: { l: [1] } } }),
      }
    : {};
  return { typeDefs, document: `${head}${selection}\n${fragments.map(({ text }) => text).join('\n')}`, variables };
}
