/** Limits on the size of introspection queries. By default the largest query that tools send is just allowed. */
import { type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import {
  atLeast,
  countOperationFacts,
  indexFragments,
  orFalse,
  PerOperation,
  type SelectionWalker,
  type SharedTable,
  walkSelections,
} from '@graphql-bulwark/core/internal';
import {
  type DocumentNode,
  type FieldNode,
  getIntrospectionQuery,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** How large an introspection may be. `false` lifts a limit. */
export interface IntrospectionLimits {
  /** Nesting of fields from `__schema` and `__type` down. @default 15, that of the largest standard query */
  readonly maxDepth?: number | false | undefined;
  /** Fields at and below `__schema` and `__type`, fragments expanded. @default 313, that of the largest standard query */
  readonly maxFields?: number | false | undefined;
  /** `ofType` inside `ofType`. @default 9, that of the largest standard query */
  readonly maxWrappers?: number | false | undefined;
}

type Extent = Record<keyof IntrospectionLimits, number>;
type Measured = Pick<ResolvedOperation, 'document' | 'operation'>;

const aLimit = orFalse(atLeast(0));

/** The rows of these options. Their defaults are computed from the standard query. */
export const introspectionLimitsTable: SharedTable<IntrospectionLimits> = {
  maxDepth: { check: aLimit },
  maxFields: { check: aLimit },
  maxWrappers: { check: aLimit },
};

/** @returns a function that throws `INTROSPECTION_LIMIT_EXCEEDED` for an operation above a limit. */
export function compileIntrospectionLimits(options: IntrospectionLimits): (operation: Measured) => void {
  const standard = measureStandardQuery();
  const names = Object.keys(standard) as (keyof IntrospectionLimits)[];
  const maxima = names.flatMap((name) => {
    const { [name]: maximum = standard[name] } = options;
    return maximum === false ? [] : [{ name, maximum }];
  });
  const known = new PerOperation<Extent>();
  return function checkIntrospectionLimits({ document, operation }) {
    const extent =
      known.get(document, operation) ?? known.set(document, operation, measureIntrospection(document, operation));
    for (const { name, maximum } of maxima) {
      const { [name]: actual } = extent;
      const limit = `introspection.${name}`;
      if (!(actual <= maximum)) throw refuse('INTROSPECTION_LIMIT_EXCEEDED', { limit, actual, maximum });
    }
  };
}

/**
 * Measures the query that graphql-js writes for GraphiQL and code generators, with all of its options on, and with the `__typename` that
 * caching clients add to every selection set.
 */
function measureStandardQuery(): Extent {
  const query = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
    experimentalDirectiveDeprecation: true,
  });
  const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };
  const document = visit(parse(query, { noLocation: true }), {
    SelectionSet: { leave: (node) => ({ ...node, selections: [...node.selections, typename] }) },
  });
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return operation ? measureIntrospection(document, operation) : { maxDepth: 0, maxFields: 0, maxWrappers: 0 };
}

function measureIntrospection(document: DocumentNode, operation: OperationDefinitionNode): Extent {
  const { introspectionDepth, introspectionFields } = countOperationFacts(document, operation);
  const maxWrappers = countWrappers(document, operation.selectionSet);
  return { maxDepth: introspectionDepth, maxFields: introspectionFields, maxWrappers };
}

/**
 * Counts the longest chain of `ofType`. A fragment is entered again only by a longer chain than before, so fragments that spread each
 * other cannot multiply the work.
 */
function countWrappers(document: DocumentNode, root: SelectionSetNode): number {
  const entered = new Map<string, number>();
  const pending: { readonly set: SelectionSetNode; readonly chain: number }[] = [{ set: root, chain: 0 }];
  let most = 0;
  const walking: SelectionWalker<number> = {
    fragments: indexFragments(document),
    under: (_node, chain) => chain,
    applies: () => true,
    enters(name, chain) {
      if ((entered.get(name) ?? -1) >= chain) return false;
      entered.set(name, chain);
      return true;
    },
    opens() {},
    field({ name, selectionSet }, chain) {
      const next = name.value === 'ofType' ? chain + 1 : 0;
      most = Math.max(most, next);
      if (selectionSet) pending.push({ set: selectionSet, chain: next });
    },
  };
  for (let step = pending.pop(); step; step = pending.pop()) {
    walkSelections(step.set, step.chain, walking);
    if (most > maxChain) return Infinity;
  }
  return most;
}

/** A longer chain is not followed, because a fragment that spreads itself below `ofType` has an endless one. */
const maxChain = 1_000;
