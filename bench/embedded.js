// SPDX-License-Identifier: Apache-2.0
'use strict';
// The same work by libheliosdb's Node binding, embedded, by better-sqlite3, whose surface it has, and by node:sqlite, as which
// heliosdb-sqlite/node is.
// Usage: node embedded.js sqlite|heliosdb|node:sqlite|heliosdb/node PATH ROWS COMMITS INSERTS SELECTS, on a path where nothing is
// yet. Prints a line "measure seconds count" each, as the C programs do. BETTER_SQLITE3 names the directory of better-sqlite3.
const path = require('path');

const [, , library, file, ...sizes] = process.argv;
const [rows, commits, inserts, selects] = sizes.map(Number);
const ours = path.resolve(__dirname, '../bindings/node');
const modules = { 'sqlite': process.env.BETTER_SQLITE3, 'heliosdb': ours, 'heliosdb/node': path.join(ours, 'lib/node') };
const found = require(modules[library] || library);
const Database = found.DatabaseSync || found;

function measure(name, count, work) {
  const start = process.hrtime.bigint();
  const result = work();
  console.log(name, (Number(process.hrtime.bigint() - start) / 1e9).toFixed(9), count);
  return result;
}

function check(condition, message) {
  if (!condition) throw new Error(message);
}

const text = (id) => `${id % 10 ? 'hello' : 'world'} number ${id} of the benchmark's rows`;
let next = 1;

function insert(statement, count) {
  for (const end = next + count; next < end; next++) statement.run(next, text(next), next * 0.5);
}

function writes(db) {
  db.exec('CREATE TABLE hdb_bench(id INTEGER PRIMARY KEY, a TEXT, v REAL)');
  const statement = db.prepare('INSERT INTO hdb_bench VALUES (?, ?, ?)');
  measure('insert_commit', commits, () => insert(statement, commits));
  const many = (count) => {
    db.exec('BEGIN');
    insert(statement, count);
    db.exec('COMMIT');
  };
  measure('insert_transaction', inserts, () => many(inserts));
  many(rows - next + 1);
}

function reads(db) {
  const byKey = db.prepare('SELECT id, a, v FROM hdb_bench WHERE id = ?');
  measure('point_select', selects, () => {
    for (let i = 0; i < selects; i++) check(byKey.get(((i * 7919) % rows) + 1).a, 'a row is missing');
  });
  const all = measure('fetchall', rows, () => db.prepare('SELECT id, a, v FROM hdb_bench').all());
  check(all.length === rows && all[rows - 1].a === text(rows), 'rows are missing');
  measure('like_count', 1, () => db.prepare("SELECT count(*) FROM hdb_bench WHERE a LIKE 'hello%'").get());
}

const db = measure('connect_first', 1, () => new Database(file));
writes(db);
reads(db);
measure('close', 1, () => db.close());
