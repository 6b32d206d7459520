// SPDX-License-Identifier: Apache-2.0
'use strict';

/**
 * An error of the database. Thrown by every call that runs SQL or opens a database.
 *
 * @param {string} message what SQLite, or the library, says
 * @param {string} code extended result code by name, for example `SQLITE_CONSTRAINT_UNIQUE`
 * @param {string} [sqlstate] SQLSTATE of the error, for example `23505`; '' if it has none
 * @param {number} [offset] byte offset in the SQL text where the error was seen; -1 if it has no place
 * @example
 * try {
 *   db.prepare('INSERT INTO users (email) VALUES (?)').run(email);
 * } catch (error) {
 *   if (error instanceof Database.SqliteError && error.code === 'SQLITE_CONSTRAINT_UNIQUE') return 'taken';
 *   throw error;
 * }
 */
function SqliteError(message, code, sqlstate = '', offset = -1) {
  if (new.target === undefined) return new SqliteError(message, code, sqlstate, offset);
  if (typeof code !== 'string') throw new TypeError('Expected second argument to be a string');
  Object.defineProperties(this, {
    message: { value: String(message), writable: true, configurable: true },
    sqlstate: { value: sqlstate, writable: true, configurable: true },
    offset: { value: offset, writable: true, configurable: true },
  });
  Error.captureStackTrace(this, SqliteError);
  this.code = code;
}
Object.setPrototypeOf(SqliteError, Error);
Object.setPrototypeOf(SqliteError.prototype, Error.prototype);
Object.defineProperty(SqliteError.prototype, 'name', { value: 'SqliteError', writable: true, configurable: true });

module.exports = SqliteError;
