/**
 * A hash of what an operation selects. Its name, aliases, values, directives, the order of its fields and the names of its fragments do not
 * count: a client could otherwise change one of them and have a new budget for the same operation.
 *
 * The walks of core are not used. They visit the fields in fragments, once each; here a fragment for some of the possible types is itself
 * a part of the selection, and its hash is remembered for every place where it is spread.
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

/** Nesting of fields and fragments. Deeper operations are refused, because reading them is recursive. */
const maxDepth = 400;

/** Selections that are read for one operation, a fragment again at each spread. Operations with more are refused. */
const maxRead = 50_000;

const hashes = new PerOperation<string>();

/** Hashes what an operation selects. @throws {GraphQLError} for an operation that nests too deeply or is too large to be read. */
export function hashOperation({ schema, document, operation, facts }: ResolvedOperation): string {
  const known = hashes.get(document, operation);
  if (known !== undefined) return known;
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  const selected = new SelectionHasher(schema, indexFragments(document)).hashRoot(operation);
  return hashes.set(document, operation, sha256(`${operation.operation}${selected}`));
}

/** The type that has the selected fields, where it is known. */
type Around = GraphQLNamedType | null | undefined;

/** Hashes selection sets. A fragment whose type condition always holds has the same hash as its fields. */
class SelectionHasher {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  /** The type around a spread and the name of its fragment -> the texts of its selections. */
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

  /** Writes each selection as a text, equal ones once, so that there are no more texts than fields and fragments. */
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
