// SPDX-License-Identifier: Apache-2.0
'use strict';
// What node:sqlite is in the runs on servers. The names are written out for ES modules, which find them in the text.
const path = require('path');
const { onServer } = require('./places');

const ours = require(path.join(process.env.HELIOSDB_CONFORMANCE_PACKAGE, 'lib', 'node', 'index.js'));
const onServers = onServer(ours.DatabaseSync);

exports.DatabaseSync = new Proxy(onServers, {
  // What the class refuses, it is to refuse itself.
  construct(target, words, newTarget) {
    const [, options] = words;
    if (options === null) return Reflect.construct(ours.DatabaseSync, words);
    return Reflect.construct(target, words, newTarget);
  },
  apply: (target, self, words) => Reflect.apply(ours.DatabaseSync, self, words),
});
ours.DatabaseSync.prototype.constructor = exports.DatabaseSync;
exports.StatementSync = ours.StatementSync;
exports.Session = ours.Session;
exports.SQLTagStore = ours.SQLTagStore;
exports.backup = ours.backup;
exports.constants = ours.constants;
