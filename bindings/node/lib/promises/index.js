// SPDX-License-Identifier: Apache-2.0
'use strict';
// require('heliosdb-sqlite/promises')

const Database = require('./database');
const { Session } = require('./session');
const { Statement } = require('./statement');

module.exports = {
  Database,
  Statement,
  Session,
  /** Opens a database: Database.open(). */
  open: (path, options) => Database.open(path, options),
  /** Copies a database to a file: database.backup(). */
  backup: async (database, path, options) => database.backup(path, options),
  constants: require('../node/constants'),
};
