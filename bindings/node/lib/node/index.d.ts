// SPDX-License-Identifier: Apache-2.0
// heliosdb-sqlite/node: the surface of node:sqlite, with rows kept by HeliosDB Nano.

/** What a parameter may be. */
export type SQLInputValue = null | number | bigint | boolean | string | NodeJS.ArrayBufferView | ArrayBuffer;
/** What a value of a row is; an integer is a bigint if `readBigInts` says so. */
export type SQLOutputValue = null | number | bigint | string | Uint8Array;
/** Values by the names of their parameters, with or without the prefix. */
export type NamedParameters = Record<string, SQLInputValue>;
/** What the methods that run a statement take. */
export type Parameters = SQLInputValue[] | [NamedParameters, ...SQLInputValue[]];
/** A row, unless `returnArrays` says otherwise. */
export type Row = Record<string, SQLOutputValue>;
/** A path, or a `file:` URI. */
export type Path = string | Uint8Array | URL;

export interface StatementOptions {
  /** Give integers as bigints. Default: what the database says, else false. */
  readBigInts?: boolean;
  /** Give rows as arrays. Default: what the database says, else false. */
  returnArrays?: boolean;
  /** Names may lack their prefix. Default: what the database says, else true. */
  allowBareNamedParameters?: boolean;
  /** Pass over names that the statement does not have. Default: what the database says, else false. */
  allowUnknownNamedParameters?: boolean;
}

export interface Limits {
  length: number;
  sqlLength: number;
  column: number;
  exprDepth: number;
  compoundSelect: number;
  vdbeOp: number;
  functionArg: number;
  attach: number;
  likePatternLength: number;
  variableNumber: number;
  triggerDepth: number;
}

/** Options beyond those of node:sqlite; the README tells of them. */
export interface KeepingOptions {
  /** Where rows are kept: by an engine beside the file, by a server, or nowhere else. Default: HELIOSDB_MODE, else embedded. */
  mode?: 'embedded' | 'daemon' | 'plain';
  /** libpq connection string for daemon mode. Default: HELIOSDB_DSN. */
  dsn?: string;
  /** For ':memory:': use no engine until it is needed, or push every commit. Default: 'sqlite'. */
  memory?: 'sqlite' | 'engine';
  /** Path of the heliosdb-nano program. */
  engine?: string;
  /** Seconds the engine stays up after its last user left. Default: 2. */
  linger?: number;
  /** Whether a statement may run in the server in daemon mode. Default: 'auto'. */
  direct?: 'auto' | 'off';
  /** Whether others may write to the server's tables. Default: 'strict'. */
  coherence?: 'strict' | 'sdk';
  /** One writer at a time, or many on PostgreSQL. Default: 'sqlite'. */
  locking?: 'sqlite' | 'mvcc';
  /** Where progress of long work and repairs are told. Default: 'stderr'. */
  notices?: 'stderr' | 'off';
}

export interface DatabaseOptions extends StatementOptions, KeepingOptions {
  /** Open the database at once. Default: true. */
  open?: boolean;
  /** Open for reading only. Default: false. */
  readOnly?: boolean;
  /** Enforce foreign keys. Default: true. */
  enableForeignKeyConstraints?: boolean;
  /** A double-quoted word that names no column is text. Default: false. */
  enableDoubleQuotedStringLiterals?: boolean;
  /** Allow loadExtension(). Default: false. */
  allowExtension?: boolean;
  /** Milliseconds that a lock is waited for. Default: 0, with promises 5000. */
  timeout?: number;
  /** SQLite's defensive mode. Default: true. */
  defensive?: boolean;
  limits?: Partial<Limits>;
}

export interface RunResult {
  /** Rows changed by the last INSERT, UPDATE or DELETE. */
  changes: number | bigint;
  /** Rowid of the last row that was inserted. */
  lastInsertRowid: number | bigint;
}

export interface ColumnMetadata {
  column: string | null;
  database: string | null;
  name: string;
  table: string | null;
  type: string | null;
}

export interface FunctionOptions {
  deterministic?: boolean;
  directOnly?: boolean;
  useBigIntArguments?: boolean;
  varargs?: boolean;
}

export interface AggregateOptions<State = unknown> extends FunctionOptions {
  /** The state of a group before its first row, or a function that makes it. */
  start: State | (() => State);
  step: (state: State, ...values: any[]) => State;
  /** The aggregate's value. Default: the state. */
  result?: (state: State) => SQLInputValue | undefined;
  /** Takes a row out again: with it the function works in windows. */
  inverse?: (state: State, ...values: any[]) => State;
}

export type Authorizer = (
  actionCode: number,
  arg1: string | null,
  arg2: string | null,
  dbName: string | null,
  triggerOrView: string | null
) => number;

export interface SessionOptions {
  table?: string;
  db?: string;
}

export interface ApplyChangesetOptions {
  filter?: (table: string) => boolean;
  onConflict?: (conflict: number) => number;
}

export interface BackupOptions {
  source?: string;
  target?: string;
  /** Pages of one step. Default: 100. */
  rate?: number;
  progress?: (progress: { totalPages: number; remainingPages: number }) => void;
}

/** An error of SQLite's; `code` is 'ERR_SQLITE_ERROR'. */
export interface SqliteError extends Error {
  code: 'ERR_SQLITE_ERROR';
  /** Extended result code. */
  errcode: number;
  /** What SQLite calls the code. */
  errstr: string;
  /** SQLSTATE, '' if it has none. */
  sqlstate: string;
}

export class StatementSync {
  private constructor();
  all(...values: Parameters): Row[];
  get(...values: Parameters): Row | undefined;
  iterate(...values: Parameters): IterableIterator<Row>;
  run(...values: Parameters): RunResult;
  columns(): ColumnMetadata[];
  readonly sourceSQL: string;
  readonly expandedSQL: string;
  /** One of SQLite's counters of the statement. */
  stat(
    counter:
      'fullscanStep' | 'sort' | 'autoindex' | 'vmStep' | 'reprepare' | 'run' | 'filterMiss' | 'filterHit' | 'memused'
  ): number;
  resetStats(): void;
  setReadBigInts(enabled: boolean): void;
  setReturnArrays(enabled: boolean): void;
  setAllowBareNamedParameters(enabled: boolean): void;
  setAllowUnknownNamedParameters(enabled: boolean): void;
  close(): void;
  [Symbol.dispose](): void;
}

export class Session {
  private constructor();
  changeset(): Uint8Array;
  patchset(): Uint8Array;
  close(): void;
  [Symbol.dispose](): void;
}

export class SQLTagStore {
  private constructor();
  all(strings: TemplateStringsArray, ...values: SQLInputValue[]): Row[];
  get(strings: TemplateStringsArray, ...values: SQLInputValue[]): Row | undefined;
  iterate(strings: TemplateStringsArray, ...values: SQLInputValue[]): IterableIterator<Row>;
  run(strings: TemplateStringsArray, ...values: SQLInputValue[]): RunResult;
  readonly size: number;
  readonly capacity: number;
  readonly db: DatabaseSync;
  clear(): void;
}

export class DatabaseSync {
  constructor(path: Path, options?: DatabaseOptions);
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  readonly limits: Limits;
  open(): void;
  close(): void;
  exec(sql: string): void;
  prepare(sql: string, options?: StatementOptions): StatementSync;
  function(name: string, fn: (...values: any[]) => SQLInputValue | undefined | void): void;
  function(name: string, options: FunctionOptions, fn: (...values: any[]) => SQLInputValue | undefined | void): void;
  aggregate<State>(name: string, options: AggregateOptions<State>): void;
  setAuthorizer(callback: Authorizer | null): void;
  loadExtension(path: string, entryPoint?: string): void;
  enableLoadExtension(allow: boolean): void;
  enableDefensive(active: boolean): void;
  location(dbName?: string): string | null;
  createSession(options?: SessionOptions): Session;
  applyChangeset(changeset: Uint8Array, options?: ApplyChangesetOptions): boolean;
  createTagStore(maxSize?: number): SQLTagStore;
  serialize(dbName?: string): Uint8Array;
  deserialize(buffer: Uint8Array, options?: { dbName?: string }): void;
  [Symbol.dispose](): void;
}

/** Copies a database to a file while it may be used; gives the number of pages. */
export function backup(sourceDb: DatabaseSync, path: Path, options?: BackupOptions): Promise<number>;

/** Constants of changesets and authorizers, by SQLite's names. */
export const constants: { readonly [name: `SQLITE_${string}`]: number };
