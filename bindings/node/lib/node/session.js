// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('./errors');
const { DISPOSE } = require('./statement-sync');

let creating = false;

/** Records what changes in tables, made by `database.createSession()`. */
class Session {
  #database; // { connection, epoch }
  #handle;
  #epoch;

  constructor(database, handle) {
    if (!creating) throw errors.illegalConstructor();
    this.#database = database;
    this.#handle = handle;
    this.#epoch = database.epoch;
  }

  #connection() {
    const { connection, epoch } = this.#database;
    if (!connection) throw errors.state('database is not open');
    if (this.#handle === null || this.#epoch !== epoch) throw errors.state('session is not open');
    return connection;
  }

  /**
   * What has changed since the session began, each row once.
   *
   * @returns {Uint8Array} for `database.applyChangeset()`
   * @throws {Error} ERR_INVALID_STATE if the database or the session is closed, ERR_SQLITE_ERROR
   * @example
   * const session = db.createSession({ table: 'cats' });
   * db.exec("INSERT INTO cats VALUES ('Joey', 2)");
   * other.applyChangeset(session.changeset());
   */
  changeset() {
    return this.#connection().changeset(this.#handle, false);
  }

  /**
   * The same, without the old values that are not needed to find a row.
   *
   * @returns {Uint8Array}
   * @throws {Error} as changeset()
   */
  patchset() {
    return this.#connection().changeset(this.#handle, true);
  }

  /**
   * Ends the session.
   *
   * @throws {Error} ERR_INVALID_STATE if the database or the session is closed
   */
  close() {
    const connection = this.#connection();
    const handle = this.#handle;
    this.#handle = null;
    connection.deleteSession(handle);
  }

  /** Ends the session unless it has ended. */
  [DISPOSE]() {
    if (this.#database.connection && this.#handle !== null && this.#epoch === this.#database.epoch) this.close();
  }
}

function createSession(...parts) {
  creating = true;
  try {
    return new Session(...parts);
  } finally {
    creating = false;
  }
}

module.exports = { Session, createSession };
