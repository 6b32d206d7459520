// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('./errors');
const { Parameters, isNamed } = require('./parameters');
const { RowBuilder } = require('./rows');

const READ_BIGINTS = 1; // enum read_flags in src/connection.h
const DISPOSE = Symbol.dispose ?? Symbol.for('nodejs.dispose');
const NONE = [];
/** SQLite's numbers of the counters of a statement (SQLITE_STMTSTATUS_*). */
const COUNTERS = {
  fullscanStep: 1,
  sort: 2,
  autoindex: 3,
  vmStep: 4,
  reprepare: 5,
  run: 6,
  filterMiss: 7,
  filterHit: 8,
  memused: 99,
};

/** Makes a statement; what database-sync.js calls, since the constructor is not for users. */
let creating = false;

/** The rows of a statement, one at a time. An Iterator of JavaScript's where there is that class. */
class Rows extends (globalThis.Iterator ?? Object) {
  #next;
  #stop;
  #done = false;

  constructor(next, stop) {
    super();
    this.#next = next;
    this.#stop = stop;
  }

  next() {
    if (this.#done) return { __proto__: null, done: true, value: null };
    const value = this.#next();
    this.#done = value === undefined;
    return this.#done ? { __proto__: null, done: true, value: null } : { __proto__: null, done: false, value };
  }

  return() {
    if (!this.#done) this.#stop();
    this.#done = true;
    return { __proto__: null, done: true, value: null };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/**
 * A prepared statement, made by `database.prepare()`.
 *
 * The methods that run it take values: first, if there is one, an object of named values, then those of the other
 * parameters in order. A value is null, a number, a bigint, a boolean (which is an integer), a string, or bytes: a typed
 * array, a DataView or an ArrayBuffer.
 */
class StatementSync {
  #database; // { connection, epoch }: what it shares with the DatabaseSync
  #handle;
  #epoch;
  #parameters;
  #options;
  #rows = new RowBuilder();
  #runs = 0;

  constructor(database, handle, names, options) {
    if (!creating) throw errors.illegalConstructor();
    this.#database = database;
    this.#handle = handle;
    this.#epoch = database.epoch;
    this.#parameters = new Parameters(names);
    this.#options = options;
  }

  /** The native connection; throws if the statement is finalized. */
  #connection() {
    if (this.#handle === null || this.#epoch !== this.#database.epoch)
      throw errors.state('statement has been finalized');
    return this.#database.connection;
  }

  #execute(method, values) {
    const connection = this.#connection();
    const { readBigInts, allowBareNamedParameters, allowUnknownNamedParameters } = this.#options;
    let named;
    if (values.length > 0 && isNamed(values[0])) {
      named = this.#parameters.resolve(values[0], allowBareNamedParameters, allowUnknownNamedParameters);
      values = values.length > 1 ? values.slice(1) : NONE;
    }
    this.#runs++;
    return connection[method](this.#handle, values, named, readBigInts ? READ_BIGINTS : 0);
  }

  /**
   * Runs the statement and gives every row.
   *
   * @param {...*} values
   * @returns {object[]} rows: objects without a prototype, or arrays
   * @throws {Error} ERR_SQLITE_ERROR, ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   * @example
   * db.prepare('SELECT name FROM cats WHERE age > ?').all(2); // [{ name: 'Joey' }]
   */
  all(...values) {
    return this.#rows.all(this.#execute('all', values), this.#options.returnArrays);
  }

  /**
   * Runs the statement and gives its first row.
   *
   * @param {...*} values
   * @returns {object|undefined} the row; undefined if there is none
   * @throws {Error} as all()
   * @example
   * db.prepare('SELECT age FROM cats WHERE name = $name').get({ name: 'Joey' }); // { age: 2 }
   */
  get(...values) {
    const cells = this.#execute('get', values);
    return cells === undefined ? undefined : this.#rows.one(cells, this.#options.returnArrays);
  }

  /**
   * Runs the statement and gives its rows one by one. Running it again ends the iteration.
   *
   * @param {...*} values
   * @returns {Iterator<object>}
   * @throws {Error} as all(); `next()` also ERR_INVALID_STATE if the statement was run again
   * @example
   * for (const { name } of db.prepare('SELECT name FROM cats').iterate()) console.log(name);
   */
  iterate(...values) {
    this.#execute('start', values);
    const run = this.#runs;
    const check = () => {
      const connection = this.#connection();
      if (run !== this.#runs) throw errors.state('iterator was invalidated');
      return connection;
    };
    const next = () => {
      const { readBigInts, returnArrays } = this.#options;
      const cells = check().next(this.#handle, 1, readBigInts ? READ_BIGINTS : 0);
      return cells === undefined ? undefined : this.#rows.one(cells, returnArrays);
    };
    return new Rows(next, () => check().stop(this.#handle));
  }

  /**
   * Runs the statement for what it changes.
   *
   * @param {...*} values
   * @returns {{changes: number|bigint, lastInsertRowid: number|bigint}}
   * @throws {Error} as all()
   * @example
   * db.prepare('INSERT INTO cats VALUES (?, ?)').run('Joey', 2); // { changes: 1, lastInsertRowid: 1 }
   */
  run(...values) {
    const [changes, lastInsertRowid] = this.#execute('run', values);
    return { changes, lastInsertRowid };
  }

  /**
   * What the columns of the rows are.
   *
   * @returns {Array<{column: string|null, database: string|null, name: string, table: string|null, type: string|null}>}
   * @throws {Error} ERR_INVALID_STATE if the statement is finalized
   */
  columns() {
    const fields = this.#connection().columns(this.#handle);
    const columns = [];
    for (let i = 0; i < fields.length; i += 5) {
      const [column, database, name, table, type] = fields.slice(i, i + 5);
      columns.push({ __proto__: null, column, database, name, table, type });
    }
    return columns;
  }

  /** The statement's text. */
  get sourceSQL() {
    return this.#connection().sql(this.#handle);
  }

  /** The statement's text with the values of its last run in place of the parameters. */
  get expandedSQL() {
    return this.#connection().expandedSQL(this.#handle);
  }

  /**
   * One of SQLite's counters of the statement.
   *
   * @param {string} counter fullscanStep, sort, autoindex, vmStep, reprepare, run, filterMiss, filterHit or memused
   * @returns {number}
   * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   */
  stat(counter) {
    const connection = this.#connection();
    if (typeof counter !== 'string') throw errors.argumentType('counter', 'a string');
    if (!Object.hasOwn(COUNTERS, counter))
      throw errors.argumentValue('The "counter" argument is not a valid statistic name.');
    return connection.status(this.#handle, COUNTERS[counter], 0);
  }

  /** Sets the counters back. */
  resetStats() {
    const connection = this.#connection();
    for (const number of Object.values(COUNTERS)) connection.status(this.#handle, number, 1);
  }

  #set(key, name, value) {
    this.#connection();
    if (typeof value !== 'boolean') throw errors.argumentType(name, 'a boolean');
    this.#options = { ...this.#options, [key]: value };
  }

  /** @param {boolean} enabled whether integers are given as bigints */
  setReadBigInts(enabled) {
    this.#set('readBigInts', 'readBigInts', enabled);
  }

  /** @param {boolean} enabled whether rows are arrays */
  setReturnArrays(enabled) {
    this.#set('returnArrays', 'returnArrays', enabled);
  }

  /** @param {boolean} enabled whether names of parameters may lack their prefix */
  setAllowBareNamedParameters(enabled) {
    this.#set('allowBareNamedParameters', 'allowBareNamedParameters', enabled);
  }

  /** @param {boolean} enabled whether named values that the statement has no parameter for are passed over */
  setAllowUnknownNamedParameters(enabled) {
    this.#set('allowUnknownNamedParameters', 'enabled', enabled);
  }

  /**
   * Finalizes the statement.
   *
   * @throws {Error} ERR_INVALID_STATE if it is finalized
   */
  close() {
    const connection = this.#connection();
    const handle = this.#handle;
    this.#handle = null;
    connection.finalize(handle);
  }

  /** Finalizes the statement unless it is. */
  [DISPOSE]() {
    if (this.#handle !== null && this.#epoch === this.#database.epoch) this.close();
  }
}

/** @returns {StatementSync} */
function createStatement(...parts) {
  creating = true;
  try {
    return new StatementSync(...parts);
  } finally {
    creating = false;
  }
}

module.exports = { DISPOSE, StatementSync, createStatement };
