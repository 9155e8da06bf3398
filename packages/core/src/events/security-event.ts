/** What an operator can be told, as a union told apart by `type`. No event holds a token, a variable, a literal, a response value or query text. */
import type { CoordinateShare, RefusalCode } from '../errors/codes.ts';

/** What happened, by `type`. */
export type EventDetails =
  /** A limit said no. `limit` is the option's name; `actual` may be `Infinity` where counting stopped early. */
  | {
      type: 'limit.exceeded';
      control: string;
      code: RefusalCode;
      limit: string;
      actual: number;
      maximum: number;
      coordinate?: string;
      /** What made a cost, dearest first. */
      dearest?: readonly CoordinateShare[];
    }
  /** A rule said no to an operation, a field, an object or an argument. Once per coordinate and operation. */
  | {
      type: 'access.denied';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      rule?: string;
      reason?: string;
      /** How many values were denied; left out: one. Over Apollo Server those of the whole operation. */
      count?: number;
    }
  /** A role let pass what is reserved for owners. Once per coordinate and operation. */
  | { type: 'access.bypassed'; control: string; coordinate: string; rule: string }
  /** A bucket is short. `policy` names it, as `RateLimit-Policy` and `peek()` do: `Mutation.login#2` is the second rule there. */
  | {
      type: 'rate.limited';
      control: string;
      code: RefusalCode;
      coordinate?: string;
      policy?: string;
      retryAfterSeconds?: number;
    }
  | { type: 'introspection.blocked'; control: string; code: RefusalCode; coordinate?: string }
  | { type: 'auth.success'; method: string; keyId?: string }
  /**
   * A credential was refused. `auth.locked`: too many failures before it. `auth.failure`: any other reason. Where something of
   * ours failed, the log has the error under `errorId`, once a minute.
   */
  | {
      type: 'auth.failure' | 'auth.expired' | 'auth.revoked' | 'auth.locked';
      code: RefusalCode;
      reason: string;
      keyId?: string;
      errorId?: string;
    }
  /** An issuer does not give its keys, or gives them again. */
  | { type: 'issuer.down' | 'issuer.up'; issuer: string; reason?: string }
  /**
   * Apollo Server or a control refused the form of the request. `details` is what graphql-js said, which the client may not
   * have read; each text ends where a value of the client would begin.
   */
  | { type: 'request.invalid'; code: string; reason?: string; details?: readonly string[] }
  /** Something of ours or of the application failed, and the request was denied. The log has the error under `errorId`. */
  | { type: 'failure'; where: string; errorId?: string; reason?: string }
  /** An unexpected error was hidden from the client. The log has it under `errorId`. */
  | { type: 'error.masked'; errorId: string; path?: readonly (string | number)[] }
  | { type: 'store.degraded' | 'store.recovered'; store: string }
  /** The credential of a subscriber ended, and the stream with it. */
  | { type: 'subscription.ended'; coordinate: string; reason: string }
  | { type: 'config.warning'; message: string };

/** An event as the listener gets it. */
export type SecurityEvent = EventDetails & {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** `reported`: a control in `report` mode would have refused. */
  readonly outcome: 'refused' | 'reported' | 'noted';
  readonly requestId?: string;
  /** What is not ASCII as `\u` and its code; at most 100 characters. */
  readonly principalId?: string;
  readonly clientIp?: string;
  readonly operationType?: string;
  /**
   * The client's name for the operation: at most 100 characters. Of a request that was refused before its text was parsed, the
   * `operationName` that it came with.
   */
  readonly operationName?: string;
};

export type EventListener = (event: SecurityEvent) => void;
