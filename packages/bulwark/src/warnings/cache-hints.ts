/** Finds out whether responses of a server could be cached for other callers. */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  type ConstDirectiveNode,
  type GraphQLSchema,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isUnionType,
} from 'graphql';

/**
 * Whether the schema has cache hints, or the application's plugins include a cache-control plugin. Hints that resolvers set while they run
 * (`info.cacheControl`) cannot be found in advance, so a server that uses them, or a response cache, has to list that plugin.
 */
export function usesCacheHints<C extends BaseContext>(
  schema: GraphQLSchema,
  plugins: readonly ApolloServerPlugin<C>[],
): boolean {
  const theirs = findInternalPlugin(plugins, 'CacheControl');
  return theirs ? theirs === 'on' : [...listElements(schema)].some(carriesHint);
}

/** Finds one of Apollo Server's own plugins in a list. @returns `undefined` where it is not there. */
export function findInternalPlugin<C extends BaseContext>(
  plugins: readonly ApolloServerPlugin<C>[],
  id: string,
): 'on' | 'off' | undefined {
  for (const plugin of plugins as readonly Internal[]) {
    if (plugin.__internal_plugin_id__ === id) return plugin.__is_disabled_plugin__ === true ? 'off' : 'on';
  }
  return undefined;
}

/** The marks of Apollo Server's own plugins. */
interface Internal {
  readonly __internal_plugin_id__?: unknown;
  readonly __is_disabled_plugin__?: unknown;
}

/** A type or field, made from SDL or in code. */
interface Element {
  readonly extensions: object;
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined;
  readonly extensionASTNodes?:
    | readonly { readonly directives?: readonly ConstDirectiveNode[] | undefined }[]
    | undefined;
}

function* listElements(schema: GraphQLSchema): Generator<Element> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    if (isObjectType(type) || isInterfaceType(type)) yield* Object.values(type.getFields()) as Element[];
    if (isObjectType(type) || isInterfaceType(type) || isUnionType(type)) yield type as Element;
  }
}

function carriesHint({ extensions, astNode, extensionASTNodes = [] }: Element): boolean {
  const { cacheControl, directives } = extensions as { cacheControl?: unknown; directives?: unknown };
  const inExtensions = typeof directives === 'object' && directives !== null && 'cacheControl' in directives;
  const nodes = [...(astNode ? [astNode] : []), ...extensionASTNodes];
  const inSdl = nodes.some((node) => node.directives?.some(({ name }) => name.value === 'cacheControl'));
  return cacheControl !== undefined || inExtensions || inSdl;
}
