/**
 * Stops: operations whose shape alone makes them expensive: deep, wide, aliased a thousand times, doubled by fragments.
 * Room: admit (batch, text, variables), measure (every operation of a document, before its validation), check.
 * Answers: one code per limit, 400, for the text 413; `FRAGMENT_CYCLE`, 400, which no option switches off.
 */
import {
  type Control,
  documentFacts,
  knownOptions,
  type OperationFacts,
  operationFacts,
  ownVerdict,
  type ResolvedOperation,
  refuse,
  show,
} from '@graphql-bulwark/core';
import { Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { LimitsOptions } from './options.ts';
import { tighterLimits } from './per-principal.ts';
import { type Ceilings, ceilings, checkLimit, judge, limitNames, resolveLimits } from './table.ts';
import { type VariableFacts, variableFacts } from './variables.ts';

/**
 * Limits the shape of what clients send.
 *
 * @throws {TypeError} while the server is being built, for an unknown option or a value that is no limit.
 * @example new ApolloServer({ schema, plugins: [guard({ controls: [limits({ maxDepth: 8 })] })] })
 */
export function limits<C = unknown>(options: LimitsOptions = {}): Control<C> {
  knownOptions('limits', options, ['mode', 'perPrincipal', ...limitNames]);
  const { mode = 'enforce', perPrincipal } = options;
  if (mode !== 'enforce' && mode !== 'report') {
    throw new TypeError(`limits: mode must be 'enforce' or 'report', but is ${show(mode)}.`);
  }
  if (perPrincipal !== undefined && typeof perPrincipal !== 'function') {
    throw new TypeError(`limits: perPrincipal must be a function, but is ${show(perPrincipal)}.`);
  }
  const maxima = resolveLimits(options);
  const everyone = ceilings(maxima);
  const bounds = { depth: maxima.maxVariableDepth || Infinity, nodes: maxima.maxVariableNodes || Infinity };
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
      judge(everyone.document, documentFacts(document));
      for (const definition of document.definitions) {
        if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
        judgeOperation(everyone, definition, operationFacts(document, definition));
      }
      judge(everyone.merging, documentFacts(document));
    },

    // Once more for a text that came as a hash, and for transports without the other rooms.
    check(operation) {
      const values = variableFacts(operation.rawVariables, bounds);
      judgeRequest(everyone, operation, values);
      if (!perPrincipal) return;
      const tighter = tighterLimits({
        control: 'limits',
        given: ownVerdict(perPrincipal(operation.security)),
        names: principalLimitNames,
        check: checkLimit,
        maxima,
        loose(name) {
          if (warned) return;
          warned = true;
          const message = `limits: perPrincipal returned a ${name} above the ceiling of ${maxima[name]}; the ceiling holds.`;
          operation.report({ type: 'config.warning', message });
        },
      });
      judgeRequest(ceilings(tighter), operation, values);
    },
  };
}

/** The size of a batch belongs to no single operation. */
const principalLimitNames = limitNames.filter((name) => name !== 'maxBatchSize');

function judgeRequest(against: Ceilings, operation: ResolvedOperation, values: VariableFacts): void {
  if (operation.source !== undefined) judge(against.source, operation.source);
  judge(against.variables, values);
  judge(against.document, documentFacts(operation.document));
  judgeOperation(against, operation.operation, operation.facts);
  judge(against.merging, documentFacts(operation.document));
}

function judgeOperation(against: Ceilings, operation: OperationDefinitionNode, facts: OperationFacts): void {
  if (facts.cyclic) throw refuse('FRAGMENT_CYCLE');
  judge(against.operation, facts);
  if (operation.operation === OperationTypeNode.MUTATION) judge(against.mutation, facts);
}
