// SPDX-License-Identifier: Apache-2.0
'use strict';
const errors = require('./errors');

const states = new WeakMap(); // of a database: { connection: native Connection or null, epoch }

/** Says what a database stands on. */
exports.setState = (database, state) => states.set(database, state);

exports.stateOf = (database) => states.get(database);

/** The native connection of a database that is open. */
exports.connectionOf = function connectionOf(database) {
  const state = states.get(database);
  if (!state) throw errors.argumentType('sourceDb', 'a DatabaseSync');
  if (!state.connection) throw errors.state('database is not open');
  return state.connection;
};
