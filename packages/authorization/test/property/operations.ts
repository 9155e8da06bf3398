/** Random operations on a world's schema, as plain data from which both the text and the reference answer are made. */
import * as fc from 'fast-check';
import { members, shape, withArguments } from './world.ts';

export type Input = Readonly<Record<string, unknown>>;

export interface FieldPick {
  readonly field: string;
  readonly key: string;
  readonly args: Input;
  /** How the arguments are written. */
  readonly via: 'literal' | 'variable' | 'default';
  /** `@skip(if:)`, literally or by a variable. */
  readonly skip: boolean | null;
  readonly below: readonly Pick[];
}

export interface FragmentPick {
  readonly on: string;
  readonly named: boolean;
  readonly picks: readonly Pick[];
}

export type Pick = FieldPick | FragmentPick;

export interface Operation {
  readonly kind: 'Query' | 'Mutation';
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly picks: readonly Pick[];
}

export const isFragment = (pick: Pick): pick is FragmentPick => 'on' in pick;

/** The name in a type such as `[B!]!`. */
export const nameIn = (type: string): string => type.replace(/[^\w]/g, '');

const level = fc.constantFrom('X', 'Y', 'Z');

const input: fc.Arbitrary<Input> = fc.letrec<{ input: Input }>((tie) => ({
  input: fc.record(
    { p: fc.constantFrom(1, null), q: fc.option(level), r: fc.option(tie('input'), { maxDepth: 2 }) },
    { requiredKeys: [] },
  ),
})).input;

const argumentsOf: fc.Arbitrary<Input> = fc.record(
  { in: fc.option(input), e: level, s: fc.constantFrom(1, null) },
  { requiredKeys: [] },
);

function picks(type: string, depth: number): fc.Arbitrary<Pick[]> {
  const concrete = members[type] ?? [];
  const fragmentsOn = type === 'U' || type === 'Node' ? [...concrete, 'Node'] : [type];
  const fragment = (): fc.Arbitrary<Pick> =>
    fc
      .constantFrom(...fragmentsOn)
      .chain(
        (on) =>
          fc.record({ on: fc.constant(on), named: fc.boolean(), picks: picks(on, depth - 1) }) as fc.Arbitrary<Pick>,
      );
  const fields = Object.entries(shape[type] ?? {}).filter(([, of]) => depth > 0 || !(nameIn(of) in members));
  const field = (): fc.Arbitrary<Pick> =>
    fc.constantFrom(...fields).chain(([name, of]) =>
      fc.record({
        field: fc.constant(name),
        key: fc.constant(''),
        args: withArguments.has(name) ? argumentsOf : fc.constant({}),
        via: fc.constantFrom('literal' as const, 'variable' as const, 'default' as const),
        skip: fc.option<boolean>(fc.boolean(), { freq: 4 }),
        below: nameIn(of) in members ? picks(nameIn(of), depth - 1) : fc.constant([]),
      }),
    );
  const typename: fc.Arbitrary<Pick> = fc.constant({
    field: '__typename',
    key: '__typename',
    args: {},
    via: 'literal' as const,
    skip: null,
    below: [],
  });
  const kinds = [typename, ...(fields.length > 0 ? [field(), field()] : []), ...(depth > 0 ? [fragment()] : [])];
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 3 });
}

export const operations: fc.Arbitrary<Operation> = fc
  .constantFrom('Query' as const, 'Query' as const, 'Mutation' as const)
  .chain((kind) => picks(kind, 3).map((all) => written(kind, all)));

/** Gives every field a response key of its own, except now and then, so that fields merge. */
function written(kind: Operation['kind'], all: readonly Pick[]): Operation {
  let keys = 0;
  const variables: Record<string, unknown> = {};
  const declared: string[] = [];
  const fragments: string[] = [];
  const keyed = (pick: Pick): Pick => {
    if (isFragment(pick)) return { ...pick, picks: pick.picks.map(keyed) };
    if (pick.field === '__typename') return pick;
    keys += 1;
    const plain = Object.keys(pick.args).length === 0 && keys % 3 === 0;
    return { ...pick, key: plain ? pick.field : `k${keys}`, below: pick.below.map(keyed) };
  };
  const value = (given: unknown, type: string, via: FieldPick['via']): string => {
    if (via === 'literal') return literal(given);
    const name = `v${declared.length}`;
    declared.push(`$${name}: ${type}${via === 'default' ? ` = ${literal(given)}` : ''}`);
    if (via === 'variable') variables[name] = given;
    return `$${name}`;
  };
  const text = (pick: Pick): string => {
    if (isFragment(pick)) {
      const body = `on ${pick.on} { ${pick.picks.map(text).join(' ')} }`;
      if (!pick.named) return `... ${body}`;
      fragments.push(`fragment F${fragments.length} ${body}`);
      // A nested fragment may have taken the next number meanwhile: ask the text itself.
      return `...${/^fragment (\w+)/.exec(fragments.at(-1) ?? '')?.[1] ?? ''}`;
    }
    const types = { in: 'In', e: 'E', s: 'Int' } as const;
    const args = Object.entries(pick.args).map(
      ([name, given]) => `${name}: ${value(given, types[name as keyof typeof types], pick.via)}`,
    );
    const skip = pick.skip === null ? '' : ` @skip(if: ${skipText(pick, declared, variables)})`;
    const below = pick.below.length > 0 ? ` { ${pick.below.map(text).join(' ')} }` : '';
    return `${pick.key}: ${pick.field}${args.length > 0 ? `(${args.join(', ')})` : ''}${skip}${below}`;
  };
  const picked = all.map(keyed);
  const body = picked.map(text).join(' ');
  const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
  return {
    kind,
    text: `${kind.toLowerCase()} Q${head} { ${body} } ${fragments.join(' ')}`,
    variables,
    picks: picked,
  };
}

function skipText({ skip, via }: FieldPick, declared: string[], variables: Record<string, unknown>): string {
  if (via !== 'variable') return String(skip);
  const name = `v${declared.length}`;
  declared.push(`$${name}: Boolean!`);
  variables[name] = skip;
  return `$${name}`;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return value; // an enum value
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(', ')}}`;
}
