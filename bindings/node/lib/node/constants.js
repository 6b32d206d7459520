// SPDX-License-Identifier: Apache-2.0
'use strict';
const native = require('../native');

// What node:sqlite has of SQLite's constants: the name that the library has after HDB_, and the one it has here.
const CONFLICTS = ['DATA', 'NOTFOUND', 'CONFLICT', 'CONSTRAINT', 'FOREIGN_KEY'];
const RESOLUTIONS = ['OMIT', 'REPLACE', 'ABORT'];

/** `constants` of node:sqlite: those of changesets and of authorizers. */
function makeConstants() {
  const { constants } = native.load();
  const made = {};
  for (const name of CONFLICTS) made[`SQLITE_CHANGESET_${name}`] = constants[`HDB_CONFLICT_${name}`];
  for (const name of RESOLUTIONS) made[`SQLITE_CHANGESET_${name}`] = constants[`HDB_RESOLUTION_${name}`];
  made.SQLITE_OK = constants.HDB_ALLOW;
  made.SQLITE_DENY = constants.HDB_DENY;
  made.SQLITE_IGNORE = constants.HDB_IGNORE;
  for (const [name, value] of Object.entries(constants))
    if (name.startsWith('HDB_ACTION_')) made[name.replace('HDB_ACTION_', 'SQLITE_')] = value;
  made.SQLITE_COPY = 0; // no longer used by SQLite
  return made;
}

module.exports = makeConstants();
