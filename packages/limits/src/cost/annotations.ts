/**
 * Which directives of a schema are `@cost` and `@listSize`, and what they say.
 *
 * In a federated graph `@link` can give them other names (https://specs.apollo.dev/link/v1.0): read by the plain name alone, a
 * schema that renames them would be priced as if it said nothing. Another library can use the same names for directives with
 * other arguments; where estimators price the schema, these are theirs.
 */
import { joinNames, requireKnownOptions } from '@graphql-bulwark/core/internal';
import { type GraphQLDirective, type GraphQLSchema, getNamedType, print, valueFromAST } from 'graphql';
import { type Annotated, listDirectiveNodes, readDirectives } from './directives.ts';
import type { CostSettings } from './options.ts';

type Kind = 'cost' | 'listSize';

/** Argument -> the types that it can have: `weight` is an Int in some schemas and a String in others. */
const shapes: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
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
  /** By which the schema calls the directive. */
  readonly name: string;
  readonly given: Readonly<Record<string, unknown>>;
}

/** @returns what an element is annotated with. @throws {TypeError} for arguments that no such directive has. */
export type ReadAnnotation = (element: Annotated, coordinate: string) => Annotation | undefined;

/** What of the settings says which directives are read. */
type NameSettings = Pick<CostSettings, 'model' | 'directiveNames'>;

/** @throws {TypeError} for a name of the option `directiveNames` that the schema does not declare. */
export function createAnnotationReader(
  schema: GraphQLSchema,
  kind: Kind,
  { model, directiveNames }: NameSettings,
): ReadAnnotation {
  // Estimators stand in the place of directives with other arguments.
  const isEstimated = model?.name === 'estimators';
  const own = directiveNames[kind];
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
  // Where ours has another name, or estimators stand in its place, a directive with other arguments is not meant for us.
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
      throw new TypeError(`${coordinate} has both ${both}, which mean the same: leave one of them.`);
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
 * @throws {TypeError} for a value that does not fit the declared type. A schema that is built without validation can have one:
 * `weight: 50` where the weight is a String, as in the cost specification (section 3.1).
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

function isOurs({ args }: GraphQLDirective, kind: Kind): boolean {
  return (
    args.length > 0 && args.every(({ name, type }) => shapes[kind][name]?.includes(getNamedType(type).name) === true)
  );
}

/** As `@link` writes what it imports under another name. */
interface Import {
  readonly name?: unknown;
  readonly as?: unknown;
}

/** The names that `@link` gives to a directive of the cost specification, which federation contains. */
function readLinkedNames(schema: GraphQLSchema, kind: Kind): string[] {
  return readDirectives(schema, 'link').flatMap(({ url, as, import: imports }) => {
    const [, specification] = /\/(cost|federation)\/v\d/.exec(String(url)) ?? [];
    if (!specification) return [];
    const namespace = typeof as === 'string' ? as : specification;
    // The directive that is called like its specification has the name of the namespace alone.
    const names = [`${namespace}__${kind}`, ...(specification === kind ? [namespace] : [])];
    for (const one of Array.isArray(imports) ? (imports as readonly (string | Import | null)[]) : []) {
      const { name, as: renamed = name }: Import = typeof one === 'string' ? { name: one } : (one ?? {});
      if (name === `@${kind}` && typeof renamed === 'string') names.push(renamed.slice(1));
    }
    return names;
  });
}
