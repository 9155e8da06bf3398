/** Federation's directives in a subgraph: rules in other words, and what tells where a router gets its values from. */
import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { type Directable, type DirectiveArguments, usesOf } from './read-directive.ts';

/** The same rules in other words. */
const rules = {
  authenticated: () => ({}),
  requiresScopes: ({ scopes = null }: DirectiveArguments) => ({ scopes }),
  policy: ({ policies = null }: DirectiveArguments) => ({ policies }),
} as const;

type Alias = keyof typeof rules;

const aliases = Object.keys(rules) as Alias[];

/** The rules on an element as arguments of `@auth`, with the name by which the schema calls the directive. */
export function federatedRules(
  schema: GraphQLSchema,
  element: Directable,
  coordinate: string,
): { readonly name: string; readonly rule: DirectiveArguments }[] {
  return aliases.flatMap((alias) =>
    [alias, `federation__${alias}`].flatMap((name) =>
      usesOf(schema, element, name, coordinate).map((use) => ({ name, rule: rules[alias](use) })),
    ),
  );
}

/** @throws {TypeError} for a rule under another name, which nobody would read. */
export function checkRuleNames(schema: GraphQLSchema): void {
  for (const { name } of schema.getDirectives()) {
    const renamed = aliases.find((alias) => name.endsWith(`__${alias}`) && name !== `federation__${alias}`);
    if (renamed) throw new TypeError(`@${name}: import @${renamed} under its own name, so that its rules are found.`);
  }
  for (const [name, as] of imports(schema)) {
    if (name !== as && aliases.some((alias) => name === `@${alias}`)) {
      throw new TypeError(`schema: @link imports ${name} under another name, so that nobody reads it.`);
    }
  }
}

/** What is no rule itself, but says where rules matter. */
export type FederationDirective = 'key' | 'requires' | 'context' | 'fromContext';

/** Each use of one of federation's own directives, whatever `@link` calls it. */
export function federationUses(
  schema: GraphQLSchema,
  element: Directable,
  directive: FederationDirective,
  coordinate: string,
): DirectiveArguments[] {
  const names = new Set<string>([directive]);
  for (const { url, as = 'federation' } of usesOf(schema, schema, 'link', 'schema')) {
    if (/\/federation\/v\d/.test(String(url))) names.add(`${String(as)}__${directive}`);
  }
  for (const [name, as] of imports(schema)) if (name === `@${directive}`) names.add(as.slice(1));
  return [...names].flatMap((name) => usesOf(schema, element, name, coordinate));
}

/** The names that `@link` imports, each with the one by which the schema calls it. */
function imports(schema: GraphQLSchema): [name: string, as: string][] {
  return usesOf(schema, schema, 'link', 'schema').flatMap((use) => {
    const list: unknown[] = Array.isArray(use['import']) ? use['import'] : [];
    return list.flatMap((one): [string, string][] => {
      if (typeof one === 'string') return [[one, one]];
      const { name, as = name } = (one ?? {}) as { name?: unknown; as?: unknown };
      return typeof name === 'string' && typeof as === 'string' ? [[name, as]] : [];
    });
  });
}

/** Whether a router may send objects of a type that nothing loads: it has `@key`, and no `__resolveReference`. */
export function isSent(schema: GraphQLSchema, type: GraphQLObjectType): boolean {
  // Only where a transform of the schema keeps it: what stands on the type itself is lost when the type is guarded.
  const { apollo } = type.extensions as { apollo?: { subgraph?: { resolveReference?: unknown } } };
  if (typeof apollo?.subgraph?.resolveReference === 'function') return false;
  return federationUses(schema, type, 'key', type.name).length > 0;
}
