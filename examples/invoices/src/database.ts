/**
 * SQLite in WebAssembly, in memory. Statements are prepared once and kept; every value is a bound parameter.
 * Column names arrive in camelCase.
 */
import sqlite, { type Statement } from 'node-sqlite3-wasm';
import { tables } from './tables.ts';

export type SqlValue = string | number | null;

export interface Db {
  all<Row>(sql: string, values?: readonly SqlValue[]): Row[];
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what its SELECT yields
  one<Row>(sql: string, values?: readonly SqlValue[]): Row | undefined;
  /** @returns how many rows changed. */
  run(sql: string, values?: readonly SqlValue[]): number;
  /** All or nothing. Synchronous, so nothing comes in between. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens an empty database that has its tables. */
export function openDatabase(): Db {
  const database = new sqlite.Database();
  const statements = new Map<string, Statement>();
  database.exec('PRAGMA foreign_keys = ON');
  database.exec(tables);

  // The texts are those of this program, never a client's, so the map stays as small as the program. A statement that
  // failed is dropped: it would report its failure again when it is finalized.
  const use = <T>(sql: string, work: (statement: Statement) => T): T => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.delete(sql);
    try {
      const result = work(statement);
      statements.set(sql, statement);
      return result;
    } catch (error) {
      drop(statement);
      throw error;
    }
  };

  return {
    all: (sql, values = []) =>
      use(sql, (statement) => statement.all([...values])).map((row) => camelCase(row) as never),
    one: (sql, values = []) => {
      const row = use(sql, (statement) => statement.get([...values]));
      return row === null ? undefined : (camelCase(row) as never);
    },
    run: (sql, values = []) => use(sql, (statement) => statement.run([...values])).changes,
    transaction: (work) => {
      database.exec('BEGIN');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.inTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => {
      for (const statement of statements.values()) statement.finalize();
      statements.clear();
      database.close();
    },
  };
}

function drop(statement: Statement): void {
  try {
    statement.finalize();
  } catch {
    // What made it fail, once more.
  }
}

const camelNames = new Map<string, string>();

function camelCase(row: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    let name = camelNames.get(column);
    if (name === undefined) {
      name = column.replace(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      camelNames.set(column, name);
    }
    result[name] = value;
  }
  return result;
}
