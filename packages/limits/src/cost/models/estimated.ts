/** The term of a field that estimators price. */
import type { FieldNode, GraphQLCompositeType, GraphQLObjectType } from 'graphql';
import { type ArgumentValue, compileArgument } from '../arguments.ts';
import type { Compiler } from '../compile.ts';
import { type Plan, readFieldCost } from '../plan.ts';
import type { FieldCost } from '../schema.ts';
import type { Term, Variables } from '../terms.ts';
import { estimate } from './estimators.ts';

/**
 * Estimators read annotations of a field, and these can stand on the object's field or on that of an interface: the dearest
 * answer counts.
 */
export function compileEstimate(
  { costs, spend }: Compiler,
  type: GraphQLObjectType,
  { field }: FieldCost,
  node: FieldNode,
  below: Plan | undefined,
): Term {
  const { estimators } = costs.settings;
  const owners: (readonly [GraphQLCompositeType, FieldCost['field']])[] = [[type, field]];
  for (const parent of type.getInterfaces()) {
    const declared = parent.getFields()[field.name];
    if (declared) owners.push([parent, declared]);
  }
  const values = field.args.map(
    (argument) => [argument.name, compileArgument(argument, node.arguments, spend)] as const,
  );
  const price = (read: (value: ArgumentValue) => unknown, childComplexity: number): number => {
    const args: Record<string, unknown> = {};
    for (const [name, value] of values) {
      const given = read(value);
      if (given !== undefined) args[name] = given;
    }
    return Math.max(
      ...owners.map(([owner, declared]) =>
        estimate(estimators, { type: owner, field: declared, node, args, childComplexity }),
      ),
    );
  };
  if (!(below && below.slot >= 0) && values.every(([, value]) => typeof value !== 'function')) {
    return price(readFixed, below?.field ?? 0);
  }
  return (run) => price((value) => readWith(value, run.variables), below ? readFieldCost(below, run) : 0);
}

function readFixed(value: ArgumentValue): unknown {
  return typeof value === 'function' ? undefined : value.fixed;
}

function readWith(value: ArgumentValue, variables: Variables): unknown {
  return typeof value === 'function' ? value(variables) : value.fixed;
}
