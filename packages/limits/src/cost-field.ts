/** The terms of one field that both models share: its arguments, its directives and the length of its list. */
import type { FieldNode } from 'graphql';
import { argumentsCost, slicingSize } from './cost-arguments.ts';
import type { Compiler, SizeContext } from './cost-compile.ts';
import type { FieldCost } from './cost-schema.ts';
import { evaluate, product, sum, type Term } from './cost-terms.ts';

/** Arguments of the field and of its directives. */
export function inputsCost({ costs, spend }: Compiler, cost: FieldCost, node: FieldNode): Term {
  const terms: Term[] = [];
  if (cost.priced.length > 0) terms.push(argumentsCost(costs, cost.priced, node.arguments, spend));
  for (const directive of node.directives ?? []) {
    const definition = costs.schema.getDirective(directive.name.value);
    const priced = definition ? costs.pricedArguments(definition.args) : [];
    if (priced.length > 0) terms.push(argumentsCost(costs, priced, directive.arguments, spend));
  }
  return sum(terms);
}

export interface Sizes {
  /** Items of the field itself; 1 where it is no list. */
  readonly size: Term;
  /** What it says of lists below. */
  readonly below: SizeContext | undefined;
}

/** The parent's word for this field, else its own slicing arguments, else what is assumed; further dimensions as by default. */
export function sizesOf(compiler: Compiler, cost: FieldCost, node: FieldNode, around: SizeContext | undefined): Sizes {
  const { memory, costs, spend, wrong } = compiler;
  const { sizing, dimensions, coordinate, field } = cost;
  const { defaultListSize } = costs.settings;
  const inherited = around?.fields.get(field.name);
  const sliced = sizing && sizing.slicing.length > 0 ? slicingSize(sizing, node.arguments, spend) : undefined;
  const fallback = sizing?.assumedSize ?? defaultListSize;
  let said: Term;
  if (typeof sliced === 'function') {
    said = memory.keep((run) => {
      const size = sliced(run) ?? fallback;
      if (Number.isNaN(size)) run.invalid ??= coordinate;
      return size;
    });
  } else {
    said = sliced !== undefined && Number.isNaN(sliced) ? wrong(coordinate) : (sliced ?? fallback);
  }
  const further = defaultListSize ** Math.max(0, dimensions - 1);
  // A list that hands its size on has one of its own of which nothing is known.
  const listed = inherited === true && around ? around.size : sizing?.sizedFields ? defaultListSize : said;
  const handed = sizing?.sizedFields ? said : around?.size;
  const handedTo = sizing?.sizedFields ?? (typeof inherited === 'object' ? inherited : undefined);
  return {
    // What is wrong with the arguments stays wrong where the size comes from elsewhere.
    size: dimensions === 0 ? (sizing ? checked(1, said) : 1) : product(checked(listed, said), further),
    below: handedTo && handed !== undefined ? compiler.contextOf(handedTo, handed) : undefined,
  };
}

/** `size`, or `NaN` where what the arguments say is wrong. */
function checked(size: Term, said: Term): Term {
  if (size === said) return size;
  if (typeof said === 'number') return Number.isNaN(said) ? said : size;
  return (run) => (Number.isNaN(said(run)) ? Number.NaN : evaluate(size, run));
}
