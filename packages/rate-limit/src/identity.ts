/**
 * What an operation asks for, as one short text: without its name, aliases, values, directives, the order of its fields and
 * the names of its fragments, none of which makes it another operation.
 */
import { type Fragments, fragmentsOf, type ResolvedOperation, refuse, sha256 } from '@graphql-bulwark/core';
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isTypeSubTypeOf,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Fields and fragments in each other. Deeper ones are refused: reading them is recursive. */
const maxDepth = 400;

/** Selections read for one operation, fragments wherever they are spread: above it is refused. */
const maxRead = 50_000;

const identities = new WeakMap<object, string>();

/** @throws {GraphQLError} for an operation that nests too deeply, or is too large, to be read. */
export function identityOf({ schema, document, operation, facts }: ResolvedOperation): string {
  let identity = identities.get(operation);
  if (identity === undefined) {
    if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
    identity = sha256(`${operation.operation}${new Reading(schema, fragmentsOf(document)).of(operation)}`);
    identities.set(operation, identity);
  }
  return identity;
}

/** Reads selection sets by the types that they stand on: a fragment that always applies changes nothing. */
class Reading {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  /** By the type around a spread and the name of its fragment. */
  readonly #known = new Map<string, readonly string[]>();
  #depth = 0;
  #read = 0;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  of({ operation, selectionSet }: OperationDefinitionNode): string {
    return this.#digest(selectionSet, this.#schema.getRootType(operation));
  }

  #digest({ selections }: SelectionSetNode, type: Around): string {
    return sha256(this.#all(selections, type).toSorted().join());
  }

  /** Each once, and so no more than there are fields and fragments. */
  #all(selections: readonly SelectionNode[], type: Around): string[] {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw refuse('DEPTH_LIMIT_EXCEEDED');
    const all = selections.flatMap((node) => this.#one(node, type));
    this.#depth -= 1;
    this.#read += all.length;
    if (!(this.#read <= maxRead)) {
      throw refuse('OCCURRENCE_LIMIT_EXCEEDED', { limit: 'selections to read', actual: this.#read, maximum: maxRead });
    }
    return [...new Set(all)];
  }

  #one(node: SelectionNode, type: Around): readonly string[] {
    if (node.kind === Kind.FIELD) {
      const args = (node.arguments ?? []).map(({ name }) => name.value).toSorted();
      const field = type && 'getFields' in type ? type.getFields()[node.name.value] : undefined;
      const below = node.selectionSet ? this.#digest(node.selectionSet, field && getNamedType(field.type)) : '';
      return [`${node.name.value}(${args.join()})${below}`];
    }
    if (node.kind === Kind.INLINE_FRAGMENT) {
      return this.#fragment(node.typeCondition?.name.value ?? type?.name, node.selectionSet, type);
    }
    const place = `${type?.name} ${node.name.value}`;
    let known = this.#known.get(place);
    const fragment = this.#fragments.get(node.name.value);
    if (fragment && !known) {
      known = this.#fragment(fragment.typeCondition.name.value, fragment.selectionSet, type);
      this.#known.set(place, known);
    }
    return known ?? [];
  }

  #fragment(condition: string | undefined, { selections }: SelectionSetNode, type: Around): readonly string[] {
    const named = condition === undefined ? undefined : this.#schema.getType(condition);
    if (condition === type?.name || (type && named && isTypeSubTypeOf(this.#schema, type, named))) {
      return this.#all(selections, type);
    }
    return [`...${condition}${sha256(this.#all(selections, named).toSorted().join())}`];
  }
}

/** What is known of the type that selections stand on. */
type Around = GraphQLNamedType | null | undefined;
