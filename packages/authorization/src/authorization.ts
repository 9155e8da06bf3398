/**
 * Stops: mutations of which a part is denied and the rest has already happened; shared caches that keep one caller's answer.
 * Room: check, after the limits. The guards of record are in the schema, and hold without this control.
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
import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { type DirectiveNames, usesDirectives } from './directives/sdl.ts';
import { type Guards, markOf } from './guarded-schema.ts';
import { denialsBeforeRunning } from './precheck/root-field-denials.ts';
import { denialOf, type Foreseen, foreseenDenials } from './precheck/static-denials.ts';

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

/** Errors of one refusal; further denied coordinates are left out. */
const maxDenials = 20;

/**
 * Refuses mutations and subscriptions of which a part is certain to be denied, before anything of them runs, and keeps
 * answers that depend on the caller out of shared caches. A query is refused where a rule says `mode: REJECT`; else each
 * field answers for itself.
 *
 * @throws {TypeError} for an invalid option.
 * @example guard({ controls: [limits(), authorization()] })
 */
export function authorization<C = unknown>(options: AuthorizationOptions = {}): Control<C> {
  const { realm, directiveNames } = readOptions('authorization', options, optionTable);
  const guardsBySchema = new WeakMap<GraphQLSchema, Guards | 'none'>();
  /** Whether a schema of this server was guarded. One without a rule would then be open by mistake. */
  let hasGuarded = false;
  const touchedBy = new WeakMap<Guards, PerOperation<boolean>>();

  /** @throws {Error} for a schema whose rules nobody enforces. */
  function guardsOf(schema: GraphQLSchema): Guards | 'none' {
    let guards = guardsBySchema.get(schema);
    if (!guards) {
      guards = requireGuards(schema, directiveNames);
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

  function touches({ schema, document, operation }: ResolvedOperation<C>, guards: Guards): boolean {
    const known = touchedBy.get(guards) ?? new PerOperation<boolean>();
    touchedBy.set(guards, known);
    const touched = known.get(document, operation);
    return touched ?? known.set(document, operation, touchesGuarded(schema, document, operation, guards));
  }

  async function beforeRunning(operation: ResolvedOperation<C>, guards: Guards): Promise<void> {
    const found = await denialsBeforeRunning(operation, guards, maxDenials);
    if (found.length > 0) throw refusalOf(found, realm);
  }

  return {
    name: 'authorization',
    start({ schema }) {
      guardsOf(schema);
    },
    check(operation) {
      const guards = guardsOf(operation.schema);
      if (guards === 'none' || !touches(operation, guards)) return undefined;
      operation.neverCache();
      if (operation.answerable) guards.memos.ends(operation.contextValue);
      operation.denies((coordinate) => {
        const guarded = guards.index.fields.get(coordinate);
        return guarded !== undefined && guards.judge.claims(guarded, operation.contextValue) !== undefined;
      });
      const certain = foreseenDenials(operation, guards, maxDenials);
      if (certain.length > 0) throw refusalOf(certain, realm);
      if (operation.operation.operation === OperationTypeNode.QUERY && !guards.index.rejecting) return undefined;
      return beforeRunning(operation, guards);
    },
    respond({ operation }) {
      if (operation) markOf(operation.schema)?.denials.answered(operation.contextValue);
    },
  };
}

function refusalOf(denials: readonly Foreseen[], realm: string): GraphQLError {
  const [first, ...rest] = denials;
  const onlyScopes = denials.every(({ reason }) => reason === 'no scope passed');
  return refuse(first?.code ?? 'FORBIDDEN', {
    ...first?.facts,
    also: rest.map(denialOf),
    ...(first?.code === 'UNAUTHENTICATED' && { headers: buildChallenge(realm) }),
    ...(onlyScopes && { headers: buildChallenge(realm, 'insufficient_scope') }),
  });
}

function requireGuards(schema: GraphQLSchema, directiveNames: DirectiveNames | undefined): Guards | 'none' {
  const mark = markOf(schema);
  if (mark?.schema === schema) return mark;
  if (mark)
    throw new Error(
      'This schema was transformed after guardSchema(): guard it last, so that nothing stands around the guards.',
    );
  if (!usesDirectives(schema, directiveNames)) return 'none';
  throw new Error(
    'This schema uses @auth, @owner or @public, but nothing enforces them: pass it through guardSchema() or secure().',
  );
}

/** Whether any selection, under any type and both branches of `@skip` and `@include`, may meet a guard. */
function touchesGuarded(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { index }: Guards,
): boolean {
  let touched = false;
  visitSelections(schema, document, operation, {
    includes: () => !touched,
    field({ type }, field) {
      touched ||= index.touching.has(`${type.name}.${field.name}`);
      return !touched;
    },
    narrowed: () => true,
  });
  return touched;
}
