// SPDX-License-Identifier: Apache-2.0
'use strict';
const fs = require('fs');
const path = require('path');
const functions = require('./functions');
const handle = require('./handle');
const native = require('./native');
const { booleanOption, parse } = require('./options');
const Statement = require('./statement');

// The numbers of enum prepare_mode in src/addon.h.
const PLAIN = 0;
const PRAGMA = 1;
const EXPLAIN = 2;

const isServer = (filename, options) =>
  /^postgres(ql)?:\/\//.test(filename) || (options.mode || process.env.HELIOSDB_MODE) === 'daemon';

function checkDirectory(filename, options) {
  if (filename.startsWith('file:') || isServer(filename, options)) return;
  if (!fs.existsSync(path.dirname(filename)))
    throw new TypeError('Cannot open database because the directory does not exist');
}

/**
 * A connection to a database. May be called without `new`.
 *
 * The file at `filename` is an ordinary SQLite database, whose rows are kept by a HeliosDB Nano engine beside it
 * (`<filename>-heliosdb/`); with `mode: 'daemon'` they are kept by the server that `dsn` names.
 *
 * @param {string|Buffer} [filename=''] path, ':memory:', '' (a temporary database), a `postgresql://` DSN, or the bytes
 *   of an SQLite database, which is kept in memory then
 * @param {object} [options]
 * @param {boolean} [options.readonly=false] open for reading only
 * @param {boolean} [options.fileMustExist=false] fail if there is no such file
 * @param {number} [options.timeout=5000] milliseconds to wait for a lock (and, in daemon mode, to connect)
 * @param {Function} [options.verbose] called with the text of every statement before it runs
 * @param {string} [options.mode] 'embedded' or 'daemon'
 * @param {string} [options.dsn] libpq connection string for daemon mode
 * @param {string|object} [options.nativeBinding] path or exports of another compiled addon
 * @throws {TypeError} for arguments of the wrong type and a directory that does not exist
 * @throws {RangeError} for a timeout out of range
 * @throws {SqliteError} if the database can't be opened: no engine, no server, wrong password, not a database
 * @example
 * const Database = require('heliosdb-sqlite');
 * const db = new Database('app.db');
 * db.exec('CREATE TABLE IF NOT EXISTS cats (name TEXT PRIMARY KEY, age INTEGER)');
 * db.prepare('INSERT OR REPLACE INTO cats VALUES (?, ?)').run('Joey', 2);
 * console.log(db.prepare('SELECT * FROM cats').all());
 * db.close();
 */
function Database(filename, options) {
  if (new.target === undefined) return new Database(filename, options);
  const content = Buffer.isBuffer(filename) ? filename : null;
  if (content) filename = ':memory:';
  if (filename == null) filename = '';
  if (options == null) options = {};
  if (typeof filename !== 'string') throw new TypeError('Expected first argument to be a string');
  const binding = options.nativeBinding;
  if (binding != null && typeof binding !== 'string' && typeof binding !== 'object')
    throw new TypeError('Expected the "nativeBinding" option to be a string or addon object');
  const addon = native.load(binding);
  const { readonly, verbose, settings } = parse(options, addon.configKeys);
  const target = filename.trim();
  const memory = target === '' || target === ':memory:';
  if (readonly && memory && !content) throw new TypeError('In-memory/temporary databases cannot be readonly');
  if (!memory) checkDirectory(target, options);
  const opened = new addon.Database(target, content ? withoutOpen(settings) : settings, verbose);
  if (content) fillWith(opened, content, readonly);
  Object.defineProperties(this, {
    [handle]: { value: opened },
    name: { value: filename, enumerable: true },
    open: { get: () => this[handle].open, enumerable: true },
    inTransaction: { get: () => this[handle].inTransaction, enumerable: true },
    readonly: { value: readonly, enumerable: true },
    memory: { value: memory, enumerable: true },
  });
}

/** A database in memory that will be readonly has to be filled first. */
function withoutOpen(settings) {
  const at = settings.indexOf('open');
  return [...settings.slice(0, at), ...settings.slice(at + 2)];
}

function fillWith(opened, content, readonly) {
  try {
    opened.deserialize(content);
    if (readonly) opened.exec('PRAGMA query_only = ON');
  } catch (error) {
    opened.close();
    throw error;
  }
}

function requireString(value) {
  if (typeof value !== 'string') throw new TypeError('Expected first argument to be a string');
}

const methods = {
  /**
   * Prepares a statement.
   *
   * @param {string} sql one statement
   * @returns {Statement}
   * @throws {TypeError} if `sql` is not a string or the database is closed
   * @throws {RangeError} if `sql` has no statement, or more than one
   * @throws {SqliteError} if SQLite does not accept it
   * @example
   * const insert = db.prepare('INSERT INTO cats VALUES (@name, @age)');
   * insert.run({ name: 'Joey', age: 2 });
   */
  prepare(sql) {
    requireString(sql);
    return new Statement(this[handle].prepare(sql, PLAIN), this, sql);
  },

  /**
   * Runs every statement of a script; rows are thrown away.
   *
   * @param {string} sql
   * @returns {this}
   * @throws {TypeError} if `sql` is not a string or the database is closed
   * @throws {SqliteError} of the statement that failed; those before it have taken effect
   * @example
   * db.exec(fs.readFileSync('schema.sql', 'utf8'));
   */
  exec(sql) {
    requireString(sql);
    this[handle].exec(sql);
    return this;
  },

  transaction: require('./transaction'),

  /**
   * Runs a PRAGMA.
   *
   * @param {string} source what follows the word PRAGMA
   * @param {{simple?: boolean}} [options] simple: the first column of the first row instead of all rows
   * @returns {*}
   * @throws {TypeError|SqliteError}
   * @example
   * db.pragma('foreign_keys = ON');
   * db.pragma('user_version', { simple: true }); // 0
   */
  pragma(source, options) {
    if (options == null) options = {};
    requireString(source);
    if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
    const simple = booleanOption(options, 'simple');
    const sql = `PRAGMA ${source}`;
    const statement = new Statement(this[handle].prepare(sql, PRAGMA), this, sql);
    return simple ? statement.pluck().get() : statement.all();
  },

  /**
   * SQLite's explanation of a statement, whose parameters need no values.
   *
   * @param {string} sql a statement, or `QUERY PLAN` and a statement
   * @returns {object[]} rows of EXPLAIN or EXPLAIN QUERY PLAN
   * @throws {TypeError|SqliteError}
   * @example
   * db.explain('QUERY PLAN SELECT * FROM cats WHERE name = ?')[0].detail;
   */
  explain(sql) {
    requireString(sql);
    const source = `EXPLAIN ${sql}`;
    return new Statement(this[handle].prepare(source, EXPLAIN), this, source).all();
  },

  /**
   * Tells where a statement would run, what would go to the engine, and why.
   *
   * @param {string} sql one statement
   * @returns {{lane: string, sends: string, why: string}} lane: 'replica', 'commit', 'direct', 'rows', 'engine' or
   *   'session', as hdb_explain() in the C library describes them
   * @throws {TypeError|SqliteError}
   * @example
   * db.explainLane('SELECT * FROM cats').lane; // 'replica'
   */
  explainLane(sql) {
    requireString(sql);
    const result = {};
    for (const line of this[handle].explain(sql).split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) result[line.slice(0, colon)] = line.slice(colon + 2);
    }
    return result;
  },

  /**
   * Waits until everything committed is in the engine's own tables, where other clients read it.
   *
   * @returns {this}
   * @throws {TypeError|SqliteError}
   * @example
   * db.flush();
   */
  flush() {
    this[handle].flush();
    return this;
  },

  /**
   * Compares the database file with the engine's tables, value by value.
   *
   * @returns {{count: number, message: string}|null} the differences, null if there are none
   * @throws {TypeError|SqliteError} SqliteError if the comparison could not be made
   * @example
   * assert.equal(db.verify(), null);
   */
  verify() {
    const differences = this[handle].verify();
    return differences && { count: differences[0], message: differences[1] };
  },

  /**
   * A libpq connection string of the engine, for psql and other PostgreSQL clients of the same user.
   *
   * @returns {string}
   * @throws {TypeError|SqliteError}
   * @example
   * spawnSync('psql', [db.engineDsn, '-c', 'SELECT count(*) FROM cats'], { stdio: 'inherit' });
   */
  get engineDsn() {
    return this[handle].engineDsn();
  },

  /**
   * Closes the connection, after its rows have been brought to the engine's tables. Nothing happens if it is closed.
   *
   * @returns {this}
   * @throws {TypeError} while an iterator is open
   * @throws {SqliteError} if the engine could not be waited for: the connection is closed then, and nothing is lost
   * @example
   * process.on('exit', () => db.close());
   */
  close() {
    this[handle].close();
    return this;
  },

  /**
   * Makes integers bigints in statements prepared from now on.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError}
   * @example
   * db.defaultSafeIntegers().prepare('SELECT 1 AS one').get(); // { one: 1n }
   */
  defaultSafeIntegers(...toggle) {
    this[handle].defaultSafeIntegers(...toggle);
    return this;
  },

  /**
   * Allows writing while an iterator is open.
   *
   * @param {boolean} [toggle=true]
   * @returns {this}
   * @throws {TypeError}
   * @example
   * db.unsafeMode();
   */
  unsafeMode(...toggle) {
    this[handle].unsafeMode(...toggle);
    return this;
  },

  function: functions.function,
  aggregate: functions.aggregate,
  table: require('./table'),
  backup: require('./backup'),

  /**
   * The content of a database as the bytes of an SQLite file, which `new Database()` takes.
   *
   * @param {{attached?: string}} [options] attached: the database ('main')
   * @returns {Buffer}
   * @throws {TypeError|SqliteError}
   * @example
   * const copy = new Database(db.serialize()); // in memory
   */
  serialize(options) {
    if (options == null) options = {};
    if (typeof options !== 'object') throw new TypeError('Expected first argument to be an options object');
    const attached = 'attached' in options ? options.attached : 'main';
    if (typeof attached !== 'string') throw new TypeError('Expected the "attached" option to be a string');
    if (!attached) throw new TypeError('The "attached" option cannot be an empty string');
    return this[handle].serialize(attached);
  },

  /**
   * Loads an extension of SQLite.
   *
   * @param {string} path the shared library; a suffix may be left out
   * @param {string} [entryPoint] name of its function to call; SQLite finds it if it is left out
   * @returns {this}
   * @throws {TypeError} for arguments of the wrong type, and while a statement runs
   * @throws {SqliteError} with the linker's message
   * @example
   * db.loadExtension('./spellfix');
   */
  loadExtension(path, ...entryPoint) {
    requireString(path);
    if (entryPoint.length && typeof entryPoint[0] !== 'string')
      throw new TypeError('Expected second argument to be a string');
    this[handle].loadExtension(path, ...entryPoint.slice(0, 1));
    return this;
  },
};

for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(methods)))
  Object.defineProperty(Database.prototype, name, { ...descriptor, enumerable: false });

Object.defineProperty(Database.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(depth, options, inspect) {
    const { name, open, inTransaction, readonly, memory } = this;
    return `${this.constructor.name} ${inspect({ name, open, inTransaction, readonly, memory }, options)}`;
  },
});

module.exports = Database;
