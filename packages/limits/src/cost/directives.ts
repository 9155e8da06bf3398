/** The definitions of `@cost` and `@listSize` (IBM cost directives, section 3), and how one is read from a schema element. */
import { type ASTNode, type DirectiveNode, type GraphQLSchema, Kind, valueFromASTUntyped } from 'graphql';

/** The definitions of `@cost` and `@listSize`, to put beside the type definitions that use them. */
export const costDirectives: string = /* GraphQL */ `
"What one resolution, one object or one use of an argument costs."
directive @cost(
  "A number. A negative one makes its own field cheaper, down to 0, and pays for nothing else."
  weight: String!
) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR

"How long a list can be."
directive @listSize(
  "The length where no argument says it. It is believed: executionLimits tells of lists that are longer."
  assumedSize: Int
  "Arguments that say the length; paths such as \\"page.first\\"."
  slicingArguments: [String!]
  "The fields below that are the lists, in place of the field itself."
  sizedFields: [String!]
  "Whether exactly one of the slicing arguments must be given."
  requireOneSlicingArgument: Boolean = true
) on FIELD_DEFINITION
`;

/** A type, field, argument or input field, made from a document or in code. */
export interface Annotated {
  readonly astNode?: (ASTNode & { readonly directives?: readonly DirectiveNode[] | undefined }) | null | undefined;
  readonly extensionASTNodes?: readonly { readonly directives?: readonly DirectiveNode[] | undefined }[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The arguments of each use of a directive on an element, untyped. Read from the document, else from `extensions.directives`,
 * where schema builders keep them.
 */
export function readDirectives(element: Annotated, name: string): Readonly<Record<string, unknown>>[] {
  const nodes = [element.astNode, ...(element.extensionASTNodes ?? [])].flatMap((node) => node?.directives ?? []);
  const found = nodes.filter((node) => node.name.value === name);
  if (found.length > 0) {
    return found.map(({ arguments: args }) =>
      Object.fromEntries((args ?? []).map((arg) => [arg.name.value, valueOf(arg.value)])),
    );
  }
  const directives = element.extensions?.['directives'];
  const values: unknown[] = Array.isArray(directives)
    ? (directives as { name?: unknown; args?: unknown }[]).flatMap((one) =>
        one?.name === name ? (one.args ?? {}) : [],
      )
    : [(directives as Record<string, unknown> | undefined)?.[name]].flat();
  return values.filter((value) => typeof value === 'object' && value !== null) as Record<string, unknown>[];
}

/** A number of any spelling stays what was written: 1e400 must not silently become Infinity. */
function valueOf(node: Parameters<typeof valueFromASTUntyped>[0]): unknown {
  return node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : valueFromASTUntyped(node);
}

/** @returns every element of the schema that may or must not carry a directive, with its coordinate. */
export function* elementsOf(schema: GraphQLSchema): Iterable<readonly [coordinate: string, element: Annotated]> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    yield [type.name, type as Annotated];
    if (!('getFields' in type)) continue;
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field as Annotated];
      if (!('args' in field)) continue;
      for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name}:)`, arg as Annotated];
    }
  }
  for (const directive of schema.getDirectives()) {
    for (const arg of directive.args) yield [`@${directive.name}(${arg.name}:)`, arg];
  }
}
