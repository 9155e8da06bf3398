/** IBM cost as it is defined, everything expanded, as slow as it likes: the reference that the compiled cost must equal. */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isListType,
  Kind,
  type SelectionNode,
} from 'graphql';

type Values = Record<string, unknown>;

export function naiveCost(schema: GraphQLSchema, document: DocumentNode, variables: Values): [number, number] {
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const [fieldCost, typeCost] = ofSet(operation.selectionSet.selections, schema.getQueryType() as GraphQLObjectType);
  return [fieldCost, 1 + typeCost];

  function ofSet(selections: readonly SelectionNode[], type: GraphQLNamedType): [number, number] {
    if (isAbstractType(type)) {
      const all = schema.getPossibleTypes(type).map((member) => ofSet(selections, member));
      return [Math.max(...all.map(([a]) => a)), Math.max(...all.map(([, b]) => b))];
    }
    const fields = expand(selections, type as GraphQLObjectType, []);
    let total = 0;
    let types = 0;
    for (const key of new Set(fields.map(keyOf))) {
      const group = fields.filter((node) => keyOf(node) === key);
      const [first] = group;
      const definition = first && (type as GraphQLObjectType).getFields()[first.name.value];
      if (!first || !definition) continue;
      const named = getNamedType(definition.type);
      const args = getArgumentValues(definition, first, variables);
      const sum = definition.args.map((arg) => ofInput(arg, arg.type, args[arg.name])).reduce((a, b) => a + b, 0);
      const below = group.flatMap((node) => node.selectionSet?.selections ?? []);
      const [childField, childType] = isCompositeType(named) ? ofSet(below, named) : [0, 0];
      const items = sizeOf(definition, args);
      total += Math.max(0, (weightOf(definition) ?? ofType(named)) + sum) + items * childField;
      types += Math.max(0, items * (ofType(named) + childType));
    }
    return [total, types];
  }

  function expand(selections: readonly SelectionNode[], type: GraphQLObjectType, entered: string[]): FieldNode[] {
    return selections.flatMap((node): FieldNode[] => {
      if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return [];
      if (getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] === false) return [];
      if (node.kind === Kind.FIELD) return [node];
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        if (entered.includes(node.name.value)) return [];
        entered.push(node.name.value);
      }
      const fragment =
        node.kind === Kind.INLINE_FRAGMENT
          ? node
          : document.definitions.find(
              (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === node.name.value,
            );
      if (!fragment || !('selectionSet' in fragment) || !('typeCondition' in fragment)) return [];
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
      const applies =
        !condition || condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
      return applies ? expand(fragment.selectionSet.selections, type, entered) : [];
    });
  }

  function sizeOf(field: GraphQLField<unknown, unknown>, args: Values): number {
    const type = getNullableType(field.type);
    if (!isListType(type)) return 1;
    const listSize = directive(field, 'listSize');
    const first = listSize?.['slicingArguments'] ? args['first'] : undefined;
    const own = (first as number | null | undefined) ?? (listSize?.['assumedSize'] as number | undefined) ?? 10;
    return isListType(getNullableType(type.ofType)) ? own * 10 : own;
  }

  function ofInput(input: GraphQLArgument | GraphQLInputField, type: GraphQLInputType, value: unknown): number {
    if (value === undefined || value === null) return 0;
    const nullable = getNullableType(type);
    const weight = weightOf(input);
    if (isListType(nullable)) {
      const list = value as unknown[];
      if (list.length === 0) return weight ?? 0;
      return list.map((item) => ofInput(input, nullable.ofType, item)).reduce((a, b) => a + b, 0);
    }
    if (!isInputObjectType(nullable)) return weight ?? 0;
    return Object.values(nullable.getFields())
      .map((field) => ofInput(field, field.type, (value as Values)[field.name]))
      .reduce((a, b) => a + b, weight ?? 1);
  }

  function ofType(type: GraphQLNamedType): number {
    if (isAbstractType(type)) return Math.max(0, ...schema.getPossibleTypes(type).map(ofType));
    return weightOf(type) ?? (isCompositeType(type) ? 1 : 0);
  }
}

const keyOf = (node: FieldNode) => node.alias?.value ?? node.name.value;

type Element = GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField | GraphQLNamedType;

function directive(element: Element, name: string): Values | undefined {
  const node = element.astNode?.directives?.find((one) => one.name.value === name);
  if (!node) return undefined;
  return Object.fromEntries(
    (node.arguments ?? []).map(({ name: { value: key }, value }) => [
      key,
      value.kind === Kind.INT ? Number(value.value) : 'value' in value ? value.value : true,
    ]),
  );
}

function weightOf(element: Element): number | undefined {
  const weight = directive(element, 'cost')?.['weight'];
  return weight === undefined ? undefined : Number(weight);
}
