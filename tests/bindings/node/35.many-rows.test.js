// SPDX-License-Identifier: Apache-2.0
'use strict';
// Many rows, and many statements: HDB_STATEMENTS says how many for the test of memory (60000; 1000000 is the long form).
const assert = require('node:assert/strict');
const path = require('path');
const { test } = require('node:test');
const { EVERYWHERE, inEachPlace, runNode, temporaryDirectory } = require('./support');

const NUMBERS = 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT';

inEachPlace(EVERYWHERE, (place, it) => {
  it('a large result comes whole, in every form', (db) => {
    const rows = 20000;
    const statement = db.prepare(`${NUMBERS} i, i * 2 AS twice, 'text ' || i AS text FROM n`);
    const all = statement.all(rows);
    assert.equal(all.length, rows);
    assert.deepEqual(all[rows - 1], { i: rows, twice: 2 * rows, text: `text ${rows}` });
    assert.deepEqual(statement.raw().all(rows)[rows - 1], [rows, 2 * rows, `text ${rows}`]);
    let sum = 0;
    for (const [i] of statement.iterate(rows)) sum += i;
    assert.equal(sum, (rows * (rows + 1)) / 2);
  });

  it('an error among the rows is thrown, and the statement can be used again', (db) => {
    db.function('until', (i, last) => {
      if (i > last) throw new RangeError(`after ${last}`);
      return i;
    });
    const statement = db.prepare(`${NUMBERS} until(i, ?) FROM n`).pluck();
    assert.throws(() => statement.all(5000, 4000), { name: 'RangeError', message: 'after 4000' });
    assert.throws(() => [...statement.iterate(5000, 10)], { message: 'after 10' });
    assert.equal(statement.all(5000, 5000).length, 5000);
  });

  it('rows are written in one transaction', (db) => {
    db.exec('CREATE TABLE many (id INTEGER PRIMARY KEY, text TEXT)');
    const insert = db.prepare('INSERT INTO many (text) VALUES (?)');
    db.transaction(() => {
      for (let i = 0; i < 2000; i++) insert.run(`row ${i}`);
    })();
    assert.deepEqual(db.prepare('SELECT count(*), max(text) FROM many').raw().get(), [2000, 'row 999']);
  });
});

const PROGRAM = `
  const [, packagePath, file, count] = process.argv;
  const db = new (require(packagePath))(file);
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)');
  db.function('twice', (x) => x * 2);
  db.aggregate('total', { start: 0, step: (sum, x) => sum + x });
  db.table('pair', { columns: ['x'], *rows() { yield [1]; yield [2]; } });
  const insert = db.prepare('INSERT OR REPLACE INTO t VALUES (?, ?, ?)');
  const kept = db.prepare('SELECT * FROM t WHERE id = ?');
  const fail = () => { throw new Error('thrown'); };
  db.function('fail', fail);
  const round = (i) => {
    kept.get(i % 100);
    db.prepare('SELECT twice(?), * FROM t WHERE id < 3').all(i);
    for (const row of db.prepare('SELECT x FROM pair').iterate()) if (i % 2) break;
    db.prepare('SELECT total(id) FROM t').pluck().get();
    if (i % 10 === 0) insert.run(i % 100, 'text ' + i, Buffer.alloc(100));
    if (i % 50 === 0) try { db.prepare('SELECT fail()').get(); } catch {}
    if (i % 500 === 0) db.serialize();
  };
  const turn = () => new Promise(setImmediate); // finalizers run in between
  (async () => {
    const run = async (from, to) => {
      for (let i = from; i < to; i++) {
        round(i);
        if (i % 200 === 0) await turn();
      }
      for (let i = 0; i < 4; i++) { gc(); await turn(); }
      return process.memoryUsage().rss;
    };
    const rounds = 3 * Math.floor(count / 12); // a round has four statements, about
    const before = await run(0, rounds / 3);
    const after = await run(rounds / 3, rounds);
    console.log(JSON.stringify({ before, after }));
    db.close();
  })();`;

test('memory stays where it is over many statements', (t) => {
  const directory = temporaryDirectory();
  const count = process.env.HDB_STATEMENTS || '60000';
  const { stdout, stderr } = runNode(PROGRAM, [path.join(directory, 'memory.db'), count], { flags: ['--expose-gc'], timeout: 1800000 });
  assert.notEqual(stdout, '', stderr);
  const { before, after } = JSON.parse(stdout);
  t.diagnostic(`${count} statements: ${(before / 2 ** 20).toFixed(1)} MB, then ${(after / 2 ** 20).toFixed(1)} MB`);
  assert.ok(after - before < 12 * 2 ** 20, `grew from ${before} to ${after} bytes`);
});
