// SPDX-License-Identifier: Apache-2.0
'use strict';
// The programs of the SQLite drop-in tutorial, in JavaScript.
const assert = require('node:assert/strict');
const fs = require('fs');
const { test } = require('node:test');
const { hasProgram, inEachPlace, processesLeft, psql, temporaryDirectory, Database } = require('./support');

inEachPlace(['memory', 'file', 'heliosdb', 'postgresql'], (place, it) => {
  it('the smoke test', (db) => {
    db.pragma('foreign_keys = ON');
    db.exec(`CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INT);
             CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);`);
    const upsert = db.prepare('INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)');
    assert.equal(upsert.run('/x', 1.0, 100).changes, 1);
    assert.equal(upsert.run('/x', 2.0, 200).changes, 1);
    const names = db.prepare("SELECT name FROM sqlite_master WHERE type='table'").pluck().all();
    assert.ok(names.includes('files') && names.includes('notes'));
    assert.deepEqual(
      db.pragma('table_info(files)').map(({ name }) => name),
      ['path', 'mtime', 'size']
    );
    assert.deepEqual(db.prepare('SELECT * FROM files').all(), [{ path: '/x', mtime: 2, size: 200 }]);
  });

  it('the example of 30 seconds', (db) => {
    const program = () => {
      db.exec('CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, mtime REAL, size INTEGER)');
      db.prepare('INSERT OR REPLACE INTO files (path, mtime, size) VALUES (?, ?, ?)').run('/tmp/x', 1.0, 100);
      return db.prepare("SELECT * FROM sqlite_master WHERE type='table'").all();
    };
    for (let times = 0; times < 2; times++) {
      // A server still has the sqlite_sequence of the program before.
      const [row, ...others] = program().filter(({ name }) => name !== 'sqlite_sequence');
      assert.deepEqual(others, []);
      assert.deepEqual(Object.keys(row), ['type', 'name', 'tbl_name', 'rootpage', 'sql']);
      assert.equal(row.name, 'files');
      assert.equal(row.sql, 'CREATE TABLE files (path TEXT PRIMARY KEY, mtime REAL, size INTEGER)');
    }
    assert.deepEqual(db.prepare('SELECT * FROM files').raw().all(), [['/tmp/x', 1, 100]]);
  });
});

const directory = temporaryDirectory();

test('psql reads the rows from the engine', { skip: hasProgram('psql') ? false : 'psql is not installed' }, () => {
  const db = new Database(`${directory}/psql.db`);
  db.exec(
    "CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER); INSERT INTO files VALUES ('/x', 100), ('/größe', 2)"
  );
  db.flush();
  assert.equal(psql(db.engineDsn, 'SELECT path, size FROM files ORDER BY size'), '/größe|2\n/x|100\n');
  db.close();
});

test('the file deleted: the engine has every row', async () => {
  const file = `${directory}/rebuilt.db`;
  const db = new Database(file);
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v); PRAGMA user_version = 5');
  const insert = db.prepare('INSERT INTO t (v) VALUES (?)');
  const values = [1n, 1.5, 'text', Buffer.from([0, 255]), null];
  db.transaction(() => values.forEach((value) => insert.run(value)))();
  db.close();
  assert.deepEqual(await processesLeft(directory), []);
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(file + suffix, { force: true });
  const again = new Database(file);
  assert.deepEqual(again.prepare('SELECT v FROM t ORDER BY id').pluck().safeIntegers().all(), values);
  assert.equal(again.pragma('user_version', { simple: true }), 5);
  assert.equal(again.verify(), null);
  again.close();
});
