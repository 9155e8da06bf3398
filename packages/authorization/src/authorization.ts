/**
 * Stops: mutations of which one part is denied after another has taken effect; shared caches that keep one caller's answer.
 * Room: check, after the limits. The guards that enforce the rules are in the schema, and hold without this control.
 * Answers: `UNAUTHENTICATED`, 401, or `FORBIDDEN`, 403, with `WWW-Authenticate` (RFC 6750 section 3); one error per coordinate.
 */
import { type Control, type ResolvedOperation, refuse } from '@graphql-bulwark/core';
import {
  buildChallenge,
  type OptionTable,
  PerOperation,
  readOptions,
  realmRow,
  requirePlainObject,
  visitSelections,
} from '@graphql-bulwark/core/internal';
import { type GraphQLError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type DirectiveNames, usesDirectives } from './directives/sdl.ts';
import { findGuards, type Guards } from './guarded-schema.ts';
import { findRootFieldDenials } from './precheck/root-field-denials.ts';
import { type CertainDenial, createDenialError, findStaticDenials } from './precheck/static-denials.ts';

export interface AuthorizationOptions {
  /** The realm in `WWW-Authenticate`; the same as that of `authenticate`. @default 'graphql' */
  readonly realm?: string | undefined;
  /** What the schema calls the directives; the same as for `guardSchema`. @default auth, owner, public */
  readonly directiveNames?: DirectiveNames | undefined;
}

const optionTable = {
  realm: realmRow,
  directiveNames: { check: requirePlainObject },
} satisfies OptionTable<AuthorizationOptions>;

/** Errors of one refusal. Further denied coordinates are left out. */
const maxDenials = 20;

/**
 * Refuses mutations and subscriptions of which a part is certain to be denied, before anything of them runs, and keeps
 * answers that depend on the caller out of shared caches. A query is refused if a rule says `mode: REJECT`; else each field is
 * denied by itself.
 *
 * @throws {TypeError} for an invalid option.
 * @example guard({ controls: [limits(), authorization()] })
 */
export function authorization<C = unknown>(options: AuthorizationOptions = {}): Control<C> {
  const { realm, directiveNames } = readOptions('authorization', options, optionTable);
  const guardsBySchema = new WeakMap<GraphQLSchema, Guards | 'none'>();
  /** Whether this server has had a guarded schema. A later one without guards would be open by mistake. */
  let hasGuarded = false;
  const selectionsByGuards = new WeakMap<Guards, PerOperation<boolean>>();

  /** @throws {Error} for a schema with rules that nothing enforces, and for an unguarded one that replaces a guarded one. */
  function requireGuards(schema: GraphQLSchema): Guards | 'none' {
    let guards = guardsBySchema.get(schema);
    if (!guards) {
      guards = readGuards(schema, directiveNames);
      if (guards === 'none' && hasGuarded) {
        throw new Error(
          'This schema replaces a guarded one and is not guarded: pass it through guardSchema() or secure().',
        );
      }
      hasGuarded ||= guards !== 'none';
      guardsBySchema.set(schema, guards);
    }
    return guards;
  }

  /** Whether the operation may meet a guard, remembered for each operation of a document. */
  function meetsGuard(resolved: ResolvedOperation<C>, guards: Guards): boolean {
    const { document, operation } = resolved;
    const known = selectionsByGuards.get(guards) ?? new PerOperation<boolean>();
    selectionsByGuards.set(guards, known);
    return known.get(document, operation) ?? known.set(document, operation, selectsGuarded(resolved, guards));
  }

  async function refuseRootFields(operation: ResolvedOperation<C>, guards: Guards): Promise<void> {
    const denials = await findRootFieldDenials(operation, guards, maxDenials);
    if (denials.length > 0) throw createRefusal(denials, realm);
  }

  return {
    name: 'authorization',
    start({ schema }) {
      requireGuards(schema);
    },
    check(operation) {
      const guards = requireGuards(operation.schema);
      if (guards === 'none' || !meetsGuard(operation, guards)) return undefined;
      const { compiled, evaluator, caches } = guards;
      operation.neverCache();
      if (operation.answerable) caches.awaitEnd(operation.contextValue);
      operation.denies((coordinate) => {
        const guarded = compiled.fields.get(coordinate);
        return guarded !== undefined && evaluator.evaluateClaims(guarded, operation.contextValue) !== undefined;
      });
      const denials = findStaticDenials(operation, guards, maxDenials);
      if (denials.length > 0) throw createRefusal(denials, realm);
      if (operation.operation.operation === OperationTypeNode.QUERY && !compiled.mayRejectQueries) return undefined;
      return refuseRootFields(operation, guards);
    },
    respond({ operation }) {
      if (operation) findGuards(operation.schema)?.denials.report(operation.contextValue);
    },
  };
}

function createRefusal(denials: readonly CertainDenial[], realm: string): GraphQLError {
  const [first, ...rest] = denials;
  const onlyScopes = denials.every(({ reason }) => reason === 'no scope passed');
  return refuse(first?.code ?? 'FORBIDDEN', {
    ...first?.facts,
    also: rest.map(createDenialError),
    ...(first?.code === 'UNAUTHENTICATED' && { headers: buildChallenge(realm) }),
    ...(onlyScopes && { headers: buildChallenge(realm, 'insufficient_scope') }),
  });
}

/** @returns `none` for a schema without rules. @throws {Error} for one with rules that nothing enforces. */
function readGuards(schema: GraphQLSchema, directiveNames: DirectiveNames | undefined): Guards | 'none' {
  const guards = findGuards(schema);
  if (guards?.schema === schema) return guards;
  if (guards) {
    throw new Error(
      'This schema was transformed after guardSchema(): guard it last, so that nothing stands around the guards.',
    );
  }
  if (!usesDirectives(schema, directiveNames)) return 'none';
  throw new Error(
    'This schema uses @auth, @owner or @public, but nothing enforces them: pass it through guardSchema() or secure().',
  );
}

/** Whether a selection, on any type and in either branch of `@skip` and `@include`, may meet a guard. */
function selectsGuarded({ schema, document, operation }: ResolvedOperation, { compiled }: Guards): boolean {
  let found = false;
  visitSelections(schema, document, operation, {
    includes: () => !found,
    field({ type }, field) {
      found ||= compiled.guardedSelections.has(`${type.name}.${field.name}`);
      return !found;
    },
    narrowed: () => true,
  });
  return found;
}
