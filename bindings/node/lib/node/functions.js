// SPDX-License-Identifier: Apache-2.0
'use strict';
// What function() and aggregate() are given, as the native connection takes it.
const native = require('../native');
const errors = require('./errors');
const options = require('./options');

const { HDB_FUNCTION_DETERMINISTIC, HDB_FUNCTION_DIRECTONLY } = native.load().constants; // enum hdb_function_flags

function checkName(name) {
  if (typeof name !== 'string') throw errors.argumentType('name', 'a string');
}

/** Reads the options in Node's order, which says which error comes first. */
function readFlags(given, order) {
  const read = {};
  for (const key of order) read[key] = options.booleanOption(given, key, false);
  read.flags = (read.deterministic ? HDB_FUNCTION_DETERMINISTIC : 0) | (read.directOnly ? HDB_FUNCTION_DIRECTONLY : 0);
  return read;
}

/**
 * @param {string} name
 * @param {Array} rest options and function, or the function alone
 */
exports.functionArguments = function functionArguments(name, rest) {
  checkName(name);
  const [given, fn] = rest.length < 2 ? [{}, rest[0]] : rest;
  if (!options.isObject(given)) throw errors.argumentType('options', 'an object');
  const read = readFlags(given, ['useBigIntArguments', 'varargs', 'deterministic', 'directOnly']);
  if (typeof fn !== 'function') throw errors.argumentType('function', 'a function');
  return [name, read.varargs ? -1 : fn.length, read.flags, Number(read.useBigIntArguments), fn];
};

exports.aggregateArguments = function aggregateArguments(name, given) {
  checkName(name);
  if (!options.isObject(given)) throw errors.argumentType('options', 'an object');
  const { start, step, result } = given;
  if (start === undefined) throw errors.argumentType('options.start', 'a function or a primitive value');
  if (typeof step !== 'function') throw errors.argumentType('options.step', 'a function');
  const read = readFlags(given, ['useBigIntArguments', 'varargs', 'directOnly', 'deterministic']);
  const inverse = options.functionOption(given, 'inverse', undefined);
  const count = Math.max(step.length - 1, inverse ? inverse.length - 1 : 0, 0);
  const final = typeof result === 'function' ? result : undefined;
  const flags = Number(read.useBigIntArguments);
  return [name, read.varargs ? -1 : count, read.flags, flags, step, inverse, final, start];
};
