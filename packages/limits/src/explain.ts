/** What an operation asks for, and every limit that would refuse it, without a server and without refusing. */
import { type Refusal, type RefusalCode, refuse } from '@graphql-bulwark/core';
import {
  type CoordinateShare,
  countDocumentFacts,
  countOperationFacts,
  type DocumentFacts,
  must,
  type OperationFacts,
  type OptionTable,
  readOptions,
  readRefusalCode,
  readRefusalFacts,
  requirePlainObject,
} from '@graphql-bulwark/core/internal';
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  isSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
} from 'graphql';
import type { Cost } from './cost/cost.ts';
import { type CostOptions, resolveCostOptions } from './cost/options.ts';
import {
  createCostMeter,
  type Guess,
  listComparisons,
  listCostRefusals,
  listDearest,
  listGuesses,
} from './cost/price.ts';
import { type ExecutionBounds, type ExecutionOptions, readExecutionOptions } from './execution/options.ts';
import type { LimitsOptions } from './options.ts';
import { listCeilings, listExceeded, resolveLimits } from './table.ts';
import { measureVariables } from './variables.ts';

export interface ExplainInput {
  readonly schema: GraphQLSchema;
  /** A valid document, or its text. */
  readonly document: DocumentNode | string;
  /** Which operation, where there are several. */
  readonly operationName?: string | undefined;
  /** As a client sends them. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The options of `limits()`, `cost()` and `executionLimits()`. Left out: their defaults. `perPrincipal` and `mode` say nothing
   * here.
   */
  readonly options?:
    | { readonly limits?: LimitsOptions; readonly cost?: CostOptions; readonly execution?: ExecutionOptions }
    | undefined;
}

export interface ExplainedRefusal {
  readonly code: RefusalCode;
  readonly limit?: string | undefined;
  readonly actual?: number | undefined;
  readonly maximum?: number | undefined;
  readonly coordinate?: string | undefined;
  /** Why, where no limit says it. */
  readonly reason?: string | undefined;
}

export interface ExplainedCost extends Cost {
  /** The coordinates that make the field cost, dearest first. */
  readonly dearest: readonly CoordinateShare[];
  /**
   * The fields with lists of which only a default or the name of an argument says the length, and what of the costs hangs on each,
   * most first. To say the size of the first one, with `@listSize` or `listSizes`, lowers or bounds the price most.
   */
  readonly guesses: readonly Guess[];
}

export interface Explained {
  readonly document: DocumentFacts;
  /** `undefined` where no operation could be selected. */
  readonly facts: OperationFacts | undefined;
  /** `undefined` where the operation could not be priced; `refusals` says why. */
  readonly cost: ExplainedCost | undefined;
  /** What holds while the operation runs, and is known only then: items, length of the answer, time. `false`: no bound. */
  readonly bounds: Required<ExecutionBounds>;
  /** In the order in which they would refuse; a server answers with the first. */
  readonly refusals: readonly ExplainedRefusal[];
}

const inputTable = {
  schema: { required: true, check: must('be a schema', isSchema) },
  document: { required: true, check: must('be a document or its text', isDocument) },
  operationName: { check: must('be a text', (name: unknown) => typeof name === 'string') },
  variables: { default: {}, check: requirePlainObject },
  options: { default: {}, check: requirePlainObject },
} satisfies OptionTable<ExplainInput>;

const optionTable = {
  limits: { check: requirePlainObject },
  cost: { check: requirePlainObject },
  execution: { check: requirePlainObject },
} satisfies OptionTable<NonNullable<ExplainInput['options']>>;

/**
 * Explains one operation.
 *
 * @throws {TypeError} for an invalid option, and `GraphQLError` for a text that does not parse.
 */
export function explain(input: ExplainInput): Explained {
  const { schema, operationName, variables, options } = readOptions('explain', input, inputTable);
  const { limits, cost: prices, execution } = readOptions('explain: options', options, optionTable);
  const against = listCeilings(resolveLimits(limits));
  const settings = resolveCostOptions(prices);
  const document = typeof input.document === 'string' ? parse(input.document) : input.document;
  const operation = getOperationAST(document, operationName);
  const found: Refusal[] = [];

  if (typeof input.document === 'string') found.push(...listExceeded(against.source, input.document));
  const unbounded = { depth: Infinity, nodes: Infinity };
  found.push(...listExceeded(against.variables, measureVariables(variables, unbounded)));
  found.push(...listExceeded(against.document, countDocumentFacts(document)));
  const { maxResultItems, maxResponseCharacters, maxExecutionSeconds, maxMutationSeconds, enforceAssumedSizes } =
    readExecutionOptions(execution);
  const bounds = {
    maxResultItems,
    maxResponseCharacters,
    maxExecutionSeconds,
    maxMutationSeconds,
    enforceAssumedSizes,
  };
  const explained = { document: showDocument(document), bounds, refusals: [] };
  if (!operation) {
    return {
      ...explained,
      facts: undefined,
      cost: undefined,
      refusals: [...found, refuse('BAD_REQUEST')].map(showRefusal),
    };
  }
  const facts = showOperation(document, operation);
  if (facts.cyclic)
    return { ...explained, facts, cost: undefined, refusals: [...found, refuse('FRAGMENT_CYCLE')].map(showRefusal) };
  found.push(...listExceeded(against.operation, facts));
  if (operation.operation === OperationTypeNode.MUTATION) found.push(...listExceeded(against.mutation, facts));
  found.push(...listExceeded(against.merging, document));

  let cost: Explained['cost'];
  try {
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
    if (errors) throw refuse('BAD_USER_INPUT', { reason: errors[0]?.message });
    const priced = createCostMeter(settings).price(schema, document, operation, coerced);
    const { fieldCost, typeCost } = priced;
    cost = { fieldCost, typeCost, dearest: listDearest(priced), guesses: listGuesses(priced) };
    for (const [one, maxima] of listComparisons(priced, settings)) found.push(...listCostRefusals(one, maxima));
  } catch (thrown) {
    if (readRefusalCode(thrown) === undefined) throw thrown;
    found.push(thrown as Refusal);
  }
  return { ...explained, facts, cost, refusals: found.map(showRefusal) };
}

function isDocument(value: unknown): boolean {
  return typeof value === 'string' || (value as { kind?: unknown } | null | undefined)?.kind === Kind.DOCUMENT;
}

/** All facts at once, and as data that can be printed: facts themselves are counted when they are first asked for. */
function showDocument(document: DocumentNode): DocumentFacts {
  const { operations, fragments, tokens, repeatedFields } = countDocumentFacts(document);
  return { operations, fragments, tokens, repeatedFields };
}

function showOperation(document: DocumentNode, operation: OperationDefinitionNode): OperationFacts {
  const facts = countOperationFacts(document, operation);
  const { rootFields, rootFieldNames, occurrences } = facts;
  return { ...facts, rootFields, rootFieldNames, occurrences };
}

function showRefusal(refusal: Refusal): ExplainedRefusal {
  const { limit, actual, maximum, coordinate, reason } = readRefusalFacts(refusal) ?? {};
  return { code: readRefusalCode(refusal) ?? 'INTERNAL_SERVER_ERROR', limit, actual, maximum, coordinate, reason };
}
