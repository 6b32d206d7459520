// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('./errors');
const { stateOf } = require('./internals');

let creating = false;

/**
 * Keeps the statements of template literals, those used last; made by `database.createTagStore()`.
 *
 * @example
 * const sql = db.createTagStore();
 * const cat = sql.get`SELECT age FROM cats WHERE name = ${name}`;
 */
class SQLTagStore {
  #database;
  #capacity;
  #statements = new Map(); // text -> { statement, epoch of the database when it was made }

  constructor(database, capacity) {
    if (!creating) throw errors.illegalConstructor();
    this.#database = database;
    this.#capacity = capacity;
  }

  #statement(strings) {
    if (!this.#database.isOpen) throw errors.state('database is not open');
    if (!Array.isArray(strings)) throw errors.typeOf('First argument must be an array of strings (template literal).');
    const text = strings.join('?');
    const { epoch } = stateOf(this.#database);
    let kept = this.#statements.get(text);
    if (kept) this.#statements.delete(text);
    if (kept?.epoch !== epoch) kept = { epoch, statement: this.#database.prepare(text) };
    this.#statements.set(text, kept);
    if (this.#statements.size > this.#capacity) this.#statements.delete(this.#statements.keys().next().value);
    return kept.statement;
  }

  /**
   * Every row of a query.
   *
   * @param {string[]} strings of the template literal
   * @param {...*} values
   * @returns {object[]}
   */
  all(strings, ...values) {
    return this.#statement(strings).all(...values);
  }

  /** The first row of a query, or undefined. */
  get(strings, ...values) {
    return this.#statement(strings).get(...values);
  }

  /** The rows of a query, one by one. */
  iterate(strings, ...values) {
    return this.#statement(strings).iterate(...values);
  }

  /** Runs a statement for what it changes. */
  run(strings, ...values) {
    return this.#statement(strings).run(...values);
  }

  /** Number of statements that are kept. */
  get size() {
    return this.#statements.size;
  }

  /** Most statements that are kept. */
  get capacity() {
    return this.#capacity;
  }

  /** The database. */
  get db() {
    return this.#database;
  }

  /** Forgets the statements. */
  clear() {
    this.#statements.clear();
  }
}

function createTagStore(database, capacity) {
  creating = true;
  try {
    return new SQLTagStore(database, capacity);
  } finally {
    creating = false;
  }
}

module.exports = { SQLTagStore, createTagStore };
