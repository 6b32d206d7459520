// SPDX-License-Identifier: Apache-2.0
'use strict';
const native = require('../native');
const errors = require('./errors');
const {
  databaseOptions,
  functionOption,
  integerOption,
  isObject,
  openConnection,
  optionsObject,
  pathOf,
  stringOption,
} = require('./options');
const { connectionOf } = require('./internals');

const DEFAULT_RATE = 100;

async function copy(source, path, { from, to, rate, progress }) {
  const { Connection, configKeys } = native.load();
  const destination = new Connection(true);
  // What is copied is an ordinary file of SQLite's, as with node:sqlite.
  await openConnection(destination, path, databaseOptions({ mode: 'plain' }, configKeys));
  try {
    await destination.backupInit(to, source, from);
    for (;;) {
      const [more, totalPages, remainingPages] = await destination.backupStep(rate);
      if (!more) return totalPages;
      if (progress) progress({ totalPages, remainingPages });
    }
  } finally {
    await destination.backupFinish();
    await destination.close();
  }
}

/**
 * Copies a database to a file while it may be used.
 *
 * @param {DatabaseSync} sourceDb
 * @param {string|Uint8Array|URL} path of the file, which is overwritten
 * @param {{source?: string, target?: string, rate?: number, progress?: Function}} [options] names of the databases
 *   ("main"), pages of one step (100), and what is called after each step but the last with
 *   `{ totalPages, remainingPages }`
 * @returns {Promise<number>} the number of pages
 * @throws {Error} ERR_INVALID_STATE, ERR_INVALID_ARG_TYPE; the promise is rejected with ERR_SQLITE_ERROR, or what
 *   `progress` throws
 * @example
 * await backup(db, 'copy.db');
 */
function backup(sourceDb, path, ...rest) {
  if (!isObject(sourceDb)) throw errors.argumentType('sourceDb', 'an object');
  return copyDatabase(connectionOf(sourceDb), path, rest[0]);
}

/** The same of a native connection. */
function copyDatabase(connection, path, given) {
  const file = pathOf(path);
  const options = optionsObject(given);
  const rate = integerOption(options, 'rate', DEFAULT_RATE);
  const from = stringOption(options, 'source', 'main');
  const to = stringOption(options, 'target', 'main');
  const progress = functionOption(options, 'progress', null);
  return copy(connection, file, { from, to, rate, progress });
}

module.exports = { backup, copyDatabase };
