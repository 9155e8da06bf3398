/**
 * `@cost` and `@listSize` (IBM cost directives, section 3): their definitions, the names that a schema gives them, and what an
 * element of the schema says with them.
 *
 * A federated graph can import them under other names with `@link` (https://specs.apollo.dev/link/v1.0). If they were read by the
 * plain name alone, such a schema would be priced as if it had no annotations. Another library can also use the same names for
 * directives with other arguments; where estimators price the schema, those directives belong to the estimators.
 */
import {
  aDirectiveName,
  joinNames,
  type OptionTable,
  readOptions,
  requireKnownOptions,
} from '@graphql-bulwark/core/internal';
import {
  type ASTNode,
  type DirectiveNode,
  type GraphQLDirective,
  type GraphQLSchema,
  getNamedType,
  Kind,
  print,
  valueFromAST,
  valueFromASTUntyped,
} from 'graphql';

/** What a schema calls the directives. Left out: `@cost`, `@listSize`. */
export interface CostDirectiveNames {
  readonly cost?: string | undefined;
  readonly listSize?: string | undefined;
}

const nameTable = {
  cost: { default: 'cost', check: aDirectiveName },
  listSize: { default: 'listSize', check: aDirectiveName },
} satisfies OptionTable<CostDirectiveNames>;

/** Reads the names of the directives. @throws {TypeError} for names that are not valid, or the same. */
export function readDirectiveNames(names: CostDirectiveNames = {}): {
  readonly cost: string;
  readonly listSize: string;
} {
  const read = readOptions('directiveNames', names, nameTable);
  if (read.cost === read.listSize) throw new TypeError('directiveNames must be two different names.');
  return read;
}

/** SDL of the directives under names of your own. @throws {TypeError} for names that are not valid, or the same. */
export function costDirectivesAs(names: CostDirectiveNames): string {
  const { cost, listSize } = readDirectiveNames(names);
  return /* GraphQL */ `
"What one resolution, one object or one use of an argument costs."
directive @${cost}(
  "A number. A negative one makes its own field cheaper, down to 0, and pays for nothing else."
  weight: String!
) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR

"How long a list can be."
directive @${listSize}(
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
}

/**
 * The definitions of `@cost` and `@listSize`, to put beside the type definitions that use them.
 *
 * @example makeExecutableSchema({ typeDefs: [costDirectives, typeDefs], resolvers })
 */
export const costDirectives: string = costDirectivesAs({});

/** A type, field, argument or input field, made from a document or in code. */
export interface Annotated {
  readonly astNode?: (ASTNode & { readonly directives?: readonly DirectiveNode[] | undefined }) | null | undefined;
  readonly extensionASTNodes?: readonly { readonly directives?: readonly DirectiveNode[] | undefined }[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * Reads the arguments of each use of a directive on an element, untyped: from the SDL, else from `extensions.directives`, where schema
 * builders keep them.
 */
export function readDirectives(element: Annotated, name: string): Readonly<Record<string, unknown>>[] {
  const found = listDirectiveNodes(element, name);
  if (found.length > 0) {
    return found.map(({ arguments: args }) =>
      Object.fromEntries((args ?? []).map((arg) => [arg.name.value, readValue(arg.value)])),
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

/** Lists the nodes of each use of a directive in the SDL of an element. */
function listDirectiveNodes({ astNode, extensionASTNodes = [] }: Annotated, name: string): DirectiveNode[] {
  const used = [astNode, ...extensionASTNodes].flatMap((node) => node?.directives ?? []);
  return used.filter((use) => use.name.value === name);
}

/** A number stays text, because `1e400` must be refused and not become `Infinity` unseen. */
function readValue(node: Parameters<typeof valueFromASTUntyped>[0]): unknown {
  return node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : valueFromASTUntyped(node);
}

/** @returns every element of the schema that can carry a directive, with its coordinate. */
export function* listElements(schema: GraphQLSchema): Iterable<readonly [coordinate: string, element: Annotated]> {
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

type CostDirective = 'cost' | 'listSize';

/** Argument -> the types that it may have: some schemas declare `weight` as an Int, others as a String. */
const shapes: Readonly<Record<CostDirective, Readonly<Record<string, readonly string[]>>>> = {
  cost: { weight: ['String', 'Int', 'Float'] },
  listSize: {
    assumedSize: ['Int'],
    slicingArguments: ['String'],
    sizedFields: ['String'],
    requireOneSlicingArgument: ['Boolean'],
    maxListSize: ['Int'],
  },
};

/** One use of a directive. */
export interface Annotation {
  /** The directive's name in the schema. */
  readonly name: string;
  /** Argument -> value. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** Reads the annotation of an element. @throws {TypeError} for two annotations, and for arguments that the directive does not have. */
export type ReadAnnotation = (element: Annotated, coordinate: string) => Annotation | undefined;

/** How a directive is found in a schema. */
interface Finding {
  /** What the option `directiveNames` calls it. */
  readonly own: string;
  /** Whether directives of the same name with other arguments belong to estimators, and are left to them. */
  readonly isEstimated: boolean;
}

/**
 * Finds the names that a schema gives to a directive.
 *
 * @throws {TypeError} for a name of `directiveNames` that the schema does not declare.
 */
export function createAnnotationReader(
  schema: GraphQLSchema,
  kind: CostDirective,
  { own, isEstimated }: Finding,
): ReadAnnotation {
  if (own !== kind && !schema.getDirective(own)) {
    throw new TypeError(`cost: directiveNames.${kind} is '${own}', but the schema declares no such directive.`);
  }
  const linked = readLinkedNames(schema, kind);
  const foreign = new Set<string>();
  const names = new Set<string>([own, `cost__${kind}`, `federation__${kind}`, ...linked]);
  for (const directive of schema.getDirectives()) {
    const { name } = directive;
    if (!isOurs(directive, kind)) foreign.add(name);
    else if (name.endsWith(`__${kind}`)) names.add(name);
  }
  // If our directive is imported under another name, or estimators price the schema, then a directive that has our name and other
  // arguments belongs to another library.
  const isRenamed = linked.some((name) => name !== kind && !name.endsWith(`__${kind}`));
  for (const name of foreign) if (isEstimated || (isRenamed && name === kind)) names.delete(name);
  const known = Object.keys(shapes[kind]);

  return function readAnnotation(element, coordinate) {
    const uses = [...names].flatMap((name): Annotation[] =>
      readDirectives(element, name)
        .slice(0, 1)
        .map((given) => ({ name, given })),
    );
    const [use] = uses;
    if (!use) return undefined;
    if (uses.length > 1) {
      const both = uses.map(({ name }) => `@${name}`).join(' and ');
      throw new TypeError(`${coordinate} has both ${both}, which mean the same. Remove one of them.`);
    }
    const where = `@${use.name} on ${coordinate}`;
    const others = Object.keys(use.given).filter((name) => !known.includes(name));
    if (others.length > 0 && isEstimated && !schema.getDirective(use.name)) return undefined;
    if (others.length > 0 && foreign.has(use.name)) {
      throw new TypeError(
        `${where}: the schema declares a directive of another library (it takes ${joinNames(others)}). Give the estimators ` +
          `of that library, or take ours under another name: cost: { directiveNames: { ${kind}: 'bulwark_${kind}' } }, or ` +
          `@link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@${kind}", as: "@bulwark_${kind}" }]).`,
      );
    }
    requireKnownOptions(where, use.given, known);
    const declared = schema.getDirective(use.name);
    if (declared) requireDeclaredTypes(where, declared, element);
    return use;
  };
}

/**
 * A schema that is built without validation can have `weight: 50` where its own definition says that the weight is a String, as
 * the cost specification does (section 3.1).
 *
 * @throws {TypeError} for a value that does not fit the declared type.
 */
function requireDeclaredTypes(where: string, { name, args }: GraphQLDirective, element: Annotated): void {
  for (const { arguments: given = [] } of listDirectiveNodes(element, name).slice(0, 1)) {
    for (const { name: argument, value } of given) {
      const type = args.find((one) => one.name === argument.value)?.type;
      if (!type || valueFromAST(value, type) !== undefined) continue;
      const written = print(value);
      const isNumberForText = getNamedType(type).name === 'String' && /^-?\d/.test(written);
      const remedy = isNumberForText ? `: write ${argument.value}: "${written}"` : '';
      throw new TypeError(`${where}: ${argument.value} must be a ${String(type)}, but is ${written}${remedy}.`);
    }
  }
}

function isOurs({ args }: GraphQLDirective, kind: CostDirective): boolean {
  return (
    args.length > 0 && args.every(({ name, type }) => shapes[kind][name]?.includes(getNamedType(type).name) === true)
  );
}

/** An import under another name in `@link`. */
interface Import {
  readonly name?: unknown;
  readonly as?: unknown;
}

/** The names that `@link` gives to a directive of the cost specification, or of the federation specification, which contains it. */
function readLinkedNames(schema: GraphQLSchema, kind: CostDirective): string[] {
  return readDirectives(schema, 'link').flatMap(({ url, as, import: imports }) => {
    const [, specification] = /\/(cost|federation)\/v\d/.exec(String(url)) ?? [];
    if (!specification) return [];
    const namespace = typeof as === 'string' ? as : specification;
    // A directive that is called like its specification (`@cost` of `cost`) has the name of the namespace alone.
    const names = [`${namespace}__${kind}`, ...(specification === kind ? [namespace] : [])];
    for (const one of Array.isArray(imports) ? (imports as readonly (string | Import | null)[]) : []) {
      const { name, as: renamed = name }: Import = typeof one === 'string' ? { name: one } : (one ?? {});
      if (name === `@${kind}` && typeof renamed === 'string') names.push(renamed.slice(1));
    }
    return names;
  });
}
