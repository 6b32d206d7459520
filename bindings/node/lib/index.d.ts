// SPDX-License-Identifier: Apache-2.0

/**
 * A connection to a database: better-sqlite3's interface, with rows kept by HeliosDB Nano.
 *
 * @example
 * import Database = require('heliosdb-sqlite');
 * const db = new Database('app.db');
 * db.exec('CREATE TABLE IF NOT EXISTS cats (name TEXT PRIMARY KEY, age INTEGER)');
 * const cat = db.prepare<[string], { age: number }>('SELECT age FROM cats WHERE name = ?').get('Joey');
 */
declare const Database: Database.DatabaseConstructor;
declare namespace Database {
  /** What SQLite stores, as JavaScript gives it; integers are bigints with `safeIntegers()`. */
  type SqlValue = number | bigint | string | Buffer | null;
  /** What a parameter may be. Booleans are refused: SQLite has none. */
  type SqlParameter = number | bigint | string | NodeJS.ArrayBufferView | null | undefined;
  /** Arguments of the methods that execute: values, arrays of values, at most one object of named values. */
  type BindParameters = Array<SqlParameter | SqlParameter[] | { [name: string]: SqlParameter }>;

  interface Options {
    /** Open for reading only. Default: false. */
    readonly?: boolean;
    /** Fail if there is no such file. Default: false. */
    fileMustExist?: boolean;
    /** Milliseconds to wait for a lock and, in daemon mode, to connect. Default: 5000. */
    timeout?: number;
    /** Called with the text of every statement before it runs. */
    verbose?: ((sql: string) => void) | null;
    /** Path of another compiled addon, or its exports. */
    nativeBinding?: string | object | null;
    /** Where rows are kept: by an engine beside the file, or by a server. Default: HELIOSDB_MODE, else embedded. */
    mode?: 'embedded' | 'daemon';
    /** libpq connection string for daemon mode. Default: HELIOSDB_DSN. */
    dsn?: string;
    /** Whether the database's name may be a `file:` URI. Default: false. */
    uri?: boolean;
    /** For ':memory:' and '': use no engine until it is needed, or push every commit. Default: 'sqlite'. */
    memory?: 'sqlite' | 'engine';
    /** Path of the heliosdb-nano program. Default: HELIOSDB_BIN, then PATH, then the user's cache. */
    engine?: string;
    /** Seconds the engine stays up after its last user left. Default: 2. */
    linger?: number;
    /** Whether a statement may run in the server in daemon mode. Default: 'auto'. */
    direct?: 'auto' | 'off';
    /** Whether others may write to the server's tables. Default: 'strict'. */
    coherence?: 'strict';
    /** One writer at a time, or many on PostgreSQL ('mvcc'): one that meets another gets SQLITE_BUSY. Default: 'sqlite'. */
    locking?: 'sqlite' | 'mvcc';
    /** Where progress of long work and repairs are told. Default: 'stderr'. */
    notices?: 'stderr' | 'off';
  }

  interface PragmaOptions {
    /** Give the first column of the first row instead of all rows. Default: false. */
    simple?: boolean;
  }

  interface RunResult {
    /** Rows changed. */
    changes: number;
    /** Rowid of the last row inserted through the connection; a bigint with `safeIntegers()`. */
    lastInsertRowid: number | bigint;
  }

  interface ColumnDefinition {
    /** Name in the result. */
    name: string;
    /** Name in its table, null for an expression. */
    column: string | null;
    table: string | null;
    database: string | null;
    /** Declared type, null for an expression. */
    type: string | null;
  }

  interface FunctionOptions {
    /** Any number of arguments. Default: as many as the function has. */
    varargs?: boolean;
    /** The same arguments give the same result: it may be used in an index. Default: false. */
    deterministic?: boolean;
    /** It can't be used in views, triggers and the schema. Default: false. */
    directOnly?: boolean;
    /** Integers come as bigints. Default: as `defaultSafeIntegers()` says. */
    safeIntegers?: boolean;
  }

  interface AggregateOptions<T> extends FunctionOptions {
    /** The first value, or a function that gives it. Default: null. */
    start?: T | (() => T);
    /** Gives the next value, undefined if it stays. */
    step: (total: T, ...args: any[]) => T | void;
    /** As `step`, for a row that leaves the window. */
    inverse?: (total: T, ...args: any[]) => T | void;
    /** Makes the result of the last value. */
    result?: (total: T) => SqlParameter | void;
  }

  interface TableDefinition {
    columns: string[];
    /** Names of hidden columns whose values `rows` is given. Default: $1, $2 and so on, one for each of its parameters. */
    parameters?: string[];
    /** Yields arrays of values, or objects with the columns' names. */
    rows: (...parameters: any[]) => Generator<SqlParameter[] | { [column: string]: SqlParameter }, unknown, unknown>;
    safeIntegers?: boolean;
    directOnly?: boolean;
  }

  /** Called by CREATE VIRTUAL TABLE with the arguments that stand there. */
  type TableFactory = (this: { module: string; database: string; table: string }, ...args: string[]) => TableDefinition;

  interface BackupProgress {
    totalPages: number;
    remainingPages: number;
  }

  interface BackupOptions {
    /** Name of the database to copy. Default: 'main'. */
    attached?: string;
    /** Called between two steps; gives how many pages the next ones copy. Default: 100. */
    progress?: ((progress: BackupProgress) => number | void) | null;
  }

  interface SerializeOptions {
    /** Name of the database. Default: 'main'. */
    attached?: string;
  }

  /** Where a statement would run; the C library's hdb_explain() describes the lanes. */
  interface Lane {
    lane: 'replica' | 'commit' | 'direct' | 'rows' | 'engine' | 'session';
    /** What goes to the engine. */
    sends: string;
    why: string;
  }

  interface Differences {
    count: number;
    /** Names the first ones. */
    message: string;
  }

  /** An error of the database. */
  interface SqliteError extends Error {
    name: 'SqliteError';
    /** Extended result code by name, for example 'SQLITE_CONSTRAINT_UNIQUE'. */
    code: string;
    /** SQLSTATE, for example '23505'; '' if there is none. */
    sqlstate: string;
    /** Byte offset in the SQL text where the error was seen, -1 if it has no place. */
    offset: number;
  }

  interface SqliteErrorConstructor {
    new (message: string, code: string, sqlstate?: string, offset?: number): SqliteError;
    (message: string, code: string, sqlstate?: string, offset?: number): SqliteError;
    readonly prototype: SqliteError;
  }

  /** A prepared statement, made by `Database.prepare()`. What executes it throws SqliteError, TypeError, RangeError. */
  interface Statement<Parameters extends unknown[] = BindParameters, Row = unknown> {
    readonly database: Database;
    readonly source: string;
    /** Whether it gives rows. */
    readonly reader: boolean;
    /** Whether it leaves the database unchanged. */
    readonly readonly: boolean;
    /** Whether an iterator of it is open. */
    readonly busy: boolean;

    /** Executes it and throws its rows away. */
    run(...parameters: Parameters): RunResult;
    /** Executes it and gives its first row, undefined if there is none. */
    get(...parameters: Parameters): Row | undefined;
    /** Executes it and gives all its rows. */
    all(...parameters: Parameters): Row[];
    /** Executes it row by row; nothing can be written through the connection until the iterator is finished. */
    iterate(...parameters: Parameters): IterableIterator<Row>;
    /** Makes rows the value of their first column. */
    pluck(toggle?: boolean): this;
    /** Makes rows objects of objects, one per table. */
    expand(toggle?: boolean): this;
    /** Makes rows arrays of values. */
    raw(toggle?: boolean): this;
    /** Binds parameters for good. */
    bind(...parameters: Parameters): this;
    columns(): ColumnDefinition[];
    /** Makes integers bigints. */
    safeIntegers(toggle?: boolean): this;
    /** The text, with the values given to `bind()` in place. */
    toString(): string;
  }

  type TransactionFunction<F extends (...args: any[]) => unknown> = F & {
    default: TransactionFunction<F>;
    deferred: TransactionFunction<F>;
    immediate: TransactionFunction<F>;
    exclusive: TransactionFunction<F>;
    readonly database: Database;
  };

  interface Database {
    /** As given to the constructor. */
    readonly name: string;
    readonly open: boolean;
    readonly inTransaction: boolean;
    readonly readonly: boolean;
    /** Whether it is ':memory:' or temporary. */
    readonly memory: boolean;
    /** A libpq connection string of the engine, for psql and other clients of the same user. */
    readonly engineDsn: string;

    prepare<Parameters extends unknown[] = BindParameters, Row = unknown>(sql: string): Statement<Parameters, Row>;
    exec(sql: string): this;
    /**
     * Makes a function that runs `fn` in a transaction; within one it nests by a savepoint. `retries`: how often `fn` may be
     * called anew when the database is busy.
     */
    transaction<F extends (...args: any[]) => unknown>(fn: F, options?: { retries?: number }): TransactionFunction<F>;
    pragma(source: string, options?: PragmaOptions): unknown;
    /** Rows of SQLite's EXPLAIN, or EXPLAIN QUERY PLAN if `sql` begins with QUERY PLAN. */
    explain(sql: string): Array<Record<string, SqlValue>>;
    /** Where a statement would run, what would go to the engine, and why. */
    explainLane(sql: string): Lane;
    /** Waits until everything committed is in the engine's own tables. */
    flush(): this;
    /** Compares the database file with the engine's tables; null if nothing differs. */
    verify(): Differences | null;
    close(): this;
    /** Makes integers bigints in statements prepared from now on. */
    defaultSafeIntegers(toggle?: boolean): this;
    /** Allows writing while an iterator is open. */
    unsafeMode(toggle?: boolean): this;

    /** Makes a function that SQL of this connection can call. */
    function(name: string, fn: (...args: any[]) => SqlParameter | void): this;
    function(name: string, options: FunctionOptions, fn: (...args: any[]) => SqlParameter | void): this;
    /** Makes an aggregate function; with `inverse` it works in windows, too. */
    aggregate<T = any>(name: string, options: AggregateOptions<T>): this;
    /** Makes a virtual table, or a module of them for CREATE VIRTUAL TABLE. */
    table(name: string, definition: TableDefinition | TableFactory): this;
    /** Copies the database to a file, some pages at a time, while it is in use. */
    backup(filename: string, options?: BackupOptions): Promise<BackupProgress>;
    /** The content as the bytes of an SQLite file, which `new Database()` takes. */
    serialize(options?: SerializeOptions): Buffer;
    /** Loads an extension of SQLite. */
    loadExtension(path: string, entryPoint?: string): this;
  }

  interface DatabaseConstructor {
    /** `filename`: a path, ':memory:', '' (temporary), a DSN, or the bytes of a database, which is kept in memory then. */
    new (filename?: string | Buffer, options?: Options): Database;
    (filename?: string | Buffer, options?: Options): Database;
    readonly prototype: Database;
    readonly SqliteError: SqliteErrorConstructor;
  }
}
export = Database;
