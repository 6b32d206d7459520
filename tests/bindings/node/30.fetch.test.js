// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { EVERYWHERE, inEachPlace, runNode } = require('./support');

const busy = { name: 'TypeError', message: 'This database connection is busy executing a query' };
const ROWS = 2500; // more than one batch of the addon

inEachPlace(EVERYWHERE, (place, it) => {
  const fill = (db, count = 3) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size REAL)');
    const insert = db.prepare('INSERT INTO t (name, size) VALUES (?, ?)');
    db.transaction(() => {
      for (let i = 1; i <= count; i++) insert.run(`name ${i}`, i / 2);
    })();
  };

  it('get gives one row or undefined', (db) => {
    fill(db);
    const get = db.prepare('SELECT * FROM t WHERE id = ?');
    assert.deepEqual(get.get(2n), { id: 2, name: 'name 2', size: 1 });
    assert.equal(get.get(99n), undefined);
    assert.deepEqual(db.prepare('SELECT * FROM t ORDER BY id').get(), { id: 1, name: 'name 1', size: 0.5 });
    assert.equal(get.busy, false);
  });

  it('all gives every row, in order', (db) => {
    fill(db, ROWS);
    const all = db.prepare('SELECT * FROM t ORDER BY id').all();
    assert.equal(all.length, ROWS);
    assert.deepEqual(all[0], { id: 1, name: 'name 1', size: 0.5 });
    assert.deepEqual(all[ROWS - 1], { id: ROWS, name: `name ${ROWS}`, size: ROWS / 2 });
    assert.deepEqual(
      all.map(({ id }) => id),
      Array.from({ length: ROWS }, (_, i) => i + 1)
    );
    assert.deepEqual(db.prepare('SELECT * FROM t WHERE id < 0').all(), []);
    assert.equal(db.prepare('SELECT id FROM t ORDER BY id LIMIT 1024').all().length, 1024);
    assert.equal(db.prepare('SELECT id FROM t ORDER BY id LIMIT 1025').pluck().all().at(-1), 1025);
  });

  it('iterate gives them one by one', (db) => {
    fill(db, ROWS);
    const statement = db.prepare('SELECT id FROM t ORDER BY id');
    let sum = 0;
    for (const { id } of statement.iterate()) {
      sum += id;
      assert.equal(statement.busy, true);
    }
    assert.equal(sum, (ROWS * (ROWS + 1)) / 2);
    assert.equal(statement.busy, false);
    assert.deepEqual([...db.prepare('SELECT id FROM t WHERE id < 0').iterate()], []);
  });

  it('an open iterator forbids writing, and ends when it is left', (db) => {
    fill(db);
    const statement = db.prepare('SELECT id FROM t ORDER BY id');
    const insert = db.prepare("INSERT INTO t (name) VALUES ('x')");
    const seen = [];
    for (const { id } of statement.iterate()) {
      seen.push(id);
      assert.throws(() => insert.run(), busy);
      assert.throws(() => db.exec('DELETE FROM t'), busy);
      assert.throws(() => db.pragma('user_version'), busy);
      assert.throws(() => db.close(), busy);
      assert.throws(() => statement.get(), { message: 'This statement is busy executing a query' });
      assert.throws(() => statement.pluck(), { message: 'This statement is busy executing a query' });
      assert.throws(() => statement.iterate(), { message: 'This statement is busy executing a query' });
      assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 3);
      if (id === 2) break;
    }
    assert.deepEqual(seen, [1, 2]);
    insert.run();
    const iterator = statement.iterate();
    assert.equal(iterator.statement, statement);
    assert.deepEqual(iterator.next(), { value: { id: 1 }, done: false });
    assert.deepEqual(iterator.return(), { value: undefined, done: true });
    assert.deepEqual(iterator.next(), { value: undefined, done: true });
    assert.equal(iterator.return().done, true);
    insert.run();
  });

  it('unsafeMode allows writing while iterating', (db) => {
    fill(db);
    assert.equal(db.unsafeMode(), db);
    const update = db.prepare('UPDATE t SET size = 9 WHERE id = ?');
    for (const { id } of db.prepare('SELECT id FROM t WHERE id < 3 ORDER BY id').iterate()) update.run(BigInt(id));
    assert.equal(db.unsafeMode(false), db);
    assert.deepEqual(db.prepare('SELECT size FROM t ORDER BY id').pluck().all(), [9, 9, 1.5]);
  });

  it('an error in the middle of the rows is thrown, and the statement works again', (db) => {
    const statement = db.prepare('SELECT abs(column1) FROM (VALUES (1), (?))').pluck();
    assert.deepEqual(statement.all(-2n), [1, 2]);
    const overflow = { code: 'SQLITE_ERROR', message: 'integer overflow' };
    assert.throws(() => statement.all(-9223372036854775808n), overflow);
    const iterator = statement.iterate(-9223372036854775808n);
    assert.equal(iterator.next().value, 1);
    assert.throws(() => iterator.next(), overflow);
    assert.deepEqual(iterator.next(), { value: undefined, done: true });
    assert.deepEqual(statement.all(-2n), [1, 2]);
  });
});

test('rows can be made without code generation', () => {
  const source = `const db = require(process.argv[1])(':memory:');
    console.log(JSON.stringify(db.prepare('SELECT 1 AS a, 2 AS "__proto__", 3 AS a').all()));
    console.log(JSON.stringify(db.prepare('SELECT 1 AS a, 2 AS b').expand().all()));`;
  const { stdout, stderr } = runNode(source, [], { flags: ['--disallow-code-generation-from-strings'] });
  assert.equal(stdout, '[{"a":3,"__proto__":2}]\n[{"$":{"a":1,"b":2}}]\n', stderr);
});
