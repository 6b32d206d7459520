// SPDX-License-Identifier: Apache-2.0
'use strict';
// What node:sqlite is in the runs on servers.
const ours = require(path());
const { onServer } = require('./places');

function path() {
  return require('path').join(process.env.HELIOSDB_CONFORMANCE_PACKAGE, 'lib', 'node', 'index.js');
}

module.exports = { ...ours, DatabaseSync: onServer(ours.DatabaseSync) };
