/** Values of arguments as a field will get them, what they cost, and the list sizes they say. */
import { refuse } from '@graphql-bulwark/core';
import {
  type ArgumentNode,
  type GraphQLArgument,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  Kind,
  type ValueNode,
  valueFromAST,
} from 'graphql';
import type { Sizing } from './list-size.ts';
import type { CostSchema } from './schema.ts';
import { addTerms, type Run, type Term, type Variables, type Varying } from './terms.ts';

/** A value that is known already, or that the variables decide. */
export type ArgumentValue = { readonly fixed: unknown } | ((variables: Variables) => unknown);

const absent: ArgumentValue = { fixed: undefined };

/** Told of each node of a literal before anything recursive touches it. */
export type Spend = (nodes: number, nesting: number) => void;

/** Schema defaults count as given; an explicit null does not become the default. */
export function compileArgument(
  argument: GraphQLArgument,
  nodes: readonly ArgumentNode[] | undefined,
  spend: Spend,
): ArgumentValue {
  const node = findNode(argument, nodes);
  if (!node) return argument.defaultValue === undefined ? absent : { fixed: argument.defaultValue };
  if (node.kind === Kind.VARIABLE) return readVariable(argument, node.name.value);
  if (!usesVariables(node, spend)) return { fixed: valueFromAST(node, argument.type) };
  return readVariables(argument, node);
}

function readVariable({ defaultValue }: GraphQLArgument, name: string): ArgumentValue {
  // Not what every object inherits: a client may call a variable `toString`.
  return (variables) => (Object.hasOwn(variables, name) ? variables[name] : defaultValue);
}

function readVariables({ type }: GraphQLArgument, node: ValueNode): ArgumentValue {
  return (variables) => valueFromAST(node, type, variables);
}

const none: readonly ArgumentNode[] = [];

function findNode(argument: GraphQLArgument, nodes: readonly ArgumentNode[] | undefined): ValueNode | undefined {
  for (const node of nodes ?? none) if (node.name.value === argument.name) return node.value;
  return undefined;
}

function hasFreeFields(costs: CostSchema, type: GraphQLInputType): boolean {
  const nullable = getNullableType(type);
  return isInputObjectType(nullable) && costs.pricedFields(nullable).size === 0;
}

/** Literals were counted when they were read, and defaults are the schema's. */
const boundless = { looked: -Infinity };

/** What the arguments cost that can cost anything. */
export function priceArguments(
  costs: CostSchema,
  priced: readonly GraphQLArgument[],
  nodes: readonly ArgumentNode[] | undefined,
  spend: Spend,
): Term {
  let fixed = 0;
  let terms: Term[] | undefined;
  for (const argument of priced) {
    const term = priceArgument(costs, argument, nodes, spend);
    if (typeof term === 'number') fixed += term;
    else (terms ??= []).push(term);
  }
  return terms ? addTerms([fixed, ...terms]) : fixed;
}

function priceArgument(
  costs: CostSchema,
  argument: GraphQLArgument,
  nodes: readonly ArgumentNode[] | undefined,
  spend: Spend,
): Term {
  const weight = costs.inputWeight(argument);
  // Where nothing inside costs, the object itself does.
  if (findNode(argument, nodes)?.kind === Kind.OBJECT && hasFreeFields(costs, argument.type)) return weight ?? 1;
  const value = compileArgument(argument, nodes, spend);
  if (typeof value !== 'function') return priceInput(costs, argument.type, weight, value.fixed, boundless);
  return priceVarying(costs, argument.type, weight, value);
}

function priceVarying(
  costs: CostSchema,
  type: GraphQLInputType,
  weight: number | undefined,
  value: (variables: Variables) => unknown,
): Varying {
  return (run) => priceInput(costs, type, weight, value(run.variables), run);
}

/**
 * `null` and what is absent cost nothing: a negative weight must not pay for a value that was not given.
 *
 * @param work values so far: one variable can stand at a thousand places, and be walked at each.
 * @throws the refusal of an operation that takes more than the budget to price.
 */
function priceInput(
  costs: CostSchema,
  type: GraphQLInputType,
  weight: number | undefined,
  value: unknown,
  work: { looked: number },
): number {
  if (isNothing(value)) return 0;
  work.looked += 1;
  const maximum = costs.settings.maxCostNodes;
  if (work.looked > maximum)
    throw refuse('COST_LIMIT_EXCEEDED', { limit: 'maxCostNodes', actual: work.looked, maximum });
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    if (!Array.isArray(value)) return priceInput(costs, nullable.ofType, weight, value, work);
    if (value.length === 0) return weight ?? 0;
    let total = 0;
    for (const item of value) total += priceInput(costs, nullable.ofType, weight, item, work);
    return total;
  }
  if (!isInputObjectType(nullable)) return weight ?? costs.typeWeight(getNamedType(nullable));
  let total = weight ?? 1;
  const fields = costs.pricedFields(nullable);
  // By what was given: the budget counts values, and the type of each may have hundreds of fields.
  for (const [name, item] of Object.entries(value)) {
    const field = fields.get(name);
    if (field) total += priceInput(costs, field.type, costs.inputWeight(field), item, work);
  }
  return total;
}

/**
 * The list size that the slicing arguments say: the largest. `undefined` where none is given, `NaN` where they are wrong: less
 * than 0, no whole number, longer than allowed, or not exactly one where one is required.
 */
export function compileSlicingSize(
  sizing: Sizing,
  nodes: readonly ArgumentNode[] | undefined,
  spend: Spend,
): number | undefined | ((run: Run) => number | undefined) {
  let said: Said = nothingSaid;
  let open: Open[] | undefined;
  for (const { argument, path } of sizing.slicing) {
    const value = compileArgument(argument, nodes, spend);
    if (typeof value === 'function') (open ??= []).push({ value, path });
    else said = also(said, follow(value.fixed, path), sizing);
  }
  return open ? compileVaryingSize(sizing, said, open) : readSize(said, sizing);
}

/** What a slicing argument says by variables. */
interface Open {
  readonly value: (variables: Variables) => unknown;
  readonly path: readonly string[];
}

function compileVaryingSize(sizing: Sizing, known: Said, open: readonly Open[]): (run: Run) => number | undefined {
  return ({ variables }) => {
    let said = known;
    for (const { value, path } of open) said = also(said, follow(value(variables), path), sizing);
    return readSize(said, sizing);
  };
}

function readSize({ count, largest }: Said, { requireOne }: Sizing): number | undefined {
  return requireOne && count !== 1 ? Number.NaN : largest;
}

/** What slicing arguments say together. */
interface Said {
  readonly count: number;
  /** `NaN` where one of them is wrong. */
  readonly largest: number | undefined;
}

const nothingSaid: Said = { count: 0, largest: undefined };

function also(before: Said, value: unknown, { maxListSize, inferred }: Sizing): Said {
  if (isNothing(value)) return before;
  const length: unknown = Array.isArray(value) ? value.length : value;
  // What is only called like a page size may mean by -1 what it likes.
  if (inferred && (length as number) < 0) return before;
  const isLength = typeof length === 'number' && Number.isInteger(length) && length >= 0 && length <= maxListSize;
  return { count: before.count + 1, largest: isLength ? Math.max(before.largest ?? 0, length) : Number.NaN };
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function follow(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at;
}

/** Its own stack: how deep a literal nests is the client's choice. */
function usesVariables(value: ValueNode, spend: Spend): boolean {
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) {
    spend(1, 1);
    return value.kind === Kind.VARIABLE;
  }
  const waiting: ValueNode[] = [value];
  const levels: number[] = [1];
  let found = false;
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const level = levels.pop() ?? 1;
    spend(1, level);
    if (node.kind === Kind.VARIABLE) found = true;
    const inner =
      node.kind === Kind.LIST ? node.values : node.kind === Kind.OBJECT ? node.fields.map((field) => field.value) : [];
    for (const one of inner) {
      waiting.push(one);
      levels.push(level + 1);
    }
  }
  return found;
}
