/**
 * What operators are told: a union, told apart by `type`. No event holds a token, a variable, a literal, a value of an answer
 * or the text of a query.
 */
import type { CoordinateShare, RefusalCode } from '../errors/codes.ts';
import type { RequestLabels } from './request-labels.ts';

/** What happened, by `type`. */
export type EventDetails =
  /** A limit was exceeded. `limit` is the name of its option; `actual` is `Infinity` where counting stopped early. */
  | {
      type: 'limit.exceeded';
      control: string;
      code: RefusalCode;
      limit: string;
      actual: number;
      maximum: number;
      coordinate?: string;
      /** The coordinates with the highest share of a cost, highest first. */
      dearest?: readonly CoordinateShare[];
    }
  /** A rule denied an operation, a field, an object or an argument. Sent once per coordinate and operation. */
  | {
      type: 'access.denied';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      rule?: string;
      reason?: string;
      /** How many values were denied; with Apollo Server, in the whole operation. Left out: one. */
      count?: number;
    }
  /** A role gave access to a value that is reserved for its owner. Sent once per coordinate and operation. */
  | { type: 'access.bypassed'; control: string; coordinate: string; rule: string }
  /**
   * A bucket is exhausted. `policy` names it, as `RateLimit-Policy` and `peek()` do: `Mutation.login#2` is the second rule
   * there.
   */
  | {
      type: 'rate.limited';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      policy?: string;
      retryAfterSeconds?: number;
    }
  | { type: 'introspection.blocked'; control: string; code: RefusalCode; coordinate?: string }
  /**
   * A document that is not trusted. `operationHash` is that of the text that was sent; where an id came alone, `documentId` has
   * its first 100 characters.
   */
  | {
      type: 'document.untrusted';
      control: string;
      code: RefusalCode;
      operationHash?: string;
      documentId?: string;
      reason?: string;
    }
  /** Trusted documents were read: how many, and how many operations they hold. */
  | { type: 'documents.loaded'; control: string; documents: number; operations: number }
  | { type: 'auth.success'; method: string; keyId?: string }
  /**
   * A credential was refused. `auth.locked`: too many attempts failed before it. `auth.failure`: any reason without a type of
   * its own. Where the verification itself failed, the log has the error under `errorId`, once a minute.
   */
  | {
      type: 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked';
      code: RefusalCode;
      reason: string;
      keyId?: string;
      errorId?: string;
    }
  /** The keys of an issuer cannot be fetched, or can be fetched again. */
  | { type: 'issuer.down' | 'issuer.up'; issuer: string; reason?: string }
  /**
   * Apollo Server or a control refused the form of the request. `details` are the messages of graphql-js, even if the client
   * got a constant text; each ends where it would quote a value of the client.
   */
  | { type: 'request.invalid'; code: string; reason?: string; details?: readonly string[] }
  /** Something of Bulwark or of the application failed, and the request was denied. The log has the error under `errorId`. */
  | { type: 'failure'; where: string; errorId?: string; reason?: string }
  /** An unexpected error was masked. The log has it under `errorId`. */
  | { type: 'error.masked'; errorId: string; path?: readonly (string | number)[] }
  /** A counter store does not answer, or answers again. */
  | { type: 'store.degraded' | 'store.recovered'; store: string }
  /** A stream was ended because the credential of its subscriber expired or was revoked. */
  | { type: 'subscription.ended'; coordinate: string; reason: string }
  /** A configuration that is allowed and weak, found while the server starts. */
  | { type: 'config.warning'; message: string }
  /** An operation was answered, whatever the answer. Sent only where `operationEvents()` of `@graphql-bulwark/monitor` asks. */
  | ({ type: 'operation.answered' } & AnsweredOperation)
  /** A rule of `detect()` of `@graphql-bulwark/monitor` saw what looks like an attack. */
  | ({ type: 'alert' } & AlertDetails);

/** What is known of an operation when its answer is sent. */
export interface AnsweredOperation {
  /** The first `extensions.code` among its errors, if it is one of Bulwark or Apollo Server. Left out: none had such a code. */
  readonly code?: string;
  /** Errors in the answer. */
  readonly errors: number;
  /** As `maxDepth` counts it. Left out, as `fields` is, where no operation was selected. */
  readonly depth?: number;
  /** Fields that it selects, each fragment counted wherever it is spread. */
  readonly fields?: number;
  /** In the units of the cost limit. Left out: nothing prices operations, or this one has no price. */
  readonly cost?: number;
  /** Objects in the answer. */
  readonly objects: number;
  /** How long the controls took to let the operation pass or to refuse it. Left out: it was refused before they were asked. */
  readonly decisionMilliseconds?: number;
  /** From the first control to the answer. Left out as `decisionMilliseconds` is. */
  readonly milliseconds?: number;
  /** Ids for which a field of a root type gave `null`: of missing or of denied objects. At most 20; left out where none. */
  readonly misses?: readonly Miss[];
}

/**
 * An id that was asked for in vain. Digests stand in its place, under a key that each process draws for itself, so that a
 * listener can tell ids apart and see which follow each other, and no listener learns them.
 */
export interface Miss {
  /** The root field, as in `Query.invoice`. */
  readonly coordinate: string;
  readonly id: string;
  /** The digests of the ids before and after, if the id ends in a number. */
  readonly neighbors?: readonly string[];
}

/** Why an alert was raised. The event has the `principalId` or `clientIp` that it is about; neither: it is about all callers. */
export interface AlertDetails {
  /** The name of the rule, as in the options of `detect()`. */
  readonly rule: string;
  /** One sentence for an operator, without a value that a client chose. */
  readonly message: string;
  /** What the rule counted, in its own unit. */
  readonly count: number;
  /** From which count the rule speaks. */
  readonly threshold: number;
  /** For how long it counted. */
  readonly windowSeconds: number;
  /** The id of the API key that it is about, if it is. */
  readonly keyId?: string;
}

/** An event as a listener gets it. */
export type SecurityEvent = EventDetails & {
  /** A random UUID. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** `reported`: a control in `report` mode would have refused. `noted`: nothing was refused. */
  readonly outcome: 'refused' | 'reported' | 'noted';
  readonly requestId?: string;
  /** Of the trace that was active (W3C Trace Context), where a monitor was told how to read it. */
  readonly traceId?: string;
  /** At most 100 characters; those that are not printable ASCII are written as `\u` and their code. */
  readonly principalId?: string;
  readonly clientIp?: string;
  readonly operationType?: string;
  /**
   * The name of the operation, written as `principalId` is. Where the request was refused before its text was parsed, the
   * `operationName` that was sent with it.
   */
  readonly operationName?: string;
  /** SHA-256 of the text of the document, in hexadecimal digits: the hash with which persisted queries name it. */
  readonly operationHash?: string;
} & RequestLabels;

/** Called with each event, synchronously. What it throws or rejects with is logged. */
export type EventListener = (event: SecurityEvent) => void;
