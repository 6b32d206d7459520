// SPDX-License-Identifier: Apache-2.0
'use strict';
// What require('better-sqlite3') gives in the runs of its own tests: ours, on a server in daemon mode.
const Database = require(process.env.HELIOSDB_CONFORMANCE_PACKAGE);

module.exports = process.env.HELIOSDB_CONFORMANCE_DAEMON ? require('./places').onServer(Database) : Database;
