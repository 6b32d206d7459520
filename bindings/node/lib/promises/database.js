// SPDX-License-Identifier: Apache-2.0
'use strict';
const native = require('../native');
const errors = require('../node/errors');
const options = require('../node/options');
const { functionArguments, aggregateArguments } = require('../node/functions');
const { copyDatabase } = require('../node/backup');
const { Channel } = require('./channel');
const { createSession } = require('./session');
const { ASYNC_DISPOSE, KeptStatements, prepareStatement } = require('./statement');
const transaction = require('./transaction');

const { constants } = native.load();
const KEY = Symbol('a database is made by Database.open()');
const DEFAULT_TIMEOUT = 5000; // milliseconds; waiting for a lock stops nobody here

function checkString(name, value) {
  if (typeof value !== 'string') throw errors.argumentType(name, 'a string');
}

function checkCall({ signal, timeout, batch }) {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw errors.argumentType('options.signal', 'an AbortSignal');
  if (timeout !== undefined && !(timeout >= 0))
    throw errors.argumentType('options.timeout', 'a number of milliseconds');
  if (batch !== undefined && !(options.isInt32(batch) && batch > 0))
    throw errors.argumentType('options.batch', 'a positive integer');
}

/**
 * A database whose calls give promises. Each connection has a thread of its own, which does the calls in the order in
 * which they were made; the event loop goes on meanwhile.
 */
class Database {
  #shared; // what the views of one database share: { channel, options, kept }
  #call;

  constructor(key, shared, call) {
    if (key !== KEY) throw errors.illegalConstructor();
    this.#shared = shared;
    this.#call = call;
  }

  /**
   * Opens a database.
   *
   * @param {string|Uint8Array|URL} path as `new DatabaseSync()` takes it
   * @param {object} [given] as there; `timeout`, how long a lock is waited for, is 5000 here if it is left out
   * @returns {Promise<Database>}
   * @throws {Error} (rejection) ERR_INVALID_ARG_TYPE, ERR_INVALID_URL_SCHEME, ERR_SQLITE_ERROR
   * @example
   * const db = await Database.open('app.db');
   */
  static async open(path, given) {
    const file = options.pathOf(path);
    const chosen = options.databaseOptions(
      { timeout: DEFAULT_TIMEOUT, ...options.optionsObject(given) },
      native.load().configKeys
    );
    const channel = new Channel();
    await channel.open(file, chosen);
    const kept = new KeptStatements(channel, chosen.statement);
    return new Database(KEY, { channel, options: chosen, kept }, {});
  }

  /** Whether the database is open. */
  get isOpen() {
    return this.#shared.channel.isOpen;
  }

  /** Whether a transaction is open, as far as the calls that are done go. */
  get isTransaction() {
    return this.#shared.channel.isTransaction;
  }

  /**
   * The same database for calls that may be ended before their time.
   *
   * A call that has not begun is left out. One that runs is interrupted: what it has done is undone. One that has done
   * its work all the same gives its result.
   *
   * @param {{signal?: AbortSignal, timeout?: number, batch?: number}} call `timeout` in milliseconds for each call, with
   *   the time that it waits for others; `batch`: rows that iterate() fetches at once (256)
   * @returns {Database}
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @example
   * await db.with({ signal: request.signal }).all('SELECT * FROM cats');
   */
  with(call) {
    checkCall(options.optionsObject(call));
    return new Database(KEY, this.#shared, { ...this.#call, ...call });
  }

  /** Makes one call of the native connection. */
  #do(call) {
    return this.#shared.channel.call(call, this.#call);
  }

  /** Runs every statement of a text, and throws rows away. @param {string} sql @returns {Promise<void>} */
  async exec(sql) {
    checkString('sql', sql);
    await this.#do((connection) => connection.exec(sql));
  }

  /**
   * Compiles a statement.
   *
   * @param {string} sql
   * @param {object} [given] as DatabaseSync's
   * @returns {Promise<Statement>}
   */
  async prepare(sql, given) {
    checkString('sql', sql);
    const { channel, options: chosen } = this.#shared;
    const read = options.statementOptions(options.optionsObject(given), chosen.statement);
    return prepareStatement(channel, sql, read, this.#call);
  }

  async #execute(method, sql, values) {
    checkString('sql', sql);
    return this.#shared.kept.execute(method, sql, values, this.#call);
  }

  /**
   * Runs a statement and gives every row. Statements are kept, so that the same text need not be compiled again.
   *
   * @param {string} sql
   * @param {...*} values as Statement's methods take them
   * @returns {Promise<object[]>}
   * @throws {Error} (rejection) as Statement.all()
   * @example
   * const cats = await db.all('SELECT * FROM cats WHERE age > ?', 2);
   */
  async all(sql, ...values) {
    return this.#execute('all', sql, values);
  }

  /** Runs a statement and gives its first row, or undefined. Else as all(). */
  async get(sql, ...values) {
    return this.#execute('get', sql, values);
  }

  /** Runs a statement for what it changes. @returns {Promise<{changes, lastInsertRowid}>} */
  async run(sql, ...values) {
    return this.#execute('run', sql, values);
  }

  /**
   * The rows of a statement one by one, fetched when they are asked for.
   *
   * @param {string} sql
   * @param {...*} values
   * @returns {AsyncGenerator<object>}
   * @example
   * for await (const cat of db.iterate('SELECT * FROM cats')) await greet(cat);
   */
  async *iterate(sql, ...values) {
    const statement = await this.prepare(sql); // of its own: several iterations may be under way
    try {
      yield* statement.iterate(...values);
    } finally {
      await statement.close();
    }
  }

  /**
   * Runs a function in a transaction: committed when its promise is fulfilled, rolled back when it is rejected. Calls
   * that the function makes are part of it; those of others wait until it has ended. In another transaction it is a
   * savepoint.
   *
   * @param {(db: Database) => Promise<*>} fn
   * @param {{mode?: 'deferred'|'immediate'|'exclusive', retries?: number}} [given] `retries`: how often `fn` may be called
   *   anew when the database is busy (0)
   * @returns {Promise<*>} what `fn` gives
   * @throws {Error} (rejection) what `fn` throws, or what BEGIN or COMMIT does
   * @example
   * await db.transaction(async () => {
   *   await db.run('UPDATE account SET balance = balance - 10 WHERE id = ?', 1);
   *   await db.run('UPDATE account SET balance = balance + 10 WHERE id = ?', 2);
   * });
   */
  async transaction(fn, given) {
    const run = typeof fn === 'function' ? (signal) => fn(this.#inTransaction(signal)) : fn;
    return transaction(this.#shared.channel, run, options.optionsObject(given), this.#call);
  }

  /** The database that a transaction's function is given: its calls end when the transaction's time is over. */
  #inTransaction(signal) {
    const { signal: own, timeout } = this.#call;
    if (own === undefined && timeout === undefined) return this;
    return new Database(KEY, this.#shared, { ...this.#call, signal, timeout: undefined });
  }

  /**
   * Makes a function that SQL can call. It runs in the thread of JavaScript, for which the statement waits.
   *
   * @param {string} name
   * @param {object} [given] as DatabaseSync's
   * @param {Function} fn must not be async
   * @returns {Promise<void>}
   */
  async function(name, ...rest) {
    const made = functionArguments(name, rest);
    await this.#do((connection) => connection.createFunction(...made));
  }

  /** Makes an aggregate function; else as function(). @param {string} name @param {object} given as DatabaseSync's */
  async aggregate(name, given) {
    const made = aggregateArguments(name, given);
    await this.#do((connection) => connection.createAggregate(...made));
  }

  /** Sets what is asked while statements are compiled. @param {Function|null} callback as DatabaseSync's */
  async setAuthorizer(callback) {
    if (callback !== null && typeof callback !== 'function')
      throw errors.argumentType('callback', 'a function or null');
    await this.#do((connection) => connection.setAuthorizer(callback));
  }

  /** Loads an extension of SQLite's; the database must have been opened with `allowExtension`. */
  async loadExtension(path, entryPoint) {
    if (!this.#shared.options.extensions) throw errors.state('extension loading is not allowed');
    checkString('path', path);
    if (entryPoint !== undefined) checkString('entryPoint', entryPoint);
    await this.#do((connection) => connection.loadExtension(path, entryPoint));
  }

  /** Switches SQLite's defensive mode. @param {boolean} active */
  async enableDefensive(active) {
    if (typeof active !== 'boolean') throw errors.argumentType('active', 'a boolean');
    await this.#do((connection) => connection.configure(constants.HDB_DBCONFIG_DEFENSIVE, Number(active)));
  }

  /**
   * Reads one of SQLite's limits, or sets it.
   *
   * @param {string} name as in DatabaseSync's `limits`
   * @param {number} [value] Infinity: the largest one
   * @returns {Promise<number>} what it was
   */
  async limit(name, value) {
    if (!Object.hasOwn(options.LIMITS, name)) throw errors.argumentType('name', 'the name of a limit');
    const number = value === undefined ? -1 : options.limitValue(value);
    return this.#do((connection) => connection.limit(options.LIMITS[name], number));
  }

  /** Path of a database's file, null if it has none. @param {string} [dbName="main"] */
  async location(dbName = 'main') {
    checkString('dbName', dbName);
    return this.#do((connection) => connection.location(dbName));
  }

  /** Begins to record changes. @param {{table?: string, db?: string}} [given] @returns {Promise<Session>} */
  async createSession(given) {
    const read = options.optionsObject(given);
    const table = options.stringOption(read, 'table', undefined);
    const name = options.stringOption(read, 'db', 'main');
    const handle = await this.#do((connection) => connection.createSession(table, name));
    return createSession(this.#shared.channel, handle, this.#call);
  }

  /** Makes the changes that a session has recorded. @returns {Promise<boolean>} false if it was aborted */
  async applyChangeset(changeset, given) {
    if (!(changeset instanceof Uint8Array)) throw errors.argumentType('changeset', 'a Uint8Array');
    const read = options.optionsObject(given);
    const onConflict = options.functionOption(read, 'onConflict', undefined);
    const filter = options.functionOption(read, 'filter', undefined);
    return this.#do((connection) => connection.applyChangeset(changeset, filter, onConflict));
  }

  /** A database as bytes, those that its file would have. @returns {Promise<Uint8Array>} */
  async serialize(dbName = 'main') {
    checkString('dbName', dbName);
    return this.#do((connection) => connection.serialize(dbName));
  }

  /** Puts a database in memory in the place of one of the connection's; statements are finalized. */
  async deserialize(buffer, given) {
    if (!(buffer instanceof Uint8Array)) throw errors.argumentType('buffer', 'a Uint8Array');
    if (buffer.length === 0) throw errors.argumentValue('The "buffer" argument must not be empty.');
    const name = options.stringOption(options.optionsObject(given), 'dbName', 'main');
    await this.#do((connection) => {
      this.#shared.channel.epoch++;
      return connection.deserialize(buffer, name);
    });
  }

  /**
   * Copies the database to a file while it may be used.
   *
   * @param {string|Uint8Array|URL} path
   * @param {object} [given] as backup()'s of node:sqlite
   * @returns {Promise<number>} the number of pages
   */
  async backup(path, given) {
    return copyDatabase(this.#shared.channel.connection, path, given);
  }

  /**
   * Closes the database, after the calls and the transactions that are under way. Nothing can be called afterwards.
   *
   * @returns {Promise<void>}
   * @throws {Error} (rejection) ERR_INVALID_STATE if it is not open, or in a transaction's function
   */
  async close() {
    await this.#shared.channel.close(this.#call);
  }

  /** The same, for `await using`; nothing if it is closed. */
  async [ASYNC_DISPOSE]() {
    if (this.isOpen) await this.close();
  }
}

module.exports = Database;
