/** Reads the directives of Apollo Federation in a subgraph: those that are rules, and those that tell what a router sends. */
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { type Directable, type DirectiveArguments, readDirective } from './read-directive.ts';

/** Directive -> the arguments of `@auth` that say the same. */
const authArguments = {
  authenticated: () => ({}),
  requiresScopes: ({ scopes = null }: DirectiveArguments) => ({ scopes }),
  policy: ({ policies = null }: DirectiveArguments) => ({ policies }),
} as const;

type Alias = keyof typeof authArguments;

const aliases = Object.keys(authArguments) as Alias[];

/** Reads the rules on an element as arguments of `@auth`, each with the name that the schema has for the directive. */
export function readFederatedRules(
  schema: GraphQLSchema,
  element: Directable,
  coordinate: string,
): { readonly name: string; readonly rule: DirectiveArguments }[] {
  return aliases.flatMap((alias) =>
    [alias, `federation__${alias}`].flatMap((name) =>
      readDirective(schema, element, name, coordinate).map((use) => ({ name, rule: authArguments[alias](use) })),
    ),
  );
}

/** @throws {TypeError} for a rule imported under another name: it would not be read, and its fields would be open. */
export function checkRuleNames(schema: GraphQLSchema): void {
  for (const { name } of schema.getDirectives()) {
    const renamed = aliases.find((alias) => name.endsWith(`__${alias}`) && name !== `federation__${alias}`);
    if (renamed) throw new TypeError(`@${name}: import @${renamed} under its own name, so that its rules are found.`);
  }
  for (const [name, as] of readImports(schema)) {
    if (name !== as && aliases.some((alias) => name === `@${alias}`)) {
      throw new TypeError(`schema: @link imports ${name} under another name, so that it would not be read.`);
    }
  }
}

/** Directives that are no rules, but tell which values a router sends. */
export type FederationDirective = 'key' | 'requires' | 'context' | 'fromContext';

/** Reads each use of such a directive, under every name that `@link` gives it. */
export function readFederationDirective(
  schema: GraphQLSchema,
  element: Directable,
  directive: FederationDirective,
  coordinate: string,
): DirectiveArguments[] {
  const names = new Set<string>([directive]);
  for (const { url, as = 'federation' } of readDirective(schema, schema, 'link', 'schema')) {
    if (/\/federation\/v\d/.test(String(url))) names.add(`${String(as)}__${directive}`);
  }
  for (const [name, as] of readImports(schema)) if (name === `@${directive}`) names.add(as.slice(1));
  return [...names].flatMap((name) => readDirective(schema, element, name, coordinate));
}

/** Reads the names that `@link` imports, each with the name that the schema has for it. */
function readImports(schema: GraphQLSchema): [name: string, as: string][] {
  return readDirective(schema, schema, 'link', 'schema').flatMap((use) => {
    const list: unknown[] = Array.isArray(use['import']) ? use['import'] : [];
    return list.flatMap((one): [string, string][] => {
      if (typeof one === 'string') return [[one, one]];
      const { name, as = name } = (one ?? {}) as { name?: unknown; as?: unknown };
      return typeof name === 'string' && typeof as === 'string' ? [[name, as]] : [];
    });
  });
}

/** Whether a router may send objects of a type that nothing loads: the type has `@key`, and no `__resolveReference`. */
export function isSentByRouter(schema: GraphQLSchema, type: GraphQLObjectType): boolean {
  // Only in extensions: a property of the type itself is lost when the type is rebuilt with its guard.
  const { apollo } = type.extensions as { apollo?: { subgraph?: { resolveReference?: unknown } } };
  if (typeof apollo?.subgraph?.resolveReference === 'function') return false;
  return readFederationDirective(schema, type, 'key', type.name).length > 0;
}
