/** The table of limits: one row per option holds its default, its rule, its refusal and how its number is read. */
import { type Refusal, type RefusalCode, refuse } from '@graphql-bulwark/core';
import {
  aFunction,
  among,
  atLeast,
  type Check,
  countOccurrencesAbove,
  countRepeatedFields,
  type DocumentFacts,
  dropDefaults,
  measureNesting,
  type OperationFacts,
  type OptionTable,
  orFalse,
  readOptions,
  type Settings,
  type SharedTable,
} from '@graphql-bulwark/core/internal';
import type { DocumentNode } from 'graphql';
import type { Limits, LimitsOptions, PrincipalLimits } from './options.ts';
import type { VariableFacts } from './variables.ts';

/** What is judged, each where it is first known. */
export interface Subjects {
  /** Position in the batch, from 0. */
  readonly batchIndex: number;
  readonly source: string;
  readonly variables: VariableFacts;
  readonly document: DocumentFacts;
  readonly operation: OperationFacts;
  /** The operation once more, where it is a mutation. */
  readonly mutation: OperationFacts;
  /** Judged last: what is dear to count. */
  readonly merging: DocumentNode;
}

export type Subject = keyof Subjects;
export type LimitName = keyof Limits;

interface Row<S extends Subject> {
  readonly of: S;
  readonly default: number;
  readonly check: Check;
  readonly code: RefusalCode;
  /** The number, or some number that is on the same side of `maximum`. */
  readonly read: (subject: Subjects[S], maximum: number) => number;
}

type AnyRow = { [S in Subject]: Row<S> }[Subject];

/** In the order in which they judge: what is dear to read stands last. */
const rows = {
  maxBatchSize: buildRow('batchIndex', 10, 1, 'BATCH_LIMIT_EXCEEDED', (index) => index + 1),
  maxCharacters: buildRow('source', 30_000, 1, 'QUERY_TOO_LARGE', (source) => source.length),
  maxNesting: buildRow('source', 200, 1, 'DEPTH_LIMIT_EXCEEDED', measureNesting),
  maxVariableDepth: buildRow('variables', 10, 1, 'BAD_USER_INPUT', (values) => values.depth),
  maxVariableNodes: buildRow('variables', 10_000, 1, 'BAD_USER_INPUT', (values) => values.nodes),
  maxVariableStringLength: buildRow('variables', 100_000, 1, 'BAD_USER_INPUT', (values) => values.stringLength),
  maxTokens: buildRow('document', 3_000, 1, 'TOKEN_LIMIT_EXCEEDED', (facts) => facts.tokens),
  maxOperations: buildRow('document', 10, 1, 'OPERATION_LIMIT_EXCEEDED', (facts) => facts.operations),
  maxFragments: buildRow('document', 100, 0, 'FRAGMENT_LIMIT_EXCEEDED', (facts) => facts.fragments),
  maxDepth: buildRow('operation', 16, 1, 'DEPTH_LIMIT_EXCEEDED', (facts) => facts.depth),
  maxAliases: buildRow('operation', 50, 0, 'ALIAS_LIMIT_EXCEEDED', (facts) => facts.aliases),
  maxFields: buildRow('operation', 5_000, 1, 'FIELD_LIMIT_EXCEEDED', (facts) => facts.fields),
  maxDirectives: buildRow('operation', 50, 0, 'DIRECTIVE_LIMIT_EXCEEDED', (facts) => facts.directives),
  maxDirectivesPerNode: buildRow('operation', 5, 0, 'DIRECTIVE_LIMIT_EXCEEDED', (facts) => facts.directivesPerNode),
  maxFragmentDepth: buildRow('operation', 15, 0, 'FRAGMENT_DEPTH_LIMIT_EXCEEDED', (facts) => facts.fragmentDepth),
  maxVariables: buildRow('operation', 50, 0, 'VARIABLE_LIMIT_EXCEEDED', (facts) => facts.variables),
  maxIntrospectionDepth: buildRow(
    'operation',
    15,
    0,
    'INTROSPECTION_LIMIT_EXCEEDED',
    (facts) => facts.introspectionDepth,
  ),
  maxIntrospectionFields: buildRow(
    'operation',
    350,
    0,
    'INTROSPECTION_LIMIT_EXCEEDED',
    (facts) => facts.introspectionFields,
  ),
  maxRootFields: buildRow('operation', 20, 1, 'ROOT_FIELD_LIMIT_EXCEEDED', (facts) => facts.rootFields),
  maxMutationRootFields: buildRow('mutation', 5, 0, 'ROOT_FIELD_LIMIT_EXCEEDED', (facts) => facts.rootFields),
  maxOccurrences: buildRow('operation', 15, 1, 'OCCURRENCE_LIMIT_EXCEEDED', countOccurrencesAbove),
  maxRepeatedFields: buildRow('merging', 400, 0, 'REPETITION_LIMIT_EXCEEDED', countRepeatedFields),
} satisfies OptionTable<Limits> & Readonly<Record<LimitName, AnyRow>>;

/** @param min the smallest limit that there is. */
function buildRow<S extends Subject>(
  of: S,
  byDefault: number,
  min: 0 | 1,
  code: RefusalCode,
  read: Row<S>['read'],
): AnyRow {
  return { of, default: byDefault, check: orFalse(atLeast(min)), code, read } as AnyRow;
}

/** Every limit, in the order in which they judge. */
const limitNames: readonly LimitName[] = Object.keys(rows) as LimitName[];

export type Maxima = Readonly<Record<LimitName, number | false>>;

const optionTable = {
  ...rows,
  mode: { default: 'enforce', check: among('enforce', 'report') },
  perPrincipal: { check: aFunction },
} satisfies OptionTable<LimitsOptions>;

/** Every option as it holds. @throws {TypeError} for an invalid one. */
export function readLimitsOptions(options: LimitsOptions = {}): Settings<LimitsOptions, LimitName | 'mode'> {
  return readOptions('limits', options, optionTable);
}

/** Every limit as it holds: what the options say, else the default. @throws {TypeError} for a value that is no limit. */
export function resolveLimits(options?: LimitsOptions): Maxima {
  const { mode: _mode, perPrincipal: _perPrincipal, ...maxima } = readLimitsOptions(options);
  return maxima;
}

const { maxBatchSize: _ofNoSingleOperation, ...principalRows } = rows;

/** What `perPrincipal` may return. */
export const principalTable: SharedTable<PrincipalLimits> = dropDefaults(principalRows);

interface Ceiling<S extends Subject> extends Pick<Row<S>, 'code' | 'read'> {
  readonly name: LimitName;
  readonly maximum: number;
}

/** Limits as they are compared: by subject, without those that are off. */
export type Ceilings = { readonly [S in Subject]: readonly Ceiling<S>[] };

export function listCeilings(maxima: Partial<Maxima>): Ceilings {
  const by: { readonly [S in Subject]: Ceiling<S>[] } = {
    batchIndex: [],
    source: [],
    variables: [],
    document: [],
    operation: [],
    mutation: [],
    merging: [],
  };
  for (const name of limitNames) {
    const { [name]: maximum = false } = maxima;
    const { of, code, read } = rows[name];
    if (maximum !== false) (by[of] as Ceiling<never>[]).push({ name, maximum, code, read });
  }
  return by;
}

/** @throws the refusal of the first ceiling that the subject is not under. */
export function checkAgainst<S extends Subject>(against: readonly Ceiling<S>[], subject: Subjects[S]): void {
  for (const ceiling of against) {
    const refusal = buildRefusal(ceiling, subject);
    if (refusal) throw refusal;
  }
}

/** The refusals of every ceiling that the subject is not under. */
export function listExceeded<S extends Subject>(against: readonly Ceiling<S>[], subject: Subjects[S]): Refusal[] {
  return against.flatMap((ceiling) => buildRefusal(ceiling, subject) ?? []);
}

function buildRefusal<S extends Subject>(
  { name, maximum, code, read }: Ceiling<S>,
  subject: Subjects[S],
): Refusal | undefined {
  const actual = read(subject, maximum);
  return actual <= maximum ? undefined : refuse(code, { limit: name, actual, maximum });
}
