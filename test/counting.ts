/** Documents that count how often they are looked at: work without a clock. */
import { type DocumentNode, parse, visit } from 'graphql';

export interface Counting {
  readonly document: DocumentNode;
  /** How often the kind of one of its nodes was read. */
  readonly looks: () => number;
}

export function counting(text: string): Counting {
  const document = parse(text, { noLocation: true });
  let looks = 0;
  visit(document, {
    leave(node) {
      const { kind } = node;
      Object.defineProperty(node, 'kind', {
        enumerable: true,
        get: () => {
          looks += 1;
          return kind;
        },
      });
    },
  });
  looks = 0;
  return { document, looks: () => looks };
}
