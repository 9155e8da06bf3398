/**
 * Stops: operations whose shape alone makes them expensive: deep, wide, aliased a thousand times, doubled by fragments.
 * Room: admit (batch, text, variables), measure (every operation of a document, before its validation), check.
 * Answers: one code per limit, 400, and 413 for the length of the text; `FRAGMENT_CYCLE`, 400, which no option switches off.
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
import { type Ceilings, checkCeilings, listCeilings, principalTable, readLimitsOptions } from './table.ts';
import { measureVariables, type VariableFacts } from './variables.ts';

/**
 * Limits the shape of what clients send.
 *
 * @throws {TypeError} while the server is being built, for an invalid option.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits({ maxDepth: 8 })] })] })
 */
export function limits<C = unknown>(options: LimitsOptions = {}): Control<C> {
  const { mode, perPrincipal, ...maxima } = readLimitsOptions(options);
  const ceilings = listCeilings(maxima);
  const bounds = { depth: maxima.maxVariableDepth || Infinity, nodes: maxima.maxVariableNodes || Infinity };
  // Document -> its operations that are known to be within the limits for all callers.
  const admitted = new WeakMap<DocumentNode, ReadonlySet<OperationDefinitionNode>>();
  let warned = false;

  return {
    name: 'limits',
    mode,

    admit({ source, variables, batchIndex }) {
      checkCeilings(ceilings.batchIndex, batchIndex);
      // In report mode the request goes on to `check`, which checks the same again: only there it is reported, once.
      if (mode === 'report') return;
      if (source !== undefined) checkCeilings(ceilings.source, source);
      checkCeilings(ceilings.variables, measureVariables(variables, bounds));
    },

    // Validation reads every operation of a document, also those that are not selected, so each must be within the limits.
    measure({ document }) {
      checkCeilings(ceilings.document, countDocumentFacts(document));
      const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
      for (const operation of operations) checkOperation(ceilings, operation, countOperationFacts(document, operation));
      checkCeilings(ceilings.merging, document);
      admitted.set(document, new Set(operations));
    },

    // Again, because persisted queries whose text is cached, and transports without these hooks, skip `admit` and `measure`.
    check(operation) {
      const values = measureVariables(operation.rawVariables, bounds);
      checkRequest(ceilings, operation, values);
      if (!admitted.get(operation.document)?.has(operation.operation)) checkSelected(ceilings, operation);
      if (!perPrincipal) return;
      const tighter = readTighterLimits({
        control: 'limits',
        given: catchRejection(perPrincipal(operation.security)),
        table: principalTable,
        maxima,
        onLoosened(name) {
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

/** Checks what belongs to one request: its text and its variables. */
function checkRequest(against: Ceilings, { source }: ResolvedOperation, values: VariableFacts): void {
  if (source !== undefined) checkCeilings(against.source, source);
  checkCeilings(against.variables, values);
}

/** Checks the document and the operation of it that will run. */
function checkSelected(against: Ceilings, { document, operation, facts }: ResolvedOperation): void {
  checkCeilings(against.document, countDocumentFacts(document));
  checkOperation(against, operation, facts);
  checkCeilings(against.merging, document);
}

function checkOperation(against: Ceilings, operation: OperationDefinitionNode, facts: OperationFacts): void {
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  checkCeilings(against.operation, facts);
  if (operation.operation === OperationTypeNode.MUTATION) checkCeilings(against.mutation, facts);
}
