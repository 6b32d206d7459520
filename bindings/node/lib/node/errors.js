// SPDX-License-Identifier: Apache-2.0
'use strict';
// Errors with the classes, codes and messages of Node's own.

function make(Class, code, message) {
  const error = new Class(message);
  error.code = code;
  Error.captureStackTrace(error, make);
  return error;
}

/** What an argument must be: 'a string', 'a boolean', ... */
exports.argumentType = (name, what) =>
  make(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${what}.`);
exports.typeOf = (message) => make(TypeError, 'ERR_INVALID_ARG_TYPE', message);
exports.argumentValue = (message) => make(TypeError, 'ERR_INVALID_ARG_VALUE', message);
exports.noStatement = () => exports.argumentValue('The SQL query contains no statements.');
exports.outOfRange = (message) => make(RangeError, 'ERR_OUT_OF_RANGE', message);
exports.state = (message) => make(Error, 'ERR_INVALID_STATE', message);
exports.sqlite = (message) => make(Error, 'ERR_SQLITE_ERROR', message);
exports.urlScheme = () => make(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file:');
exports.extensions = (message) => make(Error, 'ERR_LOAD_SQLITE_EXTENSION', message);
exports.constructCall = () => make(TypeError, 'ERR_CONSTRUCT_CALL_REQUIRED', 'Cannot call constructor without `new`');
exports.illegalConstructor = () => make(Error, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
