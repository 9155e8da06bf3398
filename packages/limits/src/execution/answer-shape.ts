/**
 * The response keys that an answer can have, read from its operation. With them an answer is read far sooner than by listing
 * the properties of each of its objects, which is what a walk through it spends most of its time on.
 */
import { PerOperation } from '@graphql-bulwark/core/internal';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** The keys that objects of one place in the answer can have, whatever their type and whatever `@skip` and `@include` say. */
export type AnswerShape = readonly AnswerKey[];

/** One response key. */
export class AnswerKey {
  readonly key: string;
  /** What is selected below it, in all fields that have the key; empty for a leaf. */
  readonly sets: SelectionSetNode[] = [];
  readonly #fragments: Fragments;
  #below: AnswerShape | undefined;

  constructor(key: string, fragments: Fragments) {
    this.key = key;
    this.#fragments = fragments;
  }

  /** Read when a value stands there: an answer has no more places than were executed. */
  get below(): AnswerShape {
    this.#below ??= readShape(this.sets, this.#fragments);
    return this.#below;
  }
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const shapes = new PerOperation<AnswerShape>();

/** Reads the shape of the answer to an operation, once per document. */
export function findAnswerShape(document: DocumentNode, operation: OperationDefinitionNode): AnswerShape {
  const known = shapes.get(document, operation);
  if (known) return known;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return shapes.set(document, operation, readShape([operation.selectionSet], fragments));
}

function readShape(sets: readonly SelectionSetNode[], fragments: Fragments): AnswerShape {
  const keys = new Map<string, AnswerKey>();
  const spread = new Set<string>();
  const queue = [...sets];
  for (const { selections } of queue) {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const key = keys.get(name) ?? new AnswerKey(name, fragments);
        keys.set(name, key);
        if (selection.selectionSet) key.sets.push(selection.selectionSet);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) queue.push(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment) queue.push(fragment.selectionSet);
      }
    }
  }
  return [...keys.values()];
}
