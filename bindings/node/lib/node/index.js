// SPDX-License-Identifier: Apache-2.0
'use strict';
// require('heliosdb-sqlite/node'): what node:sqlite exports.

const { backup } = require('./backup');
const constants = require('./constants');
const DatabaseSync = require('./database-sync');
const { Session } = require('./session');
const { StatementSync } = require('./statement-sync');
const { SQLTagStore } = require('./tag-store');

module.exports = {
  DatabaseSync,
  StatementSync,
  Session,
  SQLTagStore,
  backup,
  constants,
};
