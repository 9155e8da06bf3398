/**
 * What an operation asks for, as one short text: without its name, aliases, values, directives, the order of its fields and
 * the names of its fragments, none of which makes it another operation.
 *
 * This is no walk of core's. Those show the fields that fragments come to, once each; here a fragment for some of the possible
 * types is itself a part of what is asked for, and what it comes to is remembered for every place where it is spread.
 */
import { type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import { type Fragments, indexFragments, PerOperation, sha256 } from '@graphql-bulwark/core/internal';
import {
  type FieldNode,
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

const hashes = new PerOperation<string>();

/** @throws {GraphQLError} for an operation that nests too deeply, or is too large, to be read. */
export function hashOperation({ schema, document, operation, facts }: ResolvedOperation): string {
  const known = hashes.get(document, operation);
  if (known !== undefined) return known;
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  const selected = new SelectionHasher(schema, indexFragments(document)).hashRoot(operation);
  return hashes.set(document, operation, sha256(`${operation.operation}${selected}`));
}

/** The type that selections stand on, where it is known. */
type Around = GraphQLNamedType | null | undefined;

/** Reads selection sets by the types that they stand on: a fragment that always applies changes nothing. */
class SelectionHasher {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  /** The type around a spread and the name of its fragment -> what it comes to. */
  readonly #known = new Map<string, readonly string[]>();
  #depth = 0;
  #read = 0;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  hashRoot({ operation, selectionSet }: OperationDefinitionNode): string {
    return this.#hashSet(selectionSet, this.#schema.getRootType(operation));
  }

  #hashSet({ selections }: SelectionSetNode, type: Around): string {
    return sha256(this.#spellAll(selections, type).toSorted().join());
  }

  /** Spells each selection once, so that there are no more texts than there are fields and fragments. */
  #spellAll(selections: readonly SelectionNode[], type: Around): string[] {
    this.#depth += 1;
    if (this.#depth > maxDepth) throw refuse('DEPTH_LIMIT_EXCEEDED');
    const all = selections.flatMap((node) => this.#spell(node, type));
    this.#depth -= 1;
    this.#read += all.length;
    if (!(this.#read <= maxRead)) {
      throw refuse('OCCURRENCE_LIMIT_EXCEEDED', { limit: 'selections to read', actual: this.#read, maximum: maxRead });
    }
    return [...new Set(all)];
  }

  #spell(node: SelectionNode, type: Around): readonly string[] {
    if (node.kind === Kind.FIELD) return [this.#spellField(node, type)];
    if (node.kind === Kind.INLINE_FRAGMENT) {
      return this.#spellFragment(node.typeCondition?.name.value ?? type?.name, node.selectionSet, type);
    }
    const place = `${type?.name} ${node.name.value}`;
    let known = this.#known.get(place);
    const fragment = this.#fragments.get(node.name.value);
    if (fragment && !known) {
      known = this.#spellFragment(fragment.typeCondition.name.value, fragment.selectionSet, type);
      this.#known.set(place, known);
    }
    return known ?? [];
  }

  #spellField(node: FieldNode, type: Around): string {
    const args = (node.arguments ?? []).map(({ name }) => name.value).toSorted();
    const field = type && 'getFields' in type ? type.getFields()[node.name.value] : undefined;
    const below = node.selectionSet ? this.#hashSet(node.selectionSet, field && getNamedType(field.type)) : '';
    return `${node.name.value}(${args.join()})${below}`;
  }

  #spellFragment(condition: string | undefined, { selections }: SelectionSetNode, type: Around): readonly string[] {
    const named = condition === undefined ? undefined : this.#schema.getType(condition);
    if (condition === type?.name || (type && named && isTypeSubTypeOf(this.#schema, type, named))) {
      return this.#spellAll(selections, type);
    }
    return [`...${condition}${sha256(this.#spellAll(selections, named).toSorted().join())}`];
  }
}
