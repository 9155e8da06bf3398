/** The weights of a schema, read from `@cost` and the options and validated once (IBM cost directives, section 9). */
import { readOptions, show } from '@graphql-bulwark/core/internal';
import { type GraphQLNamedType, type GraphQLSchema, isInputObjectType, isInterfaceType, isUnionType } from 'graphql';
import { createAnnotationReader } from './annotations.ts';
import { type Annotated, listElements } from './directives.ts';
import { type CostSettings, checkWeight } from './options.ts';

const directiveTable = { weight: { required: true, check: checkWeight } } as const;

/** coordinate -> weight, from the schema, then from the options. */
export function readWeights(schema: GraphQLSchema, settings: CostSettings): Map<string, number> {
  const read = createAnnotationReader(schema, 'cost', settings);
  const weights = new Map<string, number>();
  const known = new Set<string>();
  for (const [coordinate, element] of listElements(schema)) {
    const annotation = read(element, coordinate);
    const allowed = mayCost(schema, coordinate, element);
    if (allowed) known.add(coordinate);
    if (!annotation) continue;
    const where = `@${annotation.name} on ${coordinate}`;
    if (!allowed) throw new TypeError(`${where}: interfaces, their fields, unions and input types have none.`);
    const { weight } = readOptions(where, annotation.given as { weight: unknown }, directiveTable);
    weights.set(coordinate, checkWeight(`${where}: weight`, weight));
  }
  for (const [coordinate, weight] of settings.weights) {
    if (!known.has(coordinate)) {
      throw new TypeError(
        `cost: weights names ${show(coordinate)}, which is no object, scalar, enum, field of an object, argument or input field.`,
      );
    }
    weights.set(coordinate, weight);
  }
  return weights;
}

function mayCost(schema: GraphQLSchema, coordinate: string, element: Annotated): boolean {
  const type = element as GraphQLNamedType;
  if (isInterfaceType(type) || isUnionType(type) || isInputObjectType(type)) return false;
  if (coordinate.includes('(') || coordinate.startsWith('@')) return true;
  const [owner = '', field] = coordinate.split('.');
  return field === undefined || !isInterfaceType(schema.getType(owner));
}
