// SPDX-License-Identifier: Apache-2.0
'use strict';
// require('heliosdb-sqlite/promises')

const constants = require('../node/constants');
const Database = require('./database');
const { Session } = require('./session');
const { Statement } = require('./statement');

/** Opens a database: Database.open(). */
const open = (path, options) => Database.open(path, options);

/** Copies a database to a file: database.backup(). */
const backup = async (database, path, options) => database.backup(path, options);

module.exports = { Database, Statement, Session, open, backup, constants };
