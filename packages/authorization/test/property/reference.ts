/** The naive model: what an operation may answer, worked out from the rules as they are written, as slowly as it likes. */
import { type FieldPick, isFragment, nameIn, type Operation, type Pick } from './operations.ts';
import { type Auth, members, type Row, shape, valueOf, type World, withArguments } from './world.ts';

export interface Caller {
  readonly id: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/** A value that is denied, until a place that may be null takes it. */
class Denied extends Error {}

const dropped = Symbol('dropped');

/** The data of a query that is not refused as a whole; `null` where a denial reaches the top. */
export function expectedData(world: World, caller: Caller | null, operation: Operation): unknown {
  return nullable(() => answer(world, caller, operation.kind, undefined, operation.picks));
}

/** Whether a root field is denied for its caller alone, so that a mutation must not start. */
export function rootIsDenied(world: World, caller: Caller | null, { kind, picks }: Operation): boolean {
  return flatten(picks, kind).some((pick) => pick.field !== '__typename' && !mayAsk(world, caller, kind, pick));
}

function answer(
  world: World,
  caller: Caller | null,
  type: string,
  source: Row | undefined,
  picks: readonly Pick[],
): object {
  const result: Record<string, unknown> = {};
  const merged = new Map<string, FieldPick>();
  for (const pick of flatten(picks, type)) {
    const known = merged.get(pick.key);
    merged.set(pick.key, known ? { ...known, below: [...known.below, ...pick.below] } : pick);
  }
  for (const [key, pick] of merged) {
    if (pick.field === '__typename') {
      result[key] = type;
      continue;
    }
    const of = shape[type]?.[pick.field] ?? '';
    const value = (): unknown => {
      if (!mayAsk(world, caller, type, pick)) throw new Denied();
      return complete(world, caller, of.replace(/!$/, ''), valueOf(world, type, pick.field, source), pick.below, false);
    };
    result[key] = of.endsWith('!') ? required(value()) : nullable(value);
  }
  return result;
}

function complete(
  world: World,
  caller: Caller | null,
  of: string,
  value: unknown,
  below: readonly Pick[],
  inList: boolean,
): unknown {
  if (value === null || value === undefined) return null;
  if (of.startsWith('[')) {
    const item = of.slice(1, -1);
    const one = (each: unknown): unknown => {
      const inner = (): unknown => complete(world, caller, item.replace(/!$/, ''), each, below, true);
      return item.endsWith('!') ? required(inner()) : nullable(inner);
    };
    return (value as unknown[]).map(one).filter((each) => each !== dropped);
  }
  if (of === 'E') {
    if (!passes(world, caller, `E.${value as string}`)) throw new Denied();
    return value;
  }
  if (!(of in members)) return value;
  const row = value as Row;
  const type = row.__typename;
  const owner = world.owners[type];
  const skips = owner?.bypass && caller?.roles.includes('R2');
  // Of an object whose keys a client chose nobody is the owner.
  const isForeign = owner && !skips && (row.delegated || !(caller && owns(row[owner.field], caller.id)));
  // What a list hides it hides from everybody, whatever else they may not.
  if (isForeign && owner.mode !== 'ERROR' && inList) return dropped;
  if (isForeign && owner.mode === 'FILTER') return null;
  if (isForeign || !passes(world, caller, type) || !passes(world, caller, 'Node')) throw new Denied();
  return answer(world, caller, type, row, below);
}

function mayAsk(world: World, caller: Caller | null, type: string, { field, args }: FieldPick): boolean {
  const at = `${type}.${field}`;
  const isRoot = type === 'Query' || type === 'Mutation';
  const named = nameIn(shape[type]?.[field] ?? '');
  const asked = [at, ...(type.length === 1 ? [`Node.${field}`] : [])];
  // A field that returns objects of one type is refused with the type; an enum is refused with its values.
  if (named === 'A' || named === 'B') asked.push(named, 'Node');
  if (named === 'E') asked.push('E');
  if (named in world.owners && world.owners[named] && !caller) return false;
  const hasRule = (world.rules[at] ?? []).length > 0;
  if (isRoot && !hasRule && world.defaultRule === 'authenticated' && !caller) return false;
  if (withArguments.has(field)) {
    const given: Record<string, unknown> = { e: 'X', ...args };
    for (const [name, value] of Object.entries(given)) {
      asked.push(`${at}(${name}:)`, ...(type.length === 1 ? [`Node.${field}(${name}:)`] : []));
      asked.push(...(name === 'in' ? inputCoordinates(value) : name === 'e' ? levelCoordinates(value) : []));
    }
  }
  return asked.every((coordinate) => passes(world, caller, coordinate));
}

function inputCoordinates(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    `In.${name}`,
    ...(name === 'r' ? inputCoordinates(inner) : name === 'q' ? levelCoordinates(inner) : []),
  ]);
}

function levelCoordinates(value: unknown): string[] {
  return value === null ? [] : ['E', `E.${value as string}`];
}

function passes({ rules }: World, caller: Caller | null, coordinate: string): boolean {
  return (rules[coordinate] ?? []).every((auth) => caller !== null && holds(auth, caller));
}

function holds({ roles, scopes }: Auth, caller: Caller): boolean {
  const some = (lists: Auth['roles'], held: readonly string[]): boolean =>
    !lists || lists.some((all) => all.every((name) => held.includes(name)));
  return some(roles, caller.roles) && some(scopes, caller.scopes);
}

function owns(value: unknown, id: string): boolean {
  if (Array.isArray(value)) return value.some((one) => owns(one, id) && !Array.isArray(one));
  return value === id || (Number.isSafeInteger(value) && String(value) === id);
}

function flatten(picks: readonly Pick[], type: string): FieldPick[] {
  return picks.flatMap((pick) => {
    if (!isFragment(pick)) return pick.skip === true ? [] : [pick];
    const applies = pick.on === type || (members[pick.on] ?? []).includes(type);
    return applies ? flatten(pick.picks, type) : [];
  });
}

function required(value: unknown): unknown {
  if (value === null) throw new Denied();
  return value;
}

function nullable(value: () => unknown): unknown {
  try {
    return value();
  } catch (error) {
    if (error instanceof Denied) return null;
    throw error;
  }
}
