/**
 * Stops: a server that is wired by half. With the context and the schema of a Bulwark and without its plugin nothing seems
 * wrong: rules of the schema hold, while no limit, cost or rate is checked and errors reach clients as they were thrown.
 * Room: check, where operations are noted as checked, and the root fields of the secured schema, which ask.
 * Answers: `INTERNAL_SERVER_ERROR`, 500, at every root field, and a line in the log that says what is missing; a warning
 * where `NODE_ENV` is `development` or `test`.
 */
import { type Control, type Events, refuse, type SecurityContext } from '@graphql-bulwark/core';
import { findSecurityContext, isDevelopment } from '@graphql-bulwark/core/internal';

/** What becomes of operations that no control has checked. */
export type UncheckedOperations = 'refuse' | 'warn' | 'allow';

/** Knows which requests are still to be checked. */
export interface Wiring<C> {
  /** Told of each security context that `bulwark.context()` makes. */
  readonly expectCheck: (security: SecurityContext) => void;
  /** Notes each operation that the guard or `check()` sees. Refuses nothing. */
  readonly control: Control<C>;
  /**
   * Asked before each root field is resolved. Only of contexts that `bulwark.context()` made: a test or a script that makes a
   * context of its own executes what it likes. One operation that was checked speaks for its whole request, because a resolver
   * may execute further ones with its context, and each event of a subscription is an execution.
   *
   * @throws {GraphQLError} the refusal.
   */
  readonly requireCheck: (contextValue: unknown) => void;
}

/** Every request is refused, and the log needs no more than a line a minute. */
const minuteMilliseconds = 60_000;

export function watchWiring<C>(
  given: UncheckedOperations | undefined,
  events: Events,
  warn: (message: string) => void,
): Wiring<C> {
  const answer = given ?? (isDevelopment() ? 'warn' : 'refuse');
  /** Security contexts of requests of which no operation was checked yet. */
  const unchecked = new WeakSet<SecurityContext>();
  /** Of those, the ones that were refused: an operation may have hundreds of root fields. */
  const refused = new WeakMap<SecurityContext, string>();
  let hasWarned = false;
  let hasWarnedOfContext = false;
  let lastLogged: { readonly since: number; readonly errorId: string } | undefined;

  function logUnchecked(): string {
    if (lastLogged && performance.now() - lastLogged.since < minuteMilliseconds) return lastLogged.errorId;
    const errorId = events.logged('AN OPERATION WAS REFUSED', halfWired);
    lastLogged = { since: performance.now(), errorId };
    return errorId;
  }

  return {
    expectCheck(security) {
      if (answer !== 'allow') unchecked.add(security);
    },
    control: {
      name: 'context',
      check({ contextValue }) {
        const security = findSecurityContext(contextValue);
        if (security) unchecked.delete(security);
        if (security || hasWarnedOfContext) return;
        hasWarnedOfContext = true;
        warn(
          'context: an operation came without what bulwark.context() adds, so its caller is anonymous and has no address.',
        );
      },
    },
    requireCheck(contextValue) {
      const security = findSecurityContext(contextValue);
      if (!security || !unchecked.has(security)) return;
      if (answer === 'warn') {
        if (!hasWarned) warn(`${halfWired} In production it is refused unless an option says otherwise.`);
        hasWarned = true;
        return;
      }
      let errorId = refused.get(security);
      if (errorId === undefined) {
        errorId = logUnchecked();
        refused.set(security, errorId);
        events.emit({ type: 'failure', where: 'unchecked operation', errorId }, 'refused', { security });
      }
      throw refuse('INTERNAL_SERVER_ERROR', { extensions: { errorId } });
    },
  };
}

const halfWired =
  'wiring: an operation with a context of bulwark.context() reached the schema of bulwark.secure(), and nothing of this Bulwark ' +
  'has checked it: no limit, cost or rate holds, and no error is masked. Write new ApolloServer(bulwark.apollo({ schema })); on ' +
  'another server, await bulwark.check(...) before each execute(). Where that is meant, say so: ' +
  "createBulwark({ uncheckedOperations: 'allow' }).";
