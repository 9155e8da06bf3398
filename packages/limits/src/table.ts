/** The table of limits: each row holds the default of one option, how its value is checked, its refusal and how it is measured. */
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

/** What limits are checked on, each as soon as it is known. */
export interface Subjects {
  /** Position in the batch, from 0. */
  readonly batchIndex: number;
  /** The query text. */
  readonly source: string;
  readonly variables: VariableFacts;
  readonly document: DocumentFacts;
  readonly operation: OperationFacts;
  /** The same facts once more, where the operation is a mutation. */
  readonly mutation: OperationFacts;
  /** The document, for the limit that takes longest to measure. */
  readonly merging: DocumentNode;
}

/** Name of one of the {@link Subjects}. */
export type Subject = keyof Subjects;
/** Name of a limit, such as `maxDepth`. */
export type LimitName = keyof Limits;

/** One limit. */
interface Row<S extends Subject> {
  /** What it is checked on. */
  readonly of: S;
  readonly default: number;
  readonly check: Check;
  readonly code: RefusalCode;
  /** Measures the subject. The result may differ from the true number, but is on the same side of `maximum`. */
  readonly read: (subject: Subjects[S], maximum: number) => number;
}

type AnyRow = { [S in Subject]: Row<S> }[Subject];

/** In the order in which they are checked: what takes long to measure stands last. */
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

/** @param min the smallest value that the option takes. */
function buildRow<S extends Subject>(
  of: S,
  byDefault: number,
  min: 0 | 1,
  code: RefusalCode,
  read: Row<S>['read'],
): AnyRow {
  return { of, default: byDefault, check: orFalse(atLeast(min)), code, read } as AnyRow;
}

/** Every limit, in the order in which they are checked. */
const limitNames: readonly LimitName[] = Object.keys(rows) as LimitName[];

/** Every limit with its value. */
export type Maxima = Readonly<Record<LimitName, number | false>>;

const optionTable = {
  ...rows,
  mode: { default: 'enforce', check: among('enforce', 'report') },
  perPrincipal: { check: aFunction },
} satisfies OptionTable<LimitsOptions>;

/** Fills in the defaults. @throws {TypeError} for an invalid option. */
export function readLimitsOptions(options: LimitsOptions = {}): Settings<LimitsOptions, LimitName | 'mode'> {
  return readOptions('limits', options, optionTable);
}

/** @returns every limit, from the options or else its default. @throws {TypeError} for an invalid option. */
export function resolveLimits(options?: LimitsOptions): Maxima {
  const { mode: _mode, perPrincipal: _perPrincipal, ...maxima } = readLimitsOptions(options);
  return maxima;
}

const { maxBatchSize: _ofNoSingleOperation, ...principalRows } = rows;

/** The rows for what `perPrincipal` returns. */
export const principalTable: SharedTable<PrincipalLimits> = dropDefaults(principalRows);

interface Ceiling<S extends Subject> extends Pick<Row<S>, 'code' | 'read'> {
  readonly name: LimitName;
  readonly maximum: number;
}

/** Subject -> the limits to check on it, without those that are switched off. */
export type Ceilings = { readonly [S in Subject]: readonly Ceiling<S>[] };

/** Sorts limits by their subjects. */
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

/** @throws the refusal of the first limit that the subject is above. */
export function checkCeilings<S extends Subject>(against: readonly Ceiling<S>[], subject: Subjects[S]): void {
  for (const ceiling of against) {
    const refusal = buildRefusal(ceiling, subject);
    if (refusal) throw refusal;
  }
}

/** @returns the refusals of all limits that the subject is above. */
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
