// SPDX-License-Identifier: Apache-2.0
'use strict';
// Arguments and options of node:sqlite, checked in its order and with its messages.
const errors = require('./errors');

/** The library's numbers of the limits (enum hdb_limit_id), by their names here. */
const LIMITS = {
  length: 0,
  sqlLength: 1,
  column: 2,
  exprDepth: 3,
  compoundSelect: 4,
  vdbeOp: 5,
  functionArg: 6,
  attach: 7,
  likePatternLength: 8,
  variableNumber: 9,
  triggerDepth: 10,
};
const LIMIT_COUNT = 11;
const MAX_LIMIT = 0x7fffffff;

// Keys of the library's configuration that have another name here, or none.
const TRANSLATED = new Set(['timeout', 'open', 'uri']);

const isInt32 = (value) => typeof value === 'number' && value === (value | 0);
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

function booleanOption(options, key, fallback) {
  const value = options[key];
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw errors.argumentType(`options.${key}`, 'a boolean');
  return value;
}

function stringOption(options, key, fallback) {
  const value = options[key];
  if (value === undefined) return fallback;
  if (typeof value !== 'string') throw errors.argumentType(`options.${key}`, 'a string');
  return value;
}

function functionOption(options, key, fallback) {
  const value = options[key];
  if (value === undefined) return fallback;
  if (typeof value !== 'function') throw errors.argumentType(`options.${key}`, 'a function');
  return value;
}

function integerOption(options, key, fallback) {
  const value = options[key];
  if (value === undefined) return fallback;
  if (!isInt32(value)) throw errors.argumentType(`options.${key}`, 'an integer');
  return value;
}

/** Throws unless the options, if there are any, are an object; gives one. */
function optionsObject(options) {
  if (options === undefined) return {};
  if (!isObject(options)) throw errors.argumentType('options', 'an object');
  return options;
}

/**
 * The path that a path argument stands for.
 *
 * @param {string|Uint8Array|URL} path
 * @returns {string}
 */
function pathOf(path) {
  if (typeof path === 'string' && !path.includes('\0')) return path;
  if (path instanceof Uint8Array && !path.includes(0)) return Buffer.from(path).toString();
  if (isObject(path) && typeof path.href === 'string' && !path.href.includes('\0')) {
    if (!path.href.startsWith('file:')) throw errors.urlScheme();
    return path.href;
  }
  throw errors.argumentType('path', 'a string, Uint8Array, or URL without null bytes');
}

function limitsOption(options) {
  const limits = new Array(LIMIT_COUNT).fill(-1);
  if (options.limits === undefined) return limits;
  if (!isObject(options.limits)) throw errors.argumentType('options.limits', 'an object');
  for (const [name, number] of Object.entries(LIMITS)) {
    const value = options.limits[name];
    if (value === undefined) continue;
    if (!isInt32(value)) throw errors.argumentType(`options.limits.${name}`, 'an integer');
    if (value < 0) throw errors.outOfRange(`The "options.limits.${name}" argument must be non-negative.`);
    limits[number] = value;
  }
  return limits;
}

/** A limit that is set: an integer, or Infinity for the largest one. */
function limitValue(value) {
  if (value === Infinity) return MAX_LIMIT;
  if (!isInt32(value)) throw errors.typeOf('Limit value must be a non-negative integer or Infinity.');
  if (value < 0) throw errors.outOfRange('Limit value must be non-negative.');
  return value;
}

/** Options that the library has beyond node:sqlite: `mode`, `dsn` and the like. */
function settingsOf(options, keys) {
  const settings = [];
  for (const key of keys) {
    const value = options[key];
    if (TRANSLATED.has(key) || value === undefined || value === null) continue;
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw errors.argumentType(`options.${key}`, 'a string');
    settings.push(key, typeof value === 'boolean' ? String(Number(value)) : String(value));
  }
  return settings;
}

/** Those of prepare(), with what the database says as defaults. */
function statementOptions(options, defaults) {
  return {
    readBigInts: booleanOption(options, 'readBigInts', defaults.readBigInts),
    returnArrays: booleanOption(options, 'returnArrays', defaults.returnArrays),
    allowBareNamedParameters: booleanOption(options, 'allowBareNamedParameters', defaults.allowBareNamedParameters),
    allowUnknownNamedParameters: booleanOption(
      options,
      'allowUnknownNamedParameters',
      defaults.allowUnknownNamedParameters
    ),
  };
}

const STATEMENT_DEFAULTS = {
  readBigInts: false,
  returnArrays: false,
  allowBareNamedParameters: true,
  allowUnknownNamedParameters: false,
};

/**
 * Those of a database.
 *
 * @param {object} [options]
 * @param {string[]} keys of the library's configuration
 */
function databaseOptions(options, keys) {
  const given = optionsObject(options);
  const open = booleanOption(given, 'open', true);
  const readOnly = booleanOption(given, 'readOnly', false);
  const foreignKeys = booleanOption(given, 'enableForeignKeyConstraints', true);
  const doubleQuoted = booleanOption(given, 'enableDoubleQuotedStringLiterals', false);
  const extensions = booleanOption(given, 'allowExtension', false);
  const timeout = integerOption(given, 'timeout', 0);
  const statement = statementOptions(given, STATEMENT_DEFAULTS);
  const defensive = booleanOption(given, 'defensive', true);
  const limits = limitsOption(given);
  const settings = ['open', readOnly ? 'ro' : 'rwc', 'uri', '1', ...settingsOf(given, keys)];
  return { open, foreignKeys, doubleQuoted, extensions, timeout, statement, defensive, limits, settings };
}

/** Opens a native connection by these options. */
function openConnection(connection, path, options) {
  const { settings, timeout, foreignKeys, doubleQuoted, defensive, extensions, limits } = options;
  return connection.open(path, settings, timeout, foreignKeys, doubleQuoted, defensive, extensions, limits);
}

module.exports = {
  LIMITS,
  booleanOption,
  databaseOptions,
  functionOption,
  integerOption,
  isInt32,
  isObject,
  limitValue,
  openConnection,
  optionsObject,
  pathOf,
  statementOptions,
  stringOption,
};
