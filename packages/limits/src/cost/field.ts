/** The terms of one field that both models share: its arguments, its directives and the length of its list. */
import { type FieldNode, Kind } from 'graphql';
import { compileSlicingSize, priceArguments } from './arguments.ts';
import type { Compiler, SizeContext } from './compile.ts';
import type { Sizing } from './list-size.ts';
import type { FieldCost } from './schema.ts';
import { addTerms, evaluate, multiplyTerms, type Term } from './terms.ts';

/** Arguments of the field. */
export function priceOwnInputs({ costs, spend }: Compiler, { priced }: FieldCost, node: FieldNode): Term {
  return priced.length > 0 ? priceArguments(costs, priced, node.arguments, spend) : 0;
}

/** Arguments of the field and of its directives. */
export function priceInputs(compiler: Compiler, cost: FieldCost, node: FieldNode): Term {
  const own = priceOwnInputs(compiler, cost, node);
  return node.directives?.length ? addTerms([own, priceDirectives(compiler, node)]) : own;
}

/** Arguments of the field's directives. */
export function priceDirectives({ costs, spend }: Compiler, { directives }: FieldNode): Term {
  const terms: Term[] = [];
  for (const directive of directives ?? []) {
    const definition = costs.schema.getDirective(directive.name.value);
    const priced = definition ? costs.pricedArguments(definition.args) : [];
    if (priced.length > 0) terms.push(priceArguments(costs, priced, directive.arguments, spend));
  }
  return addTerms(terms);
}

export interface Sizes {
  /** Items of the field itself; 1 where it is no list. */
  readonly size: Term;
  /** What it says of lists below. */
  readonly below: SizeContext | undefined;
  /** The field to annotate, where no annotation says how many items there are. */
  readonly guess: string | undefined;
}

/** The sizes of a field that is no list and hands none on. */
const once: Sizes = { size: 1, below: undefined, guess: undefined };

/** The parent's word for this field, else its own slicing arguments, else what is assumed; further dimensions as by default. */
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
  // A list that hands its size on has one of its own of which nothing is known.
  const isUnknown = !sizing || sizing.inferred || sizing.sizedFields !== undefined;
  const listed = handsOn ? around.size : sizing?.sizedFields ? defaultListSize : said;
  const guess = handsOn ? around.guess : isUnknown ? coordinate : undefined;
  const handed = sizing?.sizedFields ? said : around?.size;
  const handedTo = sizing?.sizedFields ?? (typeof inherited === 'object' ? inherited : undefined);
  const guessBelow = sizing?.sizedFields ? (sizing.inferred ? coordinate : undefined) : around?.guess;
  return {
    // What is wrong with the arguments stays wrong where the size comes from elsewhere.
    size:
      dimensions === 0 ? (sizing ? withValidSize(1, said) : 1) : multiplyTerms(withValidSize(listed, said), further),
    below: handedTo && handed !== undefined ? compiler.contextOf(handedTo, handed, guessBelow) : undefined,
    guess: dimensions === 0 ? undefined : guess,
  };
}

/** What the slicing arguments say, else `fallback`, which is also the least that inferred ones say. */
function compileSlicedSize(
  compiler: Compiler,
  cost: FieldCost,
  sizing: Sizing,
  node: FieldNode,
  fallback: number,
): Term {
  // The usual case: one variable says the size, and the same one wherever the field is asked for.
  const variable = findOnlyVariable(sizing, node);
  const byVariable = variable === undefined ? undefined : compiler.sizesBy(sizing);
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
  if (typeof sliced !== 'function') return Number.isNaN(sliced) ? compiler.wrong(cost.coordinate) : sliced;
  const size = compiler.keep(function readSize(run) {
    const said = sliced(run) ?? fallback;
    if (Number.isNaN(said)) run.invalid ??= cost.coordinate;
    return said;
  });
  byVariable?.set(variable as string, size);
  return size;
}

/** The variable that is all that the slicing arguments say. */
function findOnlyVariable({ slicing }: Sizing, { arguments: nodes }: FieldNode): string | undefined {
  const node = nodes?.[0];
  if (nodes?.length !== 1 || node?.value.kind !== Kind.VARIABLE) return undefined;
  return slicing.length === 1 && slicing[0]?.argument.name === node.name.value ? node.value.name.value : undefined;
}

/** `size`, or `NaN` where what the arguments say is wrong. */
function withValidSize(size: Term, said: Term): Term {
  if (size === said) return size;
  if (typeof said === 'number') return Number.isNaN(said) ? said : size;
  return function sizeIfValid(run) {
    return Number.isNaN(said(run)) ? Number.NaN : evaluate(size, run);
  };
}
