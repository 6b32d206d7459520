// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('../node/errors');
const { Parameters, isNamed } = require('../node/parameters');
const { RowBuilder, hasMore } = require('../node/rows');
const { deadlineOf } = require('./channel');
const { scopeOf } = require('./turns');

const READ_BIGINTS = 1; // enum read_flags in src/connection.h
const DEFAULT_BATCH = 256;
const MOST_KEPT = 100;
const ASYNC_DISPOSE = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
const KEY = Symbol('only this package makes statements');

/** Throws if a statement is finalized. `shared` is what its views share. */
function check(shared) {
  if (shared.handle === null || shared.epoch !== shared.channel.epoch)
    throw errors.state('statement has been finalized');
  return shared;
}

/** Values as the addon takes them: [positional, named, flags]. */
function pack(shared, values) {
  const { parameters, options } = check(shared);
  const flags = options.readBigInts ? READ_BIGINTS : 0;
  if (values.length === 0 || !isNamed(values[0])) return [values, undefined, flags];
  const { allowBareNamedParameters, allowUnknownNamedParameters } = options;
  const named = parameters.resolve(values[0], allowBareNamedParameters, allowUnknownNamedParameters);
  return [values.slice(1), named, flags];
}

/** Runs a statement: a promise of what the addon gives. */
function executeOn(connection, shared, method, packed) {
  const { handle } = check(shared);
  shared.runs++;
  return connection[method](handle, ...packed);
}

/** What the methods give of what the addon gives. */
const RESULTS = {
  all: ({ rows, options }, cells) => rows.all(cells, options.returnArrays),
  get: ({ rows, options }, cells) => (cells === undefined ? undefined : rows.one(cells, options.returnArrays)),
  run: (_, [changes, lastInsertRowid]) => ({ changes, lastInsertRowid }),
};

/**
 * A prepared statement, made by `database.prepare()`.
 *
 * The methods that run it take values: first, if there is one, an object of named values, then those of the other
 * parameters in order. A value is null, a number, a bigint, a boolean (which is an integer), a string, or bytes; bytes are
 * copied when the method is called.
 */
class Statement {
  #shared; // what the views of one statement share
  #call;

  constructor(key, shared, call) {
    if (key !== KEY) throw errors.illegalConstructor();
    this.#shared = shared;
    this.#call = call;
  }

  /**
   * The same statement for calls that may be ended before their time.
   *
   * @param {{signal?: AbortSignal, timeout?: number, batch?: number}} options `timeout` in milliseconds, with the time
   *   that is waited for other calls; `batch`: rows that iterate() fetches at once
   * @returns {Statement}
   * @example
   * await statement.with({ timeout: 500 }).all(); // rejected with a TimeoutError if it takes longer
   */
  with(options) {
    return new Statement(KEY, this.#shared, { ...this.#call, ...options });
  }

  async #execute(method, values) {
    const { channel } = this.#shared;
    const packed = pack(this.#shared, values);
    return channel.call((connection) => executeOn(connection, this.#shared, method, packed), this.#call);
  }

  /**
   * Runs the statement and gives every row.
   *
   * @param {...*} values
   * @returns {Promise<object[]>}
   * @throws {Error} (rejection) ERR_SQLITE_ERROR, ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; AbortError
   *   or what the signal says, TimeoutError
   * @example
   * const names = await (await db.prepare('SELECT name FROM cats WHERE age > ?')).all(2);
   */
  async all(...values) {
    return RESULTS.all(this.#shared, await this.#execute('all', values));
  }

  /** Runs the statement and gives its first row, or undefined. Else as all(). */
  async get(...values) {
    return RESULTS.get(this.#shared, await this.#execute('get', values));
  }

  /** Runs the statement for what it changes. @returns {Promise<{changes, lastInsertRowid}>} */
  async run(...values) {
    return RESULTS.run(this.#shared, await this.#execute('run', values));
  }

  /**
   * The rows one by one. They are fetched some at a time, when they are asked for; what is done on the connection
   * meanwhile is done between. Running the statement again ends the iteration.
   *
   * @param {...*} values
   * @returns {AsyncGenerator<object>}
   * @throws {Error} (rejection of `next()`) as all(), ERR_INVALID_STATE if the statement was run again
   * @example
   * for await (const { name } of statement.iterate()) await greet(name);
   */
  async *iterate(...values) {
    const shared = this.#shared;
    const { batch = DEFAULT_BATCH } = this.#call;
    const flags = shared.options.readBigInts ? READ_BIGINTS : 0;
    await this.#execute('start', values);
    const run = shared.runs;
    let more = true;
    try {
      while (more) {
        const cells = await shared.channel.call((connection) => {
          const { handle } = check(shared);
          if (run !== shared.runs) throw errors.state('iterator was invalidated');
          return connection.next(handle, Math.max(batch, 2), flags);
        }, this.#call);
        more = hasMore(cells);
        yield* shared.rows.all(cells, shared.options.returnArrays);
      }
    } finally {
      if (more && run === shared.runs && shared.handle !== null && shared.channel.isOpen)
        await shared.channel.callNow((connection) => connection.stop(shared.handle));
    }
  }

  /**
   * What the columns of the rows are.
   *
   * @returns {Promise<Array<{column: string|null, database: string|null, name: string, table: string|null,
   *   type: string|null}>>}
   */
  async columns() {
    const { channel, handle } = check(this.#shared);
    const fields = await channel.call((connection) => connection.columns(handle), this.#call);
    const columns = [];
    for (let i = 0; i < fields.length; i += 5) {
      const [column, database, name, table, type] = fields.slice(i, i + 5);
      columns.push({ __proto__: null, column, database, name, table, type });
    }
    return columns;
  }

  /** The statement's text. */
  get sourceSQL() {
    return this.#shared.sql;
  }

  /** The statement's text with the values of its last run. @returns {Promise<string>} */
  async expandedSQL() {
    const { channel, handle } = check(this.#shared);
    return channel.call((connection) => connection.expandedSQL(handle), this.#call);
  }

  /** Finalizes the statement unless it is. @returns {Promise<void>} */
  async close() {
    const { channel, handle, epoch } = this.#shared;
    this.#shared.handle = null;
    if (handle !== null && epoch === channel.epoch) await channel.callNow((connection) => connection.finalize(handle));
  }

  /** The same, for `await using`. */
  [ASYNC_DISPOSE]() {
    return this.close();
  }
}

/** What the views of a statement share, of what the addon's prepare() gives. */
function shareOf(channel, sql, options, made) {
  if (made === null) throw errors.noStatement();
  const [handle, names] = made;
  return {
    channel,
    handle,
    sql,
    options,
    epoch: channel.epoch,
    parameters: new Parameters(names),
    rows: new RowBuilder(),
    runs: 0,
  };
}

/** Compiles a statement. */
async function prepareStatement(channel, sql, options, call) {
  const made = await channel.call((connection) => connection.prepare(sql), call);
  return new Statement(KEY, shareOf(channel, sql, options, made), call);
}

/** Statements by their text, those used last, so that the same text need not be compiled again. */
class KeptStatements {
  #channel;
  #options;
  #kept = new Map();

  constructor(channel, options) {
    this.#channel = channel;
    this.#options = options;
  }

  /**
   * Runs the statement of a text. Others wait while it is compiled, so that calls are done in their order.
   *
   * @param {'run'|'get'|'all'} method
   * @param {string} sql
   * @param {Array} values
   * @param {object} call `signal`, `timeout`
   */
  async execute(method, sql, values, call) {
    const channel = this.#channel;
    const scope = scopeOf(channel);
    const deadline = deadlineOf(call);
    try {
      const { shared, result } = await channel.inTurn(scope, deadline, (hold) => {
        const kept = this.#find(sql);
        if (kept) return this.#begin(kept, method, values, deadline);
        hold();
        return this.#prepare(sql, deadline)
          .then((made) => this.#begin(made, method, values, deadline))
          .finally(() => scope.leave());
      });
      return RESULTS[method](shared, await result);
    } finally {
      deadline.end();
    }
  }

  /** Runs a statement; the result is given in an object, so that it is not waited for. */
  #begin(shared, method, values, deadline) {
    const packed = pack(shared, values);
    return {
      shared,
      result: this.#channel.submit((connection) => executeOn(connection, shared, method, packed), deadline),
    };
  }

  #find(sql) {
    const kept = this.#kept.get(sql);
    if (!kept || kept.epoch !== this.#channel.epoch) return null;
    this.#kept.delete(sql);
    this.#kept.set(sql, kept);
    return kept;
  }

  async #prepare(sql, deadline) {
    const channel = this.#channel;
    const made = await channel.submit((connection) => connection.prepare(sql), deadline);
    const shared = shareOf(channel, sql, this.#options, made);
    this.#kept.set(sql, shared);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value); // finalized when it is collected
    return shared;
  }
}

module.exports = { ASYNC_DISPOSE, KeptStatements, Statement, prepareStatement };
