/**
 * `@rateLimit` in a schema, compiled once: which fields are limited, how, and by which values.
 *
 * A rule that is invalid, or stands where it would not be counted, keeps the server from starting.
 */
import {
  aFlag,
  atLeast,
  fullListOf,
  longestTimer,
  must,
  type OptionTable,
  readOptions,
  requireWholeNumber,
  show,
} from '@graphql-bulwark/core/internal';
import { getDirective } from '@graphql-tools/utils';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import {
  type ArgumentPath,
  readArgumentPath,
  readArgumentWeight,
  requireSameDefaults,
  type Weight,
} from './argument-path.ts';

/**
 * The definitions of `@rateLimit`, to put beside the type definitions that use it.
 *
 * @example makeExecutableSchema({ typeDefs: [rateLimitDirectives, typeDefs], resolvers })
 */
export const rateLimitDirectives: string = /* GraphQL */ `
"What a rate limit counts by."
enum RateLimitKey {
  "The authenticated caller; an anonymous one is told by its address."
  PRINCIPAL
  "The address that the request came from."
  ADDRESS
  "All callers together."
  GLOBAL
}

"What one tier may do in place of \`max\`."
input RateLimitTier { name: String! max: Int! }

"At most \`max\` calls of this field per window and key. Several on one field all hold."
directive @rateLimit(
  max: Int!
  windowSeconds: Int! = 60
  "Together one key."
  by: [RateLimitKey!]! = [PRINCIPAL]
  "Paths of arguments whose values join the key, such as \\"input.email\\"."
  args: [String!]
  "Path of an argument that says how many calls one is: the length of a list, or a number."
  weight: String
  "Count each call of the resolver instead of each selection of the field."
  perResolve: Boolean! = false
  "Other limits for callers whose tier has one; only where PRINCIPAL is in \`by\`."
  tiers: [RateLimitTier!]
) repeatable on FIELD_DEFINITION
`;

const scopes = ['PRINCIPAL', 'ADDRESS', 'GLOBAL'] as const;
/** What callers are counted by. */
export type Scope = (typeof scopes)[number];

/** Every combination of scopes, each once. */
const combinations: readonly (readonly Scope[])[] = [1, 2, 3, 4, 5, 6, 7].map((bits) =>
  scopes.filter((_, i) => (bits >> i) & 1),
);

/** @returns the one list of these scopes. Rules that count by the same scopes share it, so that a caller's key is remembered by it. */
export function readScopes(named: readonly unknown[]): readonly Scope[] {
  const wanted = new Set(named);
  const found = combinations.find((each) => each.length === wanted.size && each.every((scope) => wanted.has(scope)));
  return found ?? [];
}

/** One `@rateLimit`, or a budget of the options. */
export interface Rule {
  /** Names the bucket: the coordinate, with `#2`, `#3`, ... from the second rule of a field on. */
  readonly policy: string;
  /** `Type.field`; of a budget, its policy. */
  readonly coordinate: string;
  /** Points per window. 1 or more. */
  readonly max: number;
  readonly windowSeconds: number;
  /** In the order of the enum, each once: a list of {@link readScopes}. */
  readonly by: readonly Scope[];
  /** The arguments whose values have a bucket each. */
  readonly args: readonly ArgumentPath[];
  /** Left out: one call costs one point. */
  readonly weight?: Weight | undefined;
  /** Tier -> its limit in place of `max`. */
  readonly tiers?: ReadonlyMap<string, number> | undefined;
}

/** A field with its rules. */
export interface LimitedField {
  readonly field: GraphQLField<unknown, unknown>;
  /** Counted by selection. */
  readonly rules: readonly Rule[];
  /** Counted by call. */
  readonly perResolve: readonly Rule[];
}

/** The rules of a schema. */
export interface LimitedFields {
  /** Name of an object type -> name of a field -> its rules, those of its interfaces included; fields without are left out. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, LimitedField>>;
  /** Names of the types that have such fields or lead to them. */
  readonly leading: ReadonlySet<string>;
  /** Every rule, by the name of its policy. */
  readonly policies: ReadonlyMap<string, Rule>;
  /** Whether any rule counts by call. */
  readonly hasCalls: boolean;
}

/** The longest time of a timer in Node.js, which a store may use to end a window. */
const longestWindowSeconds = Math.floor(longestTimer / 1_000);

/** Compiles the rules of a schema. @throws {TypeError} for a rule that is invalid, or stands where it would not be counted. */
export function compileRules(schema: GraphQLSchema): LimitedFields {
  const written = readRules(schema);
  const fields = new Map<string, ReadonlyMap<string, LimitedField>>();
  for (const type of Object.values(schema.getTypeMap())) {
    const limited = isObjectType(type) ? limitFields(type, written) : undefined;
    if (limited && limited.size > 0) fields.set(type.name, limited);
  }
  const every = [...fields.values()].flatMap((ofType) => [...ofType.values()]);
  return {
    fields,
    leading: findLeadingTypes(schema, fields.keys()),
    policies: new Map(
      every.flatMap(({ rules, perResolve }) => [...rules, ...perResolve]).map((rule) => [rule.policy, rule]),
    ),
    hasCalls: every.some(({ perResolve }) => perResolve.length > 0),
  };
}

/** Coordinate -> the rules that are written there. */
function readRules(schema: GraphQLSchema): ReadonlyMap<string, WrittenRules> {
  const written = new Map<string, WrittenRules>();
  for (const type of Object.values(schema.getTypeMap())) {
    refuseAt(type.name, readUses(schema, type, type.name));
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`;
        refuseAt(coordinate, readUses(schema, field, coordinate));
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const rules = readUses(schema, field, coordinate).map((values, i) => ({
        rule: compileRule(coordinate, i, field, values),
        perResolve: values['perResolve'] === true,
      }));
      if (rules.length > 0) written.set(coordinate, rules);
    }
  }
  return written;
}

/** Name of a field -> its rules, those of the interfaces of the type included. */
function limitFields(
  type: GraphQLObjectType,
  written: ReadonlyMap<string, WrittenRules>,
): ReadonlyMap<string, LimitedField> {
  const limited = new Map<string, LimitedField>();
  for (const field of Object.values(type.getFields())) {
    const all = [type, ...type.getInterfaces()].flatMap(({ name }) => written.get(`${name}.${field.name}`) ?? []);
    if (all.length === 0) continue;
    for (const from of type.getInterfaces()) {
      const ofInterface = from.getFields()[field.name];
      for (const { rule } of written.get(`${from.name}.${field.name}`) ?? []) {
        const paths = rule.weight ? [...rule.args, rule.weight.path] : rule.args;
        if (ofInterface) requireSameDefaults(`${type.name}.${field.name}`, field, ofInterface, paths);
      }
    }
    const rulesCounted = (perResolve: boolean): Rule[] =>
      all.filter((each) => each.perResolve === perResolve).map(({ rule }) => rule);
    limited.set(field.name, { field, rules: rulesCounted(false), perResolve: rulesCounted(true) });
  }
  return limited;
}

/** @returns the names of these types, and of every type from which one of them can be reached. */
function findLeadingTypes(schema: GraphQLSchema, limited: Iterable<string>): ReadonlySet<string> {
  const found = new Set(limited);
  const composite = Object.values(schema.getTypeMap()).filter((type) => isCompositeType(type));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const type of composite) {
      const next = isAbstractType(type)
        ? schema.getPossibleTypes(type)
        : Object.values(type.getFields()).map((field) => getNamedType(field.type));
      if (next.some(({ name }) => found.has(name))) found.add(type.name);
    }
  }
  return found;
}

/** Lists the coordinates below a subscription that are counted by selection: it is charged for them once, and not for each event. */
export function findBelowSubscriptions(schema: GraphQLSchema, { fields }: Pick<LimitedFields, 'fields'>): string[] {
  const reached = new Set<GraphQLNamedType>();
  const reach = (type: GraphQLNamedType): void => {
    if (reached.has(type)) return;
    reached.add(type);
    if (isAbstractType(type)) schema.getPossibleTypes(type).forEach(reach);
    if (!isObjectType(type) && !isInterfaceType(type)) return;
    for (const field of Object.values(type.getFields())) reach(getNamedType(field.type));
  };
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) reach(getNamedType(field.type));
  return [...reached].flatMap(({ name: type }) =>
    [...(fields.get(type) ?? [])].flatMap(([name, { rules }]) => (rules.length > 0 ? [`${type}.${name}`] : [])),
  );
}

type WrittenRules = readonly { readonly rule: Rule; readonly perResolve: boolean }[];

/** Reads the uses of `@rateLimit`. @throws {TypeError} for a list in `extensions.directives`, in which no rule would be found. */
function readUses(
  schema: GraphQLSchema,
  element: Parameters<typeof getDirective>[1],
  coordinate: string,
): readonly Readonly<Record<string, unknown>>[] {
  const inCode: unknown = element.extensions?.['directives'];
  if (Array.isArray(inCode) && inCode.some((use: { name?: unknown } | null) => use?.name === 'rateLimit')) {
    throw new TypeError(
      `@rateLimit on ${coordinate}: give extensions.directives as an object ({ rateLimit: { ... } }).`,
    );
  }
  return getDirective(schema, element, 'rateLimit') ?? [];
}

function refuseAt(coordinate: string, directives: readonly unknown[]): void {
  if (directives.length === 0) return;
  throw new TypeError(`@rateLimit on ${coordinate}: only fields of object types and interfaces can be limited.`);
}

/** The arguments of `@rateLimit`. */
interface RuleArguments {
  readonly max: number;
  readonly windowSeconds?: number;
  readonly by?: readonly Scope[];
  readonly args?: readonly string[];
  readonly weight?: string;
  readonly perResolve?: boolean;
  readonly tiers?: readonly unknown[];
}

const argumentTable = {
  max: { required: true, check: atLeast(1) },
  windowSeconds: { default: 60, check: aWindow },
  by: { default: ['PRINCIPAL'], check: fullListOf('PRINCIPAL, ADDRESS or GLOBAL', isScope) },
  args: { default: [], check: fullListOf('texts', isString) },
  weight: { check: must('be a text', isString) },
  perResolve: { default: false, check: aFlag },
  tiers: { check: fullListOf('tiers', () => true) }, // `readTiers` checks each
} satisfies OptionTable<RuleArguments>;

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isScope(value: unknown): boolean {
  return scopes.some((scope) => scope === value);
}

function compileRule(
  coordinate: string,
  index: number,
  field: GraphQLField<unknown, unknown>,
  values: Readonly<Record<string, unknown>>,
): Rule {
  const where = `@rateLimit on ${coordinate}`;
  const { args: paths, weight, tiers } = values;
  // In these arguments `null` is the same as leaving them out.
  const nullable = { args: paths ?? undefined, weight: weight ?? undefined, tiers: tiers ?? undefined };
  const read = readOptions(where, { ...values, ...nullable } as RuleArguments, argumentTable);
  return {
    policy: index === 0 ? coordinate : `${coordinate}#${index + 1}`,
    coordinate,
    max: read.max,
    windowSeconds: read.windowSeconds,
    by: readScopes(read.by),
    args: read.args.map((path) => readArgumentPath(where, field, path)),
    ...(read.weight !== undefined && { weight: readArgumentWeight(where, field, read.weight) }),
    ...(read.tiers && { tiers: readTiers(where, read.tiers, read.by) }),
  };
}

/** Checks that an option is a length of a window in seconds. @throws {TypeError} for any other value. */
export function aWindow(option: string, seconds: unknown): void {
  requireWholeNumber(option, seconds, 1, longestWindowSeconds);
}

function readTiers(where: string, tiers: readonly unknown[], by: readonly Scope[]): ReadonlyMap<string, number> {
  if (!by.includes('PRINCIPAL'))
    throw new TypeError(`${where}: tiers need PRINCIPAL in by, because a tier belongs to a caller.`);
  const limits = new Map<string, number>();
  for (const tier of tiers) {
    const { name, max } = (typeof tier === 'object' && tier !== null ? tier : {}) as { name?: unknown; max?: unknown };
    if (typeof name !== 'string') throw new TypeError(`${where}: a tier needs a name, but has ${show(name)}.`);
    limits.set(name, requireWholeNumber(`${where}: max of tier '${name}'`, max));
  }
  return limits;
}
