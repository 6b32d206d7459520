// SPDX-License-Identifier: Apache-2.0
'use strict';
const handle = require('./handle');
const { booleanOption } = require('./options');

// The numbers of enum hdb_function_flags.
const DETERMINISTIC = 0x800;
const DIRECT_ONLY = 0x80000;
const MAX_ARGUMENTS = 100;

function checkName(name) {
  if (typeof name !== 'string') throw new TypeError('Expected first argument to be a string');
}

function checkNotEmpty(name) {
  if (!name) throw new TypeError('User-defined function name cannot be an empty string');
}

/** What functions and aggregates have in common. */
function readOptions(options) {
  const safeIntegers = 'safeIntegers' in options ? booleanOption(options, 'safeIntegers') : undefined;
  const deterministic = booleanOption(options, 'deterministic');
  const directOnly = booleanOption(options, 'directOnly');
  const flags = (deterministic ? DETERMINISTIC : 0) | (directOnly ? DIRECT_ONLY : 0);
  return { safeIntegers, flags, varargs: booleanOption(options, 'varargs') };
}

function lengthOf(fn) {
  if (!Number.isInteger(fn.length) || fn.length < 0)
    throw new TypeError('Expected function.length to be a positive integer');
  return fn.length;
}

function checkCount(count) {
  if (count > MAX_ARGUMENTS) throw new RangeError(`User-defined functions cannot have more than ${MAX_ARGUMENTS} arguments`);
  return count;
}

/**
 * Makes a function that SQL statements of this connection can call.
 *
 * @param {string} name
 * @param {object} [options]
 * @param {boolean} [options.varargs=false] any number of arguments; else as many as `fn.length` says
 * @param {boolean} [options.deterministic=false] the same arguments give the same result: it may be used in an index
 * @param {boolean} [options.directOnly=false] it can't be used in views, triggers and the schema
 * @param {boolean} [options.safeIntegers] integers come as bigints; else as `db.defaultSafeIntegers()` says
 * @param {Function} fn gives a number, string, bigint, Buffer, null or undefined (NULL); what it throws ends the statement
 * @returns {this}
 * @throws {TypeError|RangeError} for arguments of the wrong type, and while a statement runs
 * @throws {SqliteError} if SQLite refuses it
 * @example
 * db.function('add2', (a, b) => a + b);
 * db.prepare('SELECT add2(?, ?)').pluck().get(12, 4); // 16
 */
exports.function = function defineFunction(name, options, fn) {
  if (typeof options === 'function') [options, fn] = [null, options];
  options ??= {};
  checkName(name);
  if (typeof fn !== 'function') throw new TypeError('Expected last argument to be a function');
  if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
  checkNotEmpty(name);
  const { safeIntegers, flags, varargs } = readOptions(options);
  const count = varargs ? -1 : checkCount(lengthOf(fn));
  this[handle].function(name, [fn], count, flags, safeIntegers);
  return this;
};

function optionalFunction(options, key) {
  const value = options[key] ?? null;
  if (value !== null && typeof value !== 'function') throw new TypeError(`Expected the "${key}" option to be a function`);
  return value;
}

function countOf(step, inverse) {
  const count = Math.max(lengthOf(step), inverse ? lengthOf(inverse) : 0);
  return checkCount(Math.max(count - 1, 0)); // the first one is the value so far
}

/**
 * Makes an aggregate function, which works in windows too if it has `inverse`.
 *
 * @param {string} name
 * @param {object} options as of `db.function()`, and
 * @param {Function} options.step called for each row with the value so far and the arguments; gives the next value, or
 *   undefined if that stays
 * @param {*} [options.start=null] the first value, or a function that gives it
 * @param {Function} [options.inverse] as `step`, for a row that leaves the window
 * @param {Function} [options.result] makes the result of the last value
 * @returns {this}
 * @throws {TypeError|RangeError|SqliteError} as `db.function()`
 * @example
 * db.aggregate('addAll', { start: 0, step: (total, next) => total + next });
 * db.prepare('SELECT addAll(age) FROM cats').pluck().get();
 */
exports.aggregate = function defineAggregate(name, options) {
  checkName(name);
  if (typeof options !== 'object' || options === null)
    throw new TypeError('Expected second argument to be an options object');
  checkNotEmpty(name);
  const start = 'start' in options ? options.start : null;
  const step = optionalFunction(options, 'step');
  if (!step) throw new TypeError('Missing required option "step"');
  const inverse = optionalFunction(options, 'inverse');
  const result = optionalFunction(options, 'result');
  const { safeIntegers, flags, varargs } = readOptions(options);
  const count = varargs ? -1 : countOf(step, inverse);
  this[handle].function(name, [step, inverse, result, start], count, flags, safeIntegers);
  return this;
};
