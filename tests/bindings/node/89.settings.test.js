// SPDX-License-Identifier: Apache-2.0
'use strict';
// What better-sqlite3 sets on every connection, and extensions.
const assert = require('node:assert/strict');
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { test } = require('node:test');
const { Database, EVERYWHERE, inEachPlace, temporaryDirectory } = require('./support');

inEachPlace(EVERYWHERE, (place, it) => {
  it('text in double quotes is a name', (db) => {
    db.exec('CREATE TABLE t (a)');
    assert.throws(() => db.prepare('SELECT "no such column"'), { message: /^no such column: "?no such column/ });
    assert.throws(() => db.exec('CREATE TABLE u (a CHECK (a <> "text"))'), Database.SqliteError);
    db.exec('INSERT INTO t VALUES (\'text\')');
    assert.equal(db.prepare('SELECT "a" FROM "t"').pluck().get(), 'text');
  });

  it('the schema can not be written to as a table', (db) => {
    db.exec('CREATE TABLE t (a)');
    try {
      db.pragma('writable_schema = ON');
    } catch (error) {
      assert.equal(error.code, 'HDB_NOTSUPPORTED'); // where an engine keeps the schema
    }
    assert.throws(() => db.exec("UPDATE sqlite_master SET name = 'u' WHERE name = 't'"), Database.SqliteError);
  });
});

const SOURCE = `#include <sqlite3ext.h>
#include <stddef.h>
SQLITE_EXTENSION_INIT1
static void answer(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count, (void)values;
    sqlite3_result_int(context, 42);
}
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
    (void)message;
    SQLITE_EXTENSION_INIT2(api);
    return sqlite3_create_function(db, "answer", 0, SQLITE_UTF8, NULL, answer, NULL, NULL);
}
`;

test('an extension is loaded by the method alone', (t) => {
  const directory = temporaryDirectory();
  const library = path.join(directory, 'answer.so');
  fs.writeFileSync(path.join(directory, 'answer.c'), SOURCE);
  const made = spawnSync('cc', ['-shared', '-fPIC', '-o', library, path.join(directory, 'answer.c')], { encoding: 'utf8' });
  if (made.status !== 0) return t.skip(`cc does not make an extension: ${made.error || made.stderr}`);
  const db = new Database(path.join(directory, 'extended.db'));
  assert.throws(() => db.loadExtension(`${library}x`), { name: 'SqliteError', code: 'SQLITE_ERROR', message: /answer\.sox/ });
  assert.throws(() => db.loadExtension(), { name: 'TypeError', message: 'Expected first argument to be a string' });
  assert.equal(db.loadExtension(library), db);
  assert.equal(db.prepare('SELECT answer()').pluck().get(), 42);
  assert.throws(() => db.prepare('SELECT load_extension(?)').get(library), { code: 'SQLITE_ERROR' });
  db.loadExtension(library, 'sqlite3_extension_init');
  return db.close();
});
