/**
 * Stops: operations whose shape alone makes them expensive: deep, wide, aliased a thousand times, doubled by fragments.
 * Room: admit (batch, text, variables), measure (every operation of a document, before its validation), check.
 * Answers: one code per limit, 400, for the text 413; `FRAGMENT_CYCLE`, 400, which no option switches off.
 */
import { type Control, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import {
  catchRejection,
  countDocumentFacts,
  countOperationFacts,
  type OperationFacts,
} from '@graphql-bulwark/core/internal';
import { type DocumentNode, Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { LimitsOptions } from './options.ts';
import { tighterLimits } from './per-principal.ts';
import { type Ceilings, ceilings, judge, principalTable, readLimitsOptions } from './table.ts';
import { type VariableFacts, variableFacts } from './variables.ts';

/**
 * Limits the shape of what clients send.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits({ maxDepth: 8 })] })] })
 */
export function limits<C = unknown>(options: LimitsOptions = {}): Control<C> {
  const { mode, perPrincipal, ...maxima } = readLimitsOptions(options);
  const everyone = ceilings(maxima);
  const bounds = { depth: maxima.maxVariableDepth || Infinity, nodes: maxima.maxVariableNodes || Infinity };
  // Documents under the ceilings for everyone, and the operations in them that were judged.
  const within = new WeakMap<DocumentNode, ReadonlySet<OperationDefinitionNode>>();
  let warned = false;

  return {
    name: 'limits',
    mode,

    admit({ source, variables, batchIndex }) {
      judge(everyone.batchIndex, batchIndex);
      // Where nothing is refused the request comes to `check`, and one event about it is enough.
      if (mode === 'report') return;
      if (source !== undefined) judge(everyone.source, source);
      judge(everyone.variables, variableFacts(variables, bounds));
    },

    // An operation that is not selected is validated all the same.
    measure({ document }) {
      judge(everyone.document, countDocumentFacts(document));
      const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
      for (const operation of operations) judgeOperation(everyone, operation, countOperationFacts(document, operation));
      judge(everyone.merging, document);
      within.set(document, new Set(operations));
    },

    // Once more for a text that came as a hash, and for transports without the other rooms.
    check(operation) {
      const values = variableFacts(operation.rawVariables, bounds);
      judgeRequest(everyone, operation, values);
      if (!within.get(operation.document)?.has(operation.operation)) judgeSelected(everyone, operation);
      if (!perPrincipal) return;
      const tighter = tighterLimits({
        control: 'limits',
        given: catchRejection(perPrincipal(operation.security)),
        table: principalTable,
        maxima,
        loose(name) {
          if (warned) return;
          warned = true;
          const message = `limits: perPrincipal returned a ${name} above the ceiling of ${maxima[name]}; the ceiling holds.`;
          operation.report({ type: 'config.warning', message });
        },
      });
      const own = ceilings(tighter);
      judgeRequest(own, operation, values);
      judgeSelected(own, operation);
    },
  };
}

function judgeRequest(against: Ceilings, { source }: ResolvedOperation, values: VariableFacts): void {
  if (source !== undefined) judge(against.source, source);
  judge(against.variables, values);
}

function judgeSelected(against: Ceilings, { document, operation, facts }: ResolvedOperation): void {
  judge(against.document, countDocumentFacts(document));
  judgeOperation(against, operation, facts);
  judge(against.merging, document);
}

function judgeOperation(against: Ceilings, operation: OperationDefinitionNode, facts: OperationFacts): void {
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  judge(against.operation, facts);
  if (operation.operation === OperationTypeNode.MUTATION) judge(against.mutation, facts);
}
