// SPDX-License-Identifier: Apache-2.0
'use strict';
// Backups and serialized databases, out of each place.
const assert = require('node:assert/strict');
const fs = require('fs');
const path = require('path');
const { describe, test } = require('node:test');
const { Database, EVERYWHERE, hasProgram, inEachPlace, temporaryDirectory } = require('./support');
const { spawnSync } = require('child_process');

const directory = temporaryDirectory();
let count = 0;
const next = () => path.join(directory, `copy${++count}.db`);
const names = (db) => db.prepare('SELECT name FROM cats ORDER BY name').pluck().all();

inEachPlace(EVERYWHERE, (place, it) => {
  it('a backup is an SQLite file', async (db) => {
    db.exec("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('Joey'), ('Sally')");
    const target = next();
    const { totalPages, remainingPages } = await db.backup(target);
    assert.ok(totalPages >= 2);
    assert.equal(remainingPages, 0);
    assert.ok(!fs.existsSync(`${target}-heliosdb`));
    if (hasProgram('sqlite3')) {
      const { stdout } = spawnSync('sqlite3', [target, 'SELECT name FROM cats ORDER BY name'], { encoding: 'utf8' });
      assert.equal(stdout, 'Joey\nSally\n');
    }
    const copy = new Database(target);
    assert.deepEqual(names(copy), ['Joey', 'Sally']);
    assert.equal(copy.verify(), null);
    copy.close();
  });

  it('a serialized database can be opened, for reading only too', (db) => {
    db.exec("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('Joey'), ('Sally')");
    const bytes = db.serialize();
    assert.ok(Buffer.isBuffer(bytes) && bytes.length >= 8192);
    db.exec('DELETE FROM cats');
    const copy = new Database(bytes);
    assert.deepEqual([copy.name, copy.memory, copy.readonly], [':memory:', true, false]);
    copy.exec("INSERT INTO cats VALUES ('Bob')");
    assert.deepEqual(names(copy), ['Bob', 'Joey', 'Sally']);
    copy.close();
    const readonly = new Database(bytes, { readonly: true });
    assert.deepEqual(names(readonly), ['Joey', 'Sally']);
    assert.throws(() => readonly.exec('DELETE FROM cats'), { code: 'SQLITE_READONLY' });
    readonly.close();
  });
});

describe('backups', () => {
  test('go on in steps, whose size progress may choose, while the database is written to', async () => {
    const db = new Database(next());
    db.exec('CREATE TABLE t (a)');
    db.prepare('INSERT INTO t VALUES (?)').run(Buffer.alloc(100 * 4096));
    const seen = [];
    const target = next();
    const promise = db.backup(target, {
      progress({ totalPages, remainingPages }) {
        seen.push(remainingPages);
        if (seen.length === 2) db.exec("INSERT INTO t VALUES ('while it goes on')");
        return Math.ceil(totalPages / 4);
      },
    });
    const { totalPages, remainingPages } = await promise;
    assert.equal(remainingPages, 0);
    assert.ok(totalPages > 100 && seen.length >= 4, String(seen));
    const copy = new Database(target, { mode: 'plain' });
    assert.equal(copy.prepare('SELECT count(*) FROM t').pluck().get(), 2);
    copy.close();
    db.close();
  });

  test('into a database of ours have the rows in its engine, too', async () => {
    const [source, target] = [new Database(':memory:'), next()];
    source.exec("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('new')");
    new Database(target).exec("CREATE TABLE dogs (name TEXT); INSERT INTO dogs VALUES ('old')").close();
    await source.backup(target);
    source.close();
    const copy = new Database(target);
    assert.deepEqual(names(copy), ['new']);
    assert.throws(() => copy.prepare('SELECT * FROM dogs'), { message: 'no such table: dogs' });
    assert.equal(copy.verify(), null);
    copy.close();
  });

  test('given up leave nothing, or what was there', async () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    const stop = () => {
      throw new RangeError('stop');
    };
    const target = next();
    await assert.rejects(db.backup(target, { progress: stop }), { message: 'stop' });
    assert.ok(!fs.existsSync(target));
    fs.writeFileSync(target, 'no database');
    await assert.rejects(db.backup(target), { name: 'SqliteError', code: 'SQLITE_NOTADB' });
    assert.equal(fs.readFileSync(target, 'utf8'), 'no database');
    await assert.rejects(db.backup(next(), { attached: 'nobody' }), Database.SqliteError);
    const promise = db.backup(next(), { progress: () => 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    db.close();
    await assert.rejects(promise, { name: 'TypeError', message: 'The database connection is not open' });
  });

  test('bytes that are no database are refused', () => {
    assert.throws(() => new Database(Buffer.from('x'.repeat(4096))).prepare('SELECT * FROM sqlite_master').all(), {
      code: 'SQLITE_NOTADB',
    });
    const empty = new Database(Buffer.alloc(0));
    assert.deepEqual(empty.prepare('SELECT * FROM sqlite_master').all(), []);
    empty.close();
  });
});
