// SPDX-License-Identifier: Apache-2.0
// heliosdb-sqlite/promises: the surface of node:sqlite with promises, off the event loop.
import type {
  AggregateOptions,
  ApplyChangesetOptions,
  Authorizer,
  BackupOptions,
  ColumnMetadata,
  DatabaseOptions,
  FunctionOptions,
  Limits,
  Parameters,
  Path,
  Row,
  RunResult,
  SessionOptions,
  SQLInputValue,
  StatementOptions,
} from '../node';

export { constants } from '../node';
export type {
  DatabaseOptions,
  NamedParameters,
  Parameters,
  Row,
  RunResult,
  SqliteError,
  SQLInputValue,
  SQLOutputValue,
  StatementOptions,
} from '../node';

/** For calls that may be ended before their time. */
export interface CallOptions {
  /** When it is aborted, a call that waits is left out, one that runs is interrupted; both are rejected with its reason. */
  signal?: AbortSignal;
  /** Milliseconds for each call, with the time that it waits for others; then a TimeoutError. */
  timeout?: number;
  /** Rows that iterate() fetches at once. Default: 256. */
  batch?: number;
}

export interface TransactionOptions {
  /** Default: 'deferred'. */
  mode?: 'deferred' | 'immediate' | 'exclusive';
  /** How often the function may be called anew when the database is busy. Default: 0. */
  retries?: number;
}

export class Statement {
  private constructor();
  /** The same statement, with these options for its calls. */
  with(options: CallOptions): Statement;
  all(...values: Parameters): Promise<Row[]>;
  get(...values: Parameters): Promise<Row | undefined>;
  run(...values: Parameters): Promise<RunResult>;
  iterate(...values: Parameters): AsyncGenerator<Row, void, undefined>;
  columns(): Promise<ColumnMetadata[]>;
  readonly sourceSQL: string;
  expandedSQL(): Promise<string>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export class Session {
  private constructor();
  changeset(): Promise<Uint8Array>;
  patchset(): Promise<Uint8Array>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export class Database {
  private constructor();
  static open(path: Path, options?: Omit<DatabaseOptions, 'open'>): Promise<Database>;
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  /** The same database, with these options for its calls. */
  with(options: CallOptions): Database;
  exec(sql: string): Promise<void>;
  prepare(sql: string, options?: StatementOptions): Promise<Statement>;
  all(sql: string, ...values: Parameters): Promise<Row[]>;
  get(sql: string, ...values: Parameters): Promise<Row | undefined>;
  run(sql: string, ...values: Parameters): Promise<RunResult>;
  iterate(sql: string, ...values: Parameters): AsyncGenerator<Row, void, undefined>;
  /** Commits when the function's promise is fulfilled, rolls back when it is rejected. Calls of others wait. */
  transaction<Result>(fn: (db: Database) => Promise<Result> | Result, options?: TransactionOptions): Promise<Result>;
  function(name: string, fn: (...values: any[]) => SQLInputValue | undefined | void): Promise<void>;
  function(
    name: string,
    options: FunctionOptions,
    fn: (...values: any[]) => SQLInputValue | undefined | void
  ): Promise<void>;
  aggregate<State>(name: string, options: AggregateOptions<State>): Promise<void>;
  setAuthorizer(callback: Authorizer | null): Promise<void>;
  loadExtension(path: string, entryPoint?: string): Promise<void>;
  enableDefensive(active: boolean): Promise<void>;
  /** Reads a limit, or sets it; gives what it was. */
  limit(name: keyof Limits, value?: number): Promise<number>;
  location(dbName?: string): Promise<string | null>;
  createSession(options?: SessionOptions): Promise<Session>;
  applyChangeset(changeset: Uint8Array, options?: ApplyChangesetOptions): Promise<boolean>;
  serialize(dbName?: string): Promise<Uint8Array>;
  deserialize(buffer: Uint8Array, options?: { dbName?: string }): Promise<void>;
  backup(path: Path, options?: BackupOptions): Promise<number>;
  /** Closes the database, after the calls and transactions that are under way. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a database: Database.open(). */
export function open(path: Path, options?: Omit<DatabaseOptions, 'open'>): Promise<Database>;
/** Copies a database to a file: database.backup(). */
export function backup(database: Database, path: Path, options?: BackupOptions): Promise<number>;
