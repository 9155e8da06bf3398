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
  valueFromASTUntyped,
} from 'graphql';

type Values = Record<string, unknown>;

export function naiveCost(schema: GraphQLSchema, document: DocumentNode, variables: Values): [number, number] {
  const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const query = schema.getQueryType() as GraphQLObjectType;
  const [fieldCost, typeCost] = ofSet(operation.selectionSet.selections, query, []);
  return [fieldCost, Math.max(0, ofType(query)) + typeCost];

  function ofSet(selections: readonly SelectionNode[], type: GraphQLNamedType, handed: Handed): [number, number] {
    if (isAbstractType(type)) {
      const all = schema.getPossibleTypes(type).map((member) => ofSet(selections, member, handed));
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
      const sum = definition.args.map((arg) => inputCost(arg, arg.type, args[arg.name])).reduce((a, b) => a + b, 0);
      const below = group.flatMap((node) => node.selectionSet?.selections ?? []);
      const sizes = sizesOf(definition, args, handed);
      const [childField, childType] = isCompositeType(named) ? ofSet(below, named, sizes.handed) : [0, 0];
      const { items } = sizes;
      // Directives of the first field can make it cheaper, and those of its repetitions only dearer.
      const [added = 0, ...more] = group.map((node) => directivesCost(schema, node, variables));
      total += Math.max(0, (weightOf(definition) ?? ofType(named)) + sum + added) + items * childField;
      for (const one of more) total += Math.max(0, one);
      types += items * (Math.max(0, ofType(named)) + childType);
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

  function ofType(type: GraphQLNamedType): number {
    if (isAbstractType(type)) return Math.max(0, ...schema.getPossibleTypes(type).map(ofType));
    return weightOf(type) ?? (isCompositeType(type) ? 1 : 0);
  }
}

/** What the arguments of all directives on one field cost. */
export function directivesCost(schema: GraphQLSchema, node: FieldNode, variables: Values): number {
  let total = 0;
  for (const definition of schema.getDirectives()) {
    const values = getDirectiveValues(definition, node, variables);
    if (values) for (const arg of definition.args) total += inputCost(arg, arg.type, values[arg.name]);
  }
  return total;
}

/** What one argument or input field costs with this value. */
export function inputCost(input: GraphQLArgument | GraphQLInputField, type: GraphQLInputType, value: unknown): number {
  if (value === undefined || value === null) return 0;
  const nullable = getNullableType(type);
  const weight = weightOf(input);
  if (isListType(nullable)) {
    const list = value as unknown[];
    if (list.length === 0) return weight ?? 0;
    return list.map((item) => inputCost(input, nullable.ofType, item)).reduce((a, b) => a + b, 0);
  }
  if (!isInputObjectType(nullable)) return weight ?? 0;
  return Object.values(nullable.getFields())
    .map((field) => inputCost(field, field.type, (value as Values)[field.name]))
    .reduce((a, b) => a + b, weight ?? 1);
}

/** Paths of fields below whose list size is said above. */
export type Handed = readonly { readonly path: readonly string[]; readonly size: number }[];

/** How many items a field has, and what it says of the lists below. */
export function sizesOf(
  field: GraphQLField<unknown, unknown>,
  args: Values,
  handed: Handed,
): { items: number; handed: Handed } {
  const type = getNullableType(field.type);
  const listSize = directive(field, 'listSize');
  const [path] = (listSize?.['slicingArguments'] ?? []) as string[];
  const sliced = path?.split('.').reduce<unknown>((at, name) => (at as Values | null | undefined)?.[name], args);
  const own = (sliced as number | null | undefined) ?? (listSize?.['assumedSize'] as number | undefined) ?? 5;
  const sized = listSize?.['sizedFields'] as string[] | undefined;
  const mine = handed.filter((one) => one.path[0] === field.name);
  const said = mine.find((one) => one.path.length === 1)?.size;
  const items = said ?? (sized ? 5 : own);
  return {
    items: !isListType(type) ? 1 : isListType(getNullableType(type.ofType)) ? items * 5 : items,
    handed: sized
      ? sized.map((entry) => ({ path: entry.split(/[ {}]+/).filter(Boolean), size: own }))
      : mine.filter((one) => one.path.length > 1).map((one) => ({ path: one.path.slice(1), size: one.size })),
  };
}

const keyOf = (node: FieldNode) => node.alias?.value ?? node.name.value;

type Element = GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField | GraphQLNamedType;

function directive(element: Element, name: string): Values | undefined {
  const node = element.astNode?.directives?.find((one) => one.name.value === name);
  if (!node) return undefined;
  return Object.fromEntries(
    (node.arguments ?? []).map(({ name: { value: key }, value }) => [key, valueFromASTUntyped(value)]),
  );
}

export function weightOf(element: Element): number | undefined {
  const weight = directive(element, 'cost')?.['weight'];
  return weight === undefined ? undefined : Number(weight);
}
