/** The terms of one field that all cost models share: its arguments, its directives and the length of its list. */
import { type FieldNode, Kind } from 'graphql';
import { compileSlicingSize, priceArguments } from './arguments.ts';
import type { Compiler, SizeContext } from './compile.ts';
import type { Sizing } from './list-size.ts';
import type { FieldCost } from './schema.ts';
import { addTerms, evaluate, multiplyTerms, type Term } from './terms.ts';

/** The cost of the arguments of a field. */
export function priceOwnInputs({ costs, spend }: Compiler, { priced }: FieldCost, node: FieldNode): Term {
  return priced.length > 0 ? priceArguments(costs, priced, node.arguments, spend) : 0;
}

/** The cost of the arguments of a field and of its directives. */
export function priceInputs(compiler: Compiler, cost: FieldCost, node: FieldNode): Term {
  const own = priceOwnInputs(compiler, cost, node);
  return node.directives?.length ? addTerms([own, priceDirectives(compiler, node)]) : own;
}

/** The cost of the arguments of a field's directives. */
export function priceDirectives({ costs, spend }: Compiler, { directives }: FieldNode): Term {
  const terms: Term[] = [];
  for (const directive of directives ?? []) {
    const definition = costs.schema.getDirective(directive.name.value);
    const priced = definition ? costs.listPricedArguments(definition.args) : [];
    if (priced.length > 0) terms.push(priceArguments(costs, priced, directive.arguments, spend));
  }
  return addTerms(terms);
}

/** How many items a field returns. */
export interface Sizes {
  /** Items of the field itself; 1 where it is no list. */
  readonly size: Term;
  /** The size that the field passes on to lists below it. */
  readonly below: SizeContext | undefined;
  /** Coordinate of the field to annotate with a size; `undefined` where an annotation gives the size. */
  readonly guess: string | undefined;
}

/** The sizes of a field that is no list and passes none on. */
const once: Sizes = { size: 1, below: undefined, guess: undefined };

/**
 * The size of a list comes from the parent's `sizedFields`, else from its own slicing arguments, else from `assumedSize`, else it is
 * `defaultListSize`. Lists inside the list have `defaultListSize` items each.
 *
 * @param around the size that a field above passes on.
 */
export function compileSizes(
  compiler: Compiler,
  cost: FieldCost,
  node: FieldNode,
  around: SizeContext | undefined,
): Sizes {
  if (!around && cost.dimensions === 0 && !cost.sizing) return once;
  const { costs } = compiler;
  const { sizing, dimensions, field, coordinate } = cost;
  const { defaultListSize } = costs.settings;
  const inherited = around?.fields.get(field.name);
  const fallback = sizing?.assumedSize ?? defaultListSize;
  const said =
    sizing && sizing.slicing.length > 0 ? compileSlicedSize(compiler, cost, sizing, node, fallback) : fallback;
  const further = defaultListSize ** Math.max(0, dimensions - 1);
  const handsOn = inherited === true && around !== undefined;
  // With `sizedFields`, the arguments give the size of lists below, so nothing is known about a list that the field itself returns.
  const isUnknown = !sizing || sizing.inferred || sizing.sizedFields !== undefined;
  const listed = handsOn ? around.size : sizing?.sizedFields ? defaultListSize : said;
  const guess = handsOn ? around.guess : isUnknown ? coordinate : undefined;
  const handed = sizing?.sizedFields ? said : around?.size;
  const handedTo = sizing?.sizedFields ?? (typeof inherited === 'object' ? inherited : undefined);
  const guessBelow = sizing?.sizedFields ? (sizing.inferred ? coordinate : undefined) : around?.guess;
  return {
    // Invalid slicing arguments are refused even where the size comes from elsewhere.
    size:
      dimensions === 0 ? (sizing ? withValidSize(1, said) : 1) : multiplyTerms(withValidSize(listed, said), further),
    below: handedTo && handed !== undefined ? compiler.findContext(handedTo, handed, guessBelow) : undefined,
    guess: dimensions === 0 ? undefined : guess,
  };
}

/** @returns the size in the slicing arguments, else `fallback`. An inferred size is never less than `fallback`. */
function compileSlicedSize(
  compiler: Compiler,
  cost: FieldCost,
  sizing: Sizing,
  node: FieldNode,
  fallback: number,
): Term {
  // Usually one variable gives the size, and the same variable wherever the field is selected: its term is compiled once.
  const variable = findOnlyVariable(sizing, node);
  const byVariable = variable === undefined ? undefined : compiler.findSizes(sizing);
  const known = byVariable?.get(variable as string);
  if (known !== undefined) return known;
  const sliced = compileSlicingSize(sizing, node.arguments, compiler.spend);
  if (sliced === undefined) return fallback;
  if (sizing.inferred) {
    compiler.infers = true;
    const inferred = compiler.keep(function inferSize(run) {
      const said = run.plain ? undefined : typeof sliced === 'function' ? sliced(run) : sliced;
      return Math.max(fallback, said ?? 0);
    });
    byVariable?.set(variable as string, inferred);
    return inferred;
  }
  if (typeof sliced !== 'function') return Number.isNaN(sliced) ? compiler.markInvalid(cost.coordinate) : sliced;
  const size = compiler.keep(function readSize(run) {
    const said = sliced(run) ?? fallback;
    if (Number.isNaN(said)) run.invalid ??= cost.coordinate;
    return said;
  });
  byVariable?.set(variable as string, size);
  return size;
}

/** @returns the name of the variable that is the value of the only slicing argument, where nothing else is given. */
function findOnlyVariable({ slicing }: Sizing, { arguments: nodes }: FieldNode): string | undefined {
  const node = nodes?.[0];
  if (nodes?.length !== 1 || node?.value.kind !== Kind.VARIABLE) return undefined;
  return slicing.length === 1 && slicing[0]?.argument.name === node.name.value ? node.value.name.value : undefined;
}

/** @returns `size`, or `NaN` where the size in the arguments is invalid. */
function withValidSize(size: Term, said: Term): Term {
  if (size === said) return size;
  if (typeof said === 'number') return Number.isNaN(said) ? said : size;
  return function sizeIfValid(run) {
    return Number.isNaN(said(run)) ? Number.NaN : evaluate(size, run);
  };
}
