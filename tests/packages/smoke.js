// SPDX-License-Identifier: Apache-2.0
// The tutorial's smoke test in better-sqlite3's words.
'use strict';
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const Database = require('heliosdb-sqlite');

const db = new Database(path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'hdb-')), 'smoke.db'));
db.pragma('foreign_keys = ON');
db.exec(`
  CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INT);
  CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);
`);
const put = db.prepare('INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)');
put.run('/x', 1.0, 100);
put.run('/x', 2.0, 200);
const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
assert(tables.includes('files') && tables.includes('notes'));
assert.deepStrictEqual(db.pragma('table_info(files)').map((column) => column.name), ['path', 'mtime', 'size']);
assert.deepStrictEqual(db.prepare('SELECT * FROM files').all(), [{ path: '/x', mtime: 2, size: 200 }]);
db.close();
console.log('OK');
