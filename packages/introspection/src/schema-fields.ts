/**
 * Finds the fields of an operation that give the schema away.
 *
 * They stand on the root types. A schema may hand a root type out below the root as well (`type Payload { query: Query }`),
 * and graphql-js answers `__schema` there too, so the whole operation is looked through: by name, never by alias, into each
 * fragment once, into both branches of `@skip` and `@include`.
 *
 * `visitSelections` of core would enter a fragment once for each type on which it is spread, which a hostile document can make
 * many. Here the type that the fragment names says enough.
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
 * @param names of fields of the root types that give the schema away.
 * @returns a function that finds the coordinate of the first such field of an operation. It remembers its answer per operation of
 * a cached document: neither the caller nor the variables change it.
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

/** @returns the name of the root type that objects of this type have, or may have. */
function findRootType(schema: GraphQLSchema, type: GraphQLCompositeType | null | undefined): string | undefined {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.find((root) => root && (root === type || (isAbstractType(type) && schema.isSubType(type, root))))?.name;
}
