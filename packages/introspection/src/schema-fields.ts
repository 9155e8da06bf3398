/**
 * Finds the fields of an operation that return the schema.
 *
 * They are fields of the root types. A schema may return a root type below the root as well (`type Payload { query: Query }`), and
 * graphql-js answers `__schema` there too. So the whole operation is searched: by field name and not by alias, each fragment once, and
 * whatever `@skip` and `@include` say.
 *
 * The walk `visitSelections` of core is not used, because it enters a fragment once for each type on which it is spread, and a hostile
 * document can spread one on many. Here the type that the fragment names is all that has to be known.
 */
import type { ResolvedOperation } from '@graphql-bulwark/core';
import { indexFragments, PerOperation } from '@graphql-bulwark/core/internal';
import {
  BREAK,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  isAbstractType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

type Looked = Pick<ResolvedOperation, 'schema' | 'document' | 'operation'>;

/**
 * @param names of the fields of root types that return the schema.
 * @returns a function that finds the coordinate of the first such field of an operation, or `undefined`. It remembers its result for each
 * operation of a cached document, because neither the caller nor the variables change it.
 */
export function compileSchemaFields(names: ReadonlySet<string>): (looked: Looked) => string | undefined {
  const known = new PerOperation<{ schema: GraphQLSchema; coordinate: string | undefined }>();
  return function findOrRecallSchemaField({ schema, document, operation }) {
    const found = known.get(document, operation);
    if (found?.schema === schema) return found.coordinate;
    const coordinate = findSchemaField({ schema, document, operation }, names);
    return known.set(document, operation, { schema, coordinate }).coordinate;
  };
}

/** @returns the coordinate of the first such field, or `undefined`. */
function findSchemaField({ schema, document, operation }: Looked, names: ReadonlySet<string>): string | undefined {
  let found: string | undefined;
  const reached = new Set<string>();
  const pending: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  const typeInfo = new TypeInfo(schema);
  const look = visitWithTypeInfo(typeInfo, {
    Field({ name }) {
      if (!names.has(name.value)) return undefined;
      const root = findRootType(schema, typeInfo.getParentType());
      if (root === undefined) return undefined;
      found = `${root}.${name.value}`;
      return BREAK;
    },
    FragmentSpread({ name }) {
      if (reached.has(name.value)) return;
      reached.add(name.value);
      const fragment = indexFragments(document).get(name.value);
      if (fragment) pending.push(fragment);
    },
    Argument: () => false,
    Directive: () => false,
    VariableDefinition: () => false,
  });
  for (const definition of pending) {
    visit(definition, look);
    if (found !== undefined) break;
  }
  return found;
}

/** @returns the name of the root type that this type is, or that an object of this abstract type can have. */
function findRootType(schema: GraphQLSchema, type: GraphQLCompositeType | null | undefined): string | undefined {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.find((root) => root && (root === type || (isAbstractType(type) && schema.isSubType(type, root))))?.name;
}
