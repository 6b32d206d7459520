// SPDX-License-Identifier: Apache-2.0
'use strict';
// Daemon mode: which of a test's databases the server stands for.
//
// The tests open many databases at will, a server is one. So the first file that a test opens is the server's, and so
// is each further connection to that file; databases in memory and other files stay what they are. Processes and worker
// threads that a test starts are told of the choice by the environment.
const { spawnSync } = require('child_process');
const path = require('path');

const CHOSEN = 'HELIOSDB_CONFORMANCE_CHOSEN';
const open = new Set(); // connections of this thread to the server

function psql(sql) {
  const { status, stdout, stderr } = spawnSync('psql', ['-XAtq', '-c', sql, process.env.HELIOSDB_DSN], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Removes every table of the server. */
function empty() {
  const tables = "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = 'public'";
  for (const line of psql(tables).split('\n').filter(Boolean)) {
    const [kind, ...name] = line.split('|');
    psql(`DROP ${kind === 'VIEW' ? 'VIEW' : 'TABLE'} IF EXISTS "${name.join('|').replaceAll('"', '""')}" CASCADE`);
  }
}

function isServers(name) {
  if (typeof name !== 'string' || ['', ':memory:'].includes(name.trim()) || name.startsWith('file:')) return false;
  const file = path.resolve(name.trim());
  if (process.env[CHOSEN] === undefined) {
    empty();
    process.env[CHOSEN] = file;
  }
  return process.env[CHOSEN] === file;
}

/** Before a test: unless its suite holds the chosen database open, the next file that is opened is chosen. */
exports.release = function release() {
  for (const db of open) if (!(db.isOpen ?? db.open)) open.delete(db); // of node:sqlite, of better-sqlite3
  if (open.size === 0) delete process.env[CHOSEN];
};

/** The class with connections opened by these rules, and otherwise itself. */
exports.onServer = function onServer(Database) {
  const ours = new Proxy(Database, {
    construct(target, [name, options, ...rest], newTarget) {
      const plain = options == null || typeof options === 'object';
      const server = plain && isServers(name);
      const db = Reflect.construct(target, [name, server ? { mode: 'daemon', ...options } : options, ...rest], newTarget);
      if (server) open.add(db);
      return db;
    },
    apply: (target, self, words) => new ours(...words),
  });
  Database.prototype.constructor = ours;
  return ours;
};
