/** Argument values as a field will get them, what they cost, and the list sizes they give. */
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

/** A value that is known when an operation is compiled, or a function that reads it from the variables. */
export type ArgumentValue = { readonly fixed: unknown } | ((variables: Variables) => unknown);

const absent: ArgumentValue = { fixed: undefined };

/**
 * Pays for selections or values that are read, before anything recursive reads them.
 *
 * @param nesting how deep they stand. @throws a refusal when the budget of the operation is used up or they stand too deep.
 */
export type Spend = (nodes: number, nesting: number) => void;

/**
 * Compiles the value of one argument. A default of the schema is used where the argument is left out, and not where it is `null`.
 *
 * @param nodes the arguments as the document gives them.
 */
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
  // A client may call a variable `toString`, which every object inherits, so only own properties are read.
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
  return isInputObjectType(nullable) && costs.findPricedFields(nullable).size === 0;
}

/** For literals, which were paid for when they were read, and for defaults of the schema. */
const boundless = { looked: -Infinity };

/**
 * The cost of arguments.
 *
 * @param priced the arguments that can cost anything.
 * @throws the refusal of an operation that takes more than the budget to price.
 */
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
  const weight = costs.weighInput(argument);
  // No field inside costs anything, so only the object itself does and its fields need not be read.
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
 * The cost of one value. A value that is `null` or left out costs nothing, so that a negative weight cannot make a field cheaper by an
 * argument that is not used.
 *
 * @param work counts values read in this request. One variable can be used at a thousand places and is read at each, so its size alone
 * would be no bound.
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
  if (!isInputObjectType(nullable)) return weight ?? costs.weighType(getNamedType(nullable));
  let total = weight ?? 1;
  const fields = costs.findPricedFields(nullable);
  // Loops over the given fields and not over those of the type: the budget counts values, and a type may have hundreds of fields.
  for (const [name, item] of Object.entries(value)) {
    const field = fields.get(name);
    if (field) total += priceInput(costs, field.type, costs.weighInput(field), item, work);
  }
  return total;
}

/**
 * The list size in the slicing arguments: the largest of them.
 *
 * @returns `undefined` where none is given. `NaN` where one is negative, no whole number or longer than allowed, or where exactly one
 * is required and another number of them is given.
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
    else said = addSize(said, readPath(value.fixed, path), sizing);
  }
  return open ? compileVaryingSize(sizing, said, open) : readSize(said, sizing);
}

/** A slicing argument whose value depends on variables. */
interface Open {
  readonly value: (variables: Variables) => unknown;
  readonly path: readonly string[];
}

function compileVaryingSize(sizing: Sizing, known: Said, open: readonly Open[]): (run: Run) => number | undefined {
  return ({ variables }) => {
    let said = known;
    for (const { value, path } of open) said = addSize(said, readPath(value(variables), path), sizing);
    return readSize(said, sizing);
  };
}

function readSize({ count, largest }: Said, { requireOne }: Sizing): number | undefined {
  return requireOne && count !== 1 ? Number.NaN : largest;
}

/** The sizes in several slicing arguments together. */
interface Said {
  /** How many of them are given. */
  readonly count: number;
  /** `undefined` where none is given, `NaN` where one of them is invalid. */
  readonly largest: number | undefined;
}

const nothingSaid: Said = { count: 0, largest: undefined };

function addSize(before: Said, value: unknown, { maxListSize, inferred }: Sizing): Said {
  if (isNothing(value)) return before;
  const length: unknown = Array.isArray(value) ? value.length : value;
  // An argument that only has the name of a page size may give -1 a meaning of its own, such as "all".
  if (inferred && (length as number) < 0) return before;
  const isLength = typeof length === 'number' && Number.isInteger(length) && length >= 0 && length <= maxListSize;
  return { count: before.count + 1, largest: isLength ? Math.max(before.largest ?? 0, length) : Number.NaN };
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function readPath(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const name of path) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at;
}

/** Uses a stack of its own, because a client chooses how deep a literal nests and recursion would overflow. */
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
