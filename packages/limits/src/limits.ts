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
import { readTighterLimits } from './per-principal.ts';
import { type Ceilings, checkAgainst, listCeilings, principalTable, readLimitsOptions } from './table.ts';
import { measureVariables, type VariableFacts } from './variables.ts';

/**
 * Limits the shape of what clients send.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits({ maxDepth: 8 })] })] })
 */
export function limits<C = unknown>(options: LimitsOptions = {}): Control<C> {
  const { mode, perPrincipal, ...maxima } = readLimitsOptions(options);
  const everyone = listCeilings(maxima);
  const bounds = { depth: maxima.maxVariableDepth || Infinity, nodes: maxima.maxVariableNodes || Infinity };
  // Documents under the ceilings for everyone, and the operations in them that were judged.
  const within = new WeakMap<DocumentNode, ReadonlySet<OperationDefinitionNode>>();
  let warned = false;

  return {
    name: 'limits',
    mode,

    admit({ source, variables, batchIndex, isExempt }) {
      checkAgainst(everyone.batchIndex, batchIndex);
      // Where nothing is refused the request comes to `check`, and one event about it is enough.
      if (mode === 'report') return;
      if (source !== undefined && !isExempt('limits')) checkAgainst(everyone.source, source);
      checkAgainst(everyone.variables, measureVariables(variables, bounds));
    },

    // An operation that is not selected is validated all the same.
    measure({ document, isExempt }) {
      if (isExempt('limits')) return;
      checkAgainst(everyone.document, countDocumentFacts(document));
      const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
      for (const operation of operations) checkOperation(everyone, operation, countOperationFacts(document, operation));
      checkAgainst(everyone.merging, document);
      within.set(document, new Set(operations));
    },

    // Once more for a text that came as a hash, and for transports without the other rooms.
    check(operation) {
      const values = measureVariables(operation.rawVariables, bounds);
      if (operation.isExempt('limits')) {
        checkAgainst(everyone.variables, values);
        if (operation.facts.cyclic) throw refuse('FRAGMENT_CYCLE');
      } else {
        checkRequest(everyone, operation, values);
        if (!within.get(operation.document)?.has(operation.operation)) checkSelected(everyone, operation);
      }
      if (!perPrincipal) return;
      const tighter = readTighterLimits({
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
      const own = listCeilings(tighter);
      checkRequest(own, operation, values);
      checkSelected(own, operation);
    },
  };
}

function checkRequest(against: Ceilings, { source }: ResolvedOperation, values: VariableFacts): void {
  if (source !== undefined) checkAgainst(against.source, source);
  checkAgainst(against.variables, values);
}

function checkSelected(against: Ceilings, { document, operation, facts }: ResolvedOperation): void {
  checkAgainst(against.document, countDocumentFacts(document));
  checkOperation(against, operation, facts);
  checkAgainst(against.merging, document);
}

function checkOperation(against: Ceilings, operation: OperationDefinitionNode, facts: OperationFacts): void {
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  checkAgainst(against.operation, facts);
  if (operation.operation === OperationTypeNode.MUTATION) checkAgainst(against.mutation, facts);
}
