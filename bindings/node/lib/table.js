// SPDX-License-Identifier: Apache-2.0
'use strict';
const handle = require('./handle');

const MAX_PARAMETERS = 32;
const generatorPrototype = Object.getPrototypeOf(function* () {}); // eslint-disable-line no-empty-function
const quote = (name) => `"${name.replaceAll('"', '""')}"`;

/** Checks the definition of a table, whose errors begin alike. */
class Definition {
  constructor(object, verb, module) {
    this.object = object;
    this.module = module;
    this.start = `Virtual table module "${module}" ${verb} a table definition`;
  }

  require(key) {
    if (!Object.hasOwn(this.object, key)) throw new TypeError(`${this.start} without a "${key}" property`);
    return this.object[key];
  }

  invalid(key, wanted) {
    return new TypeError(`${this.start} with an invalid "${key}" property (should be ${wanted})`);
  }

  rows() {
    const rows = this.require('rows');
    if (typeof rows !== 'function' || Object.getPrototypeOf(rows) !== generatorPrototype)
      throw this.invalid('rows', 'a generator function');
    return rows;
  }

  strings(key, value) {
    const names = Array.isArray(value) ? [...value] : [null];
    for (const name of names) if (typeof name !== 'string') throw this.invalid(key, 'an array of strings');
    return names;
  }

  columns() {
    const columns = this.strings('columns', this.require('columns'));
    if (new Set(columns).size !== columns.length) throw new TypeError(`${this.start} with duplicate column names`);
    if (!columns.length) throw new RangeError(`${this.start} with zero columns`);
    return columns;
  }

  parameters(rows, columns) {
    const given = Object.hasOwn(this.object, 'parameters');
    const names = given ? this.strings('parameters', this.object.parameters) : numbered(rows.length);
    if (new Set(names).size !== names.length) throw new TypeError(`${this.start} with duplicate parameter names`);
    if (names.length > MAX_PARAMETERS)
      throw new RangeError(`${this.start} with more than the maximum number of ${MAX_PARAMETERS} parameters`);
    for (const name of names)
      if (columns.includes(name))
        throw new TypeError(
          `${this.start} with column "${name}" which was ambiguously defined as both a column and parameter`
        );
    return names;
  }

  boolean(key) {
    if (!Object.hasOwn(this.object, key)) return undefined;
    if (typeof this.object[key] !== 'boolean') throw this.invalid(key, 'a boolean');
    return this.object[key];
  }

  /** What src/tables.c wants of a table: [text, function that begins a scan, number of parameters, ...]. */
  parse() {
    const rows = this.rows();
    this.require('columns');
    const columns = this.columns();
    const parameters = this.parameters(rows, columns);
    const safeIntegers = this.boolean('safeIntegers');
    const directOnly = this.boolean('directOnly') === true;
    const names = [...parameters.map((name) => `${quote(name)} HIDDEN`), ...columns.map(quote)];
    const scan = scanner(rows, parameters.length, columns, this.module);
    return [`CREATE TABLE x(${names.join(', ')})`, scan, parameters.length, safeIntegers, directOnly];
  }
}

function numbered(length) {
  if (!Number.isInteger(length) || length < 0) throw new TypeError('Expected function.length to be a positive integer');
  return Array.from({ length }, (_, i) => `$${i + 1}`);
}

/** Puts a row's values behind those of the parameters. */
function fill(cells, offset, row, columns, places, module) {
  const refuse = (what) => new TypeError(`Virtual table module "${module}" yielded ${what}`);
  if (Array.isArray(row)) {
    if (row.length !== columns.length) throw refuse('a row with an incorrect number of columns');
    for (let i = 0; i < row.length; i++) cells[offset + i] = row[i];
    return;
  }
  if (typeof row !== 'object' || row === null) throw refuse("something that isn't a valid row object");
  const keys = Object.keys(row);
  for (const key of keys) {
    if (!places.has(key)) throw refuse(`a row with an undeclared column "${key}"`);
    cells[offset + places.get(key)] = row[key];
  }
  if (keys.length !== columns.length) throw refuse('a row with missing columns');
}

/** A function that begins a scan: it gives one that gives the cells of the next row, undefined after the last one. */
function scanner(rows, parameters, columns, module) {
  const places = new Map(columns.map((name, i) => [name, i]));
  return (...given) => {
    // The generator may change a Buffer that it is given; the statement goes on with what it was.
    const cells = given.map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value));
    for (let i = 0; i < columns.length; i++) cells.push(null);
    const iterator = rows(...given);
    return () => {
      const { value, done } = iterator.next();
      if (done) return undefined;
      fill(cells, parameters, value, columns, places, module);
      return cells;
    };
  };
}

/**
 * Makes a virtual table, whose rows a generator yields, or a module of such tables.
 *
 * Its parameters are hidden columns: `SELECT * FROM name(1, 2)`, or `WHERE parameter = 1`. They are those of
 * `parameters`, else as many as `rows` has, named $1, $2 and so on; one that is not given is undefined, and with a NULL
 * among them there are no rows. Rows are arrays of values, or objects with the columns' names.
 *
 * @param {string} name
 * @param {object|Function} definition `{ columns, rows, parameters, safeIntegers, directOnly }`; or a function that gives
 *   it, then `CREATE VIRTUAL TABLE t USING name(arguments)` makes tables: called with the arguments, and with `{ module,
 *   database, table }` as `this`
 * @returns {this}
 * @throws {TypeError|RangeError} for arguments of the wrong type, and while a statement runs
 * @throws {SqliteError} if SQLite refuses it
 * @example
 * db.table('sequence', {
 *   columns: ['value'],
 *   parameters: ['length'],
 *   *rows(length) {
 *     for (let i = 0; i < length; i++) yield [i];
 *   },
 * });
 * db.prepare('SELECT value FROM sequence(3)').pluck().all(); // [0, 1, 2]
 */
module.exports = function table(name, definition) {
  if (typeof name !== 'string') throw new TypeError('Expected first argument to be a string');
  if (!name) throw new TypeError('Virtual table module name cannot be an empty string');
  if (typeof definition === 'object' && definition !== null) {
    const parsed = new Definition(definition, 'used', name).parse();
    this[handle].table(name, () => parsed, true);
    return this;
  }
  if (typeof definition !== 'function')
    throw new TypeError('Expected second argument to be a function or a table definition object');
  const factory = (module, database, tableName, ...args) => {
    const made = definition.apply({ module, database, table: tableName }, args);
    if (typeof made !== 'object' || made === null)
      throw new TypeError(`Virtual table module "${module}" did not return a table definition object`);
    return new Definition(made, 'returned', module).parse();
  };
  this[handle].table(name, factory, false);
  return this;
};
