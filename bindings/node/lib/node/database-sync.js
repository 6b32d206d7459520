// SPDX-License-Identifier: Apache-2.0
'use strict';
const native = require('../native');
const errors = require('./errors');
const { aggregateArguments, functionArguments } = require('./functions');
const { setState } = require('./internals');
const options = require('./options');
const { createSession } = require('./session');
const { DISPOSE, createStatement } = require('./statement-sync');
const { createTagStore } = require('./tag-store');

const { constants } = native.load(); // enum hdb_db_config_option
const DEFAULT_TAGS = 1000;

function checkString(name, value) {
  if (typeof value !== 'string') throw errors.argumentType(name, 'a string');
}

/** The limits of a database, to be read and set; what `database.limits` is. */
function makeLimits(connection) {
  const limits = { __proto__: null };
  for (const [name, number] of Object.entries(options.LIMITS))
    Object.defineProperty(limits, name, {
      enumerable: true,
      get: () => connection().limit(number, -1),
      set: (value) => {
        const open = connection();
        open.limit(number, options.limitValue(value));
      },
    });
  return Object.freeze(limits);
}

class Database {
  #path;
  #options;
  #state = { connection: null, epoch: 0 };
  #limits = null;

  constructor(path, given) {
    this.#path = options.pathOf(path);
    this.#options = options.databaseOptions(given, native.load().configKeys);
    setState(this, this.#state);
    if (this.#options.open) this.open();
  }

  #connection() {
    if (!this.#state.connection) throw errors.state('database is not open');
    return this.#state.connection;
  }

  /** Whether the database is open. */
  get isOpen() {
    return this.#state.connection !== null;
  }

  /** Whether a transaction is open. */
  get isTransaction() {
    return this.#connection().inTransaction;
  }

  /** SQLite's limits: properties that can be read and set, Infinity for the largest value. */
  get limits() {
    this.#limits ??= makeLimits(() => this.#connection());
    return this.#limits;
  }

  /**
   * Opens the database, which was made with `open: false` or was closed.
   *
   * @throws {Error} ERR_INVALID_STATE if it is open, ERR_SQLITE_ERROR if it can't be opened
   */
  open() {
    if (this.#state.connection) throw errors.state('database is already open');
    const connection = new (native.load().Connection)(false);
    options.openConnection(connection, this.#path, this.#options);
    this.#state.connection = connection;
  }

  /**
   * Closes the database; its statements are finalized.
   *
   * @throws {Error} ERR_INVALID_STATE if it is not open
   */
  close() {
    const connection = this.#connection();
    if (connection.isBusy) throw errors.state('database cannot be closed while in a callback');
    this.#state.connection = null;
    this.#state.epoch++;
    connection.close();
  }

  /** Closes the database unless it is. */
  [DISPOSE]() {
    if (this.#state.connection) this.close();
  }

  /**
   * Runs every statement of a text, and throws rows away.
   *
   * @param {string} sql
   * @throws {Error} ERR_SQLITE_ERROR, with `errcode` and `errstr`; ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   */
  exec(sql) {
    const connection = this.#connection();
    checkString('sql', sql);
    connection.exec(sql);
  }

  /**
   * Compiles a statement.
   *
   * @param {string} sql
   * @param {{readBigInts?: boolean, returnArrays?: boolean, allowBareNamedParameters?: boolean,
   *   allowUnknownNamedParameters?: boolean}} [given] what the database says if left out
   * @returns {StatementSync}
   * @throws {Error} ERR_SQLITE_ERROR, ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   * @example
   * const cat = db.prepare('SELECT * FROM cats WHERE name = ?').get('Joey');
   */
  prepare(sql, given) {
    const connection = this.#connection();
    checkString('sql', sql);
    const chosen = options.statementOptions(options.optionsObject(given), this.#options.statement);
    const made = connection.prepare(sql);
    if (made === null) throw errors.noStatement();
    return createStatement(this.#state, ...made, chosen);
  }

  /**
   * Makes a function that SQL can call.
   *
   * @param {string} name
   * @param {{deterministic?: boolean, directOnly?: boolean, useBigIntArguments?: boolean, varargs?: boolean}} [given]
   * @param {Function} fn its result is a value, or undefined for NULL
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_SQLITE_ERROR
   * @example
   * db.function('shout', (text) => text.toUpperCase());
   */
  function(name, ...rest) {
    const connection = this.#connection();
    connection.createFunction(...functionArguments(name, rest));
  }

  /**
   * Makes an aggregate function, with `inverse` one that works in windows too.
   *
   * @param {string} name
   * @param {{start: *, step: Function, result?: Function, inverse?: Function, deterministic?: boolean,
   *   directOnly?: boolean, useBigIntArguments?: boolean, varargs?: boolean}} given `start`: the state of a group before
   *   its first row, or a function that makes it; `step` and `inverse`: the state before and the values to the state after
   * @throws {Error} as function()
   * @example
   * db.aggregate('product', { start: 1, step: (product, value) => product * value });
   */
  aggregate(name, given) {
    const connection = this.#connection();
    connection.createAggregate(...aggregateArguments(name, given));
  }

  /**
   * Sets what is asked while statements are compiled.
   *
   * @param {Function|null} callback called with an action of `constants` and four texts or nulls; gives SQLITE_OK,
   *   SQLITE_DENY or SQLITE_IGNORE
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   */
  setAuthorizer(callback) {
    const connection = this.#connection();
    if (callback !== null && typeof callback !== 'function')
      throw errors.argumentType('callback', 'a function or null');
    connection.setAuthorizer(callback);
  }

  /**
   * Loads an extension of SQLite's.
   *
   * @param {string} path
   * @param {string} [entryPoint]
   * @throws {Error} ERR_INVALID_STATE if that is not allowed, ERR_LOAD_SQLITE_EXTENSION
   */
  loadExtension(path, entryPoint) {
    const connection = this.#connection();
    if (!this.#options.extensions || !this.#loadable) throw errors.state('extension loading is not allowed');
    checkString('path', path);
    if (entryPoint !== undefined) checkString('entryPoint', entryPoint);
    try {
      connection.loadExtension(path, entryPoint);
    } catch (error) {
      throw errors.extensions(error.message);
    }
  }

  #loadable = true;

  /**
   * Allows or forbids extensions; they can't be allowed if the database was not made with `allowExtension`.
   *
   * @param {boolean} allow
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   */
  enableLoadExtension(allow) {
    const connection = this.#connection();
    if (typeof allow !== 'boolean') throw errors.argumentType('allow', 'a boolean');
    if (allow && !this.#options.extensions)
      throw errors.state('Cannot enable extension loading because it was disabled at database creation.');
    this.#loadable = allow;
    connection.configure(constants.HDB_DBCONFIG_ENABLE_LOAD_EXTENSION, Number(allow));
  }

  /**
   * Switches SQLite's defensive mode.
   *
   * @param {boolean} active
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   */
  enableDefensive(active) {
    const connection = this.#connection();
    if (typeof active !== 'boolean') throw errors.argumentType('active', 'a boolean');
    connection.configure(constants.HDB_DBCONFIG_DEFENSIVE, Number(active));
  }

  /**
   * Path of a database's file.
   *
   * @param {string} [dbName="main"]
   * @returns {string|null} null if it has none
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE
   */
  location(dbName = 'main') {
    const connection = this.#connection();
    checkString('dbName', dbName);
    return connection.location(dbName);
  }

  /**
   * Begins to record changes.
   *
   * @param {{table?: string, db?: string}} [given] one table instead of all; a database other than "main"
   * @returns {Session}
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_SQLITE_ERROR
   */
  createSession(given) {
    const connection = this.#connection();
    const read = options.optionsObject(given);
    const table = options.stringOption(read, 'table', undefined);
    const database = options.stringOption(read, 'db', 'main');
    return createSession(this.#state, connection.createSession(table, database));
  }

  /**
   * Makes the changes that a session has recorded.
   *
   * @param {Uint8Array} changeset a changeset or patchset
   * @param {{filter?: Function, onConflict?: Function}} [given] `filter(table)`: whether a table's changes are made;
   *   `onConflict(kind)`: what to do about a conflict, both of `constants`; default: abort
   * @returns {boolean} false if it was aborted: nothing is changed then
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_SQLITE_ERROR
   */
  applyChangeset(changeset, given) {
    const connection = this.#connection();
    if (!(changeset instanceof Uint8Array)) throw errors.argumentType('changeset', 'a Uint8Array');
    const read = options.optionsObject(given);
    const onConflict = options.functionOption(read, 'onConflict', undefined);
    const filter = options.functionOption(read, 'filter', undefined);
    return connection.applyChangeset(changeset, filter, onConflict);
  }

  /**
   * A store of statements for template literals.
   *
   * @param {number} [maxSize=1000] most statements that are kept
   * @returns {SQLTagStore}
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  createTagStore(maxSize = DEFAULT_TAGS) {
    this.#connection();
    if (typeof maxSize !== 'number') throw errors.argumentType('maxSize', 'a positive integer');
    if (!options.isInt32(maxSize) || maxSize < 1)
      throw errors.outOfRange('The "maxSize" argument must be a positive integer.');
    return createTagStore(this, maxSize);
  }

  /**
   * A database as bytes, those that its file would have.
   *
   * @param {string} [dbName="main"]
   * @returns {Uint8Array}
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_SQLITE_ERROR
   */
  serialize(dbName = 'main') {
    const connection = this.#connection();
    checkString('dbName', dbName);
    return connection.serialize(dbName);
  }

  /**
   * Puts a database in memory in the place of one of the connection's; statements are finalized.
   *
   * @param {Uint8Array} buffer what serialize() gives
   * @param {{dbName?: string}} [given] which one: "main"
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_SQLITE_ERROR
   */
  deserialize(buffer, given) {
    const connection = this.#connection();
    if (connection.isBusy) throw errors.state('database cannot be deserialized while in a callback');
    if (!(buffer instanceof Uint8Array)) throw errors.argumentType('buffer', 'a Uint8Array');
    if (buffer.length === 0) throw errors.argumentValue('The "buffer" argument must not be empty.');
    const name = options.stringOption(options.optionsObject(given), 'dbName', 'main');
    this.#state.epoch++;
    connection.deserialize(buffer, name);
  }

  /** What tells node:sqlite's databases from others. */
  get [Symbol.for('sqlite-type')]() {
    return 'node:sqlite';
  }
}

/**
 * A database: the surface of node:sqlite, with rows kept by HeliosDB Nano. Every call runs to its end before it returns.
 *
 * @param {string|Uint8Array|URL} path of the file, or ":memory:"; a `file:` URI may have parameters
 * @param {object} [options] as node:sqlite's, and `mode`, `dsn` and the others that the README lists
 * @throws {Error} ERR_INVALID_ARG_TYPE, ERR_INVALID_URL_SCHEME, ERR_SQLITE_ERROR
 * @example
 * const { DatabaseSync } = require('heliosdb-sqlite/node');
 * const db = new DatabaseSync('app.db');
 */
function DatabaseSync() {
  if (!new.target) throw errors.constructCall();
  return Reflect.construct(Database, arguments, new.target);
}
Object.defineProperty(DatabaseSync, 'prototype', { value: Database.prototype, writable: false });
Object.defineProperty(Database.prototype, 'constructor', {
  value: DatabaseSync,
  writable: true,
  enumerable: false,
  configurable: true,
});

module.exports = DatabaseSync;
