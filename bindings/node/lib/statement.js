// SPDX-License-Identifier: Apache-2.0
'use strict';
const { RowBuilder, hasMore, PLUCK, EXPAND, RAW } = require('./rows');

const COLUMN_FIELDS = 5; // as in src/statement.c

/** Rows of a statement, one at a time. Ends by itself after the last row, by `return()`, or by leaving `for ... of`. */
class RowIterator {
  #native;
  #builder;

  constructor(statement, native, builder) {
    this.#native = native;
    this.#builder = builder;
    Object.defineProperty(this, 'statement', { value: statement, enumerable: true });
  }

  next() {
    const cells = this.#native ? this.#native.next() : undefined;
    if (cells !== undefined) return { value: this.#builder.one(cells), done: false };
    this.#native = null;
    return { value: undefined, done: true };
  }

  return() {
    if (this.#native) this.#native.stop();
    this.#native = null;
    return { value: undefined, done: true };
  }

  [Symbol.iterator]() {
    return this;
  }
}

/**
 * A prepared statement, made by `db.prepare()`. It belongs to its database and ends when that is closed.
 *
 * Parameters of `run`, `get`, `all`, `iterate` and `bind` are values (`?`), arrays of values, and at most one plain
 * object of named values (`:name`, `@name`, `$name`), in any order. A value is a number, string, bigint, Buffer or
 * other typed array, null or undefined (NULL).
 *
 * Errors common to them: `TypeError` for a value SQLite has no type for, a closed or busy database; `RangeError` for
 * too few, too many or missing parameters and for a bigint of more than 64 bits; `SqliteError` for what the database
 * refuses.
 *
 * @property {Database} database the connection
 * @property {string} source the text
 * @property {boolean} reader whether it gives rows
 * @property {boolean} readonly whether it leaves the database unchanged
 * @property {boolean} busy whether an iterator of it is open
 */
class Statement {
  #native;
  #builder;

  constructor(native, database, source) {
    if (native === undefined || database === undefined)
      throw new TypeError('Statements can only be constructed by the db.prepare() method');
    this.#native = native;
    this.#builder = new RowBuilder(() => this.#columns());
    Object.defineProperties(this, {
      reader: { value: native.reader, enumerable: true },
      readonly: { value: native.readonly, enumerable: true },
      source: { value: source, enumerable: true },
      database: { value: database, enumerable: true },
    });
  }

  get busy() {
    return this.#native.busy;
  }

  /**
   * Executes the statement and throws its rows away.
   *
   * @param {...*} parameters
   * @returns {{changes: number, lastInsertRowid: number|bigint}} rows changed, and the rowid of the last row inserted
   *   through this connection (a bigint with `safeIntegers()`)
   * @throws {SqliteError|TypeError|RangeError}
   * @example
   * const { lastInsertRowid } = db.prepare('INSERT INTO cats (name) VALUES (?)').run('Joey');
   */
  run(...parameters) {
    const [changes, lastInsertRowid] = this.#native.run(parameters);
    return { changes, lastInsertRowid };
  }

  /**
   * Executes the statement and gives its first row.
   *
   * @param {...*} parameters
   * @returns {object|undefined} the row, undefined if there is none
   * @throws {SqliteError|TypeError|RangeError} TypeError also for a statement that gives no rows
   * @example
   * const cat = db.prepare('SELECT * FROM cats WHERE name = ?').get('Joey');
   */
  get(...parameters) {
    const cells = this.#native.get(parameters, this.#builder.mode);
    return cells === undefined ? undefined : this.#builder.one(cells);
  }

  /**
   * Executes the statement and gives all its rows.
   *
   * @param {...*} parameters
   * @returns {object[]} an empty array if there are none
   * @throws {SqliteError|TypeError|RangeError} as get()
   * @example
   * const adults = db.prepare('SELECT * FROM cats WHERE age > @age').all({ age: 1 });
   */
  all(...parameters) {
    const rows = [];
    let cells = this.#native.all(parameters, this.#builder.mode);
    this.#builder.append(rows, cells);
    while (hasMore(cells)) {
      cells = this.#native.more();
      this.#builder.append(rows, cells);
    }
    return rows;
  }

  /**
   * Executes the statement row by row. Until the iterator is finished nothing can be written through the connection.
   *
   * @param {...*} parameters
   * @returns {RowIterator}
   * @throws {SqliteError|TypeError|RangeError} as get()
   * @example
   * for (const cat of db.prepare('SELECT * FROM cats').iterate()) console.log(cat.name);
   */
  iterate(...parameters) {
    this.#native.iterate(parameters, this.#builder.mode);
    return new RowIterator(this, this.#native, this.#builder);
  }

  /**
   * Binds parameters for good: the execution methods then take none.
   *
   * @param {...*} parameters
   * @returns {this}
   * @throws {TypeError|RangeError} also when called twice
   * @example
   * const joey = db.prepare('SELECT * FROM cats WHERE name = ?').bind('Joey');
   */
  bind(...parameters) {
    this.#native.bind(parameters);
    return this;
  }

  /**
   * Makes rows the value of their first column.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError} if the statement gives no rows, or is busy
   * @example
   * const names = db.prepare('SELECT name FROM cats').pluck().all();
   */
  pluck(...toggle) {
    return this.#setMode('pluck', PLUCK, toggle);
  }

  /**
   * Makes rows objects of objects, one per table; `$` holds the columns that are of none.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError} if the statement gives no rows, or is busy
   * @example
   * const { cats, owners } = db.prepare('SELECT * FROM cats JOIN owners ON owner = owners.id').expand().get();
   */
  expand(...toggle) {
    return this.#setMode('expand', EXPAND, toggle);
  }

  /**
   * Makes rows arrays of values.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError} if the statement gives no rows, or is busy
   * @example
   * const [[name, age]] = db.prepare('SELECT name, age FROM cats').raw().all();
   */
  raw(...toggle) {
    return this.#setMode('raw', RAW, toggle);
  }

  /**
   * Makes integers bigints, so that none is rounded.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError} if the statement is busy
   * @example
   * const id = db.prepare('SELECT id FROM cats').safeIntegers().pluck().get(); // 1n
   */
  safeIntegers(...toggle) {
    this.#native.safeIntegers(...toggle);
    return this;
  }

  /**
   * What the columns of the rows are.
   *
   * @returns {Array<{name: string, column: string|null, table: string|null, database: string|null, type: string|null}>}
   * @throws {TypeError} if the statement gives no rows, or the database is closed
   * @example
   * db.prepare('SELECT age AS years FROM cats').columns()[0].column; // 'age'
   */
  columns() {
    if (!this.reader) throw new TypeError('The columns() method is only for statements that return data');
    return this.#columns();
  }

  /**
   * The text of the statement, with the values given to bind() in place.
   *
   * @returns {string}
   * @example
   * String(db.prepare('SELECT ?').bind('x')); // "SELECT 'x'"
   */
  toString() {
    const expanded = this.#native.expanded();
    return expanded === null ? this.source : expanded;
  }

  #columns() {
    const fields = this.#native.columns();
    const columns = [];
    for (let i = 0; i < fields.length; i += COLUMN_FIELDS) {
      const [name, column, table, database, type] = fields.slice(i, i + COLUMN_FIELDS);
      columns.push({ name, column, table, database, type });
    }
    return columns;
  }

  #setMode(method, mode, toggle) {
    if (!this.reader) throw new TypeError(`The ${method}() method is only for statements that return data`);
    this.#native.checkIdle();
    const use = toggle.length ? toggle[0] : true;
    if (typeof use !== 'boolean') throw new TypeError('Expected first argument to be a boolean');
    this.#builder.setMode(mode, use);
    return this;
  }
}

module.exports = Statement;
