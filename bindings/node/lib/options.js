// SPDX-License-Identifier: Apache-2.0
'use strict';

const MAX_TIMEOUT = 0x7fffffff; // milliseconds, as in better-sqlite3
const MAX_SECONDS = 2147483; // what the C library takes

/** An option that is false if it is left out, and nothing but a boolean if it is not. */
function booleanOption(options, key) {
  if (!(key in options)) return false;
  if (typeof options[key] !== 'boolean') throw new TypeError(`Expected the "${key}" option to be a boolean`);
  return options[key];
}

exports.booleanOption = booleanOption;

function milliseconds(options) {
  const timeout = 'timeout' in options ? options.timeout : 5000;
  if (!Number.isInteger(timeout) || timeout < 0)
    throw new TypeError('Expected the "timeout" option to be a positive integer');
  if (timeout > MAX_TIMEOUT) throw new RangeError(`Option "timeout" cannot be greater than ${MAX_TIMEOUT}`);
  return timeout;
}

function logger(options) {
  const verbose = 'verbose' in options ? options.verbose : null;
  if (verbose != null && typeof verbose !== 'function')
    throw new TypeError('Expected the "verbose" option to be a function');
  return verbose || null;
}

function settingText(key, value) {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new TypeError(`Expected the "${key}" option to be a string`);
}

// Where the C library's key has another name or unit here.
const TRANSLATED = new Set(['timeout', 'open']);

/**
 * Checks the options of `new Database()`.
 *
 * @param {object} options
 * @param {string[]} keys the keys of the C library's configuration, each of them an option of the same name
 * @returns {{readonly: boolean, verbose: Function|null, settings: string[]}} settings: key, value, key, value, ...
 * @throws {TypeError|RangeError}
 */
exports.parse = function parse(options, keys) {
  if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
  if ('readOnly' in options) throw new TypeError('Misspelled option "readOnly" should be "readonly"');
  if (typeof options.memory === 'boolean')
    throw new TypeError('Option "memory" was removed in v7.0.0 (use ":memory:" filename instead)');
  const readonly = booleanOption(options, 'readonly');
  const mustExist = booleanOption(options, 'fileMustExist');
  const settings = ['timeout', String(Math.min(milliseconds(options) / 1000, MAX_SECONDS))];
  settings.push('open', readonly ? 'ro' : mustExist ? 'rw' : 'rwc');
  for (const key of keys)
    if (!TRANSLATED.has(key) && options[key] != null) settings.push(key, settingText(key, options[key]));
  return { readonly, verbose: logger(options), settings };
};
