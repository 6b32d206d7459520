// SPDX-License-Identifier: Apache-2.0
'use strict';
// Functions, aggregates and virtual tables of the program's, in each place.
const assert = require('node:assert/strict');
const fs = require('fs');
const path = require('path');
const { describe, test } = require('node:test');
const { Database, EVERYWHERE, inEachPlace, runNode, temporaryDirectory } = require('./support');

function fill(db) {
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, g TEXT, v)');
  const insert = db.prepare('INSERT INTO t (g, v) VALUES (?, ?)');
  for (const row of [['a', 1n], ['b', 2n], ['a', 3n], ['b', null], ['c', 'text'], ['c', Buffer.from([0, 255])], ['a', 1.5]])
    insert.run(...row);
}

const pluck = (db, sql, ...values) => db.prepare(sql).pluck().all(...values);

inEachPlace(EVERYWHERE, (place, it) => {
  it('a function gets and gives every storage class', (db) => {
    fill(db);
    const seen = [];
    db.function('echo', { varargs: true }, (...values) => {
      seen.push(values);
      return values.at(-1);
    });
    const rows = pluck(db, 'SELECT echo(v) FROM t ORDER BY id');
    assert.deepEqual(rows, [1, 2, 3, null, 'text', Buffer.from([0, 255]), 1.5]);
    assert.deepEqual(seen.map(([value]) => value), rows);
    assert.deepEqual(pluck(db, 'SELECT echo()'), [null]);
    assert.deepEqual(pluck(db, "SELECT typeof(echo(1)), typeof(echo('x'))"), ['real']);
  });

  it('a function is used by writes and triggers', (db) => {
    fill(db);
    db.function('shout', { deterministic: true }, (text) => `${text.toUpperCase()}!`);
    db.exec('CREATE TABLE log (what)');
    db.exec('CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (shout(new.g)); END');
    db.exec("UPDATE t SET g = shout(g) WHERE shout(g) = 'A!'");
    assert.deepEqual(pluck(db, 'SELECT g FROM t ORDER BY id'), ['A!', 'b', 'A!', 'b', 'c', 'c', 'A!']);
    assert.deepEqual(pluck(db, 'SELECT what FROM log'), ['A!!', 'A!!', 'A!!']);
  });

  it('a function that fails changes nothing, and what it throws comes out', (db) => {
    fill(db);
    for (const thrown of [new RangeError('no'), 'text', null, 5, { an: 'object' }]) {
      db.function('fail', (id) => {
        if (id === 3) throw thrown;
        return id;
      });
      assert.throws(() => db.prepare('UPDATE t SET v = fail(id)').run(), (error) => error === thrown);
    }
    assert.deepEqual(pluck(db, "SELECT v FROM t WHERE g = 'a'"), [1, 3, 1.5]);
    assert.equal(db.inTransaction, false);
  });

  it('an aggregate works for each group, and in a window', (db) => {
    fill(db);
    db.aggregate('collect', { start: () => [], step: (all, v) => [...all, v], result: (all) => all.length });
    assert.deepEqual(pluck(db, 'SELECT collect(v) FROM t GROUP BY g ORDER BY g'), [3, 2, 2]);
    assert.deepEqual(pluck(db, 'SELECT collect(v) FROM t WHERE id > 100'), [0]);
    db.aggregate('addUp', { start: 0n, safeIntegers: true, step: (sum, id) => sum + id, inverse: (sum, id) => sum - id });
    const windowed = 'SELECT addUp(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t';
    assert.deepEqual(pluck(db, windowed), [1, 3, 5, 7, 9, 11, 13]);
  });

  it('what an aggregate throws comes out, once', (db) => {
    fill(db);
    const thrown = new Error('enough');
    let results = 0;
    db.aggregate('limited', {
      start: 0,
      step(count, _value) {
        if (count === 2) throw thrown;
        return count + 1;
      },
      result: () => ++results,
    });
    assert.throws(() => db.prepare('SELECT limited(v) FROM t').all(), (error) => error === thrown);
    assert.equal(results, 0);
    assert.deepEqual(pluck(db, "SELECT limited(v) FROM t WHERE g = 'b'"), [1]);
  });

  it('a virtual table gives what its generator yields', (db) => {
    fill(db);
    db.table('sequence', {
      columns: ['value'],
      parameters: ['first', 'last'],
      *rows(first = 1, last = 3) {
        for (let value = first; value <= last; value++) yield [value];
      },
    });
    assert.deepEqual(pluck(db, 'SELECT value FROM sequence'), [1, 2, 3]);
    assert.deepEqual(pluck(db, 'SELECT value FROM sequence(2, 4)'), [2, 3, 4]);
    assert.deepEqual(pluck(db, 'SELECT value FROM sequence WHERE last = ?', 2), [1, 2]);
    assert.deepEqual(pluck(db, 'SELECT value FROM sequence(NULL)'), []);
    assert.deepEqual(pluck(db, 'SELECT g FROM t JOIN sequence(2, 3) ON value = id ORDER BY id'), ['b', 'a']);
    db.exec('INSERT INTO t (g, v) SELECT value, rowid FROM sequence(5, 6)');
    assert.deepEqual(pluck(db, 'SELECT v FROM t WHERE id > 7 ORDER BY id'), [1, 2]);
    assert.throws(() => db.prepare('SELECT * FROM sequence WHERE first > 1'), Database.SqliteError);
  });

  it('what a generator throws comes out', (db) => {
    const thrown = new SyntaxError('row');
    db.table('broken', {
      columns: ['value'],
      *rows() {
        yield [1];
        throw thrown;
      },
    });
    const statement = db.prepare('SELECT value FROM broken').pluck();
    assert.equal(statement.get(), 1);
    assert.throws(() => statement.all(), (error) => error === thrown);
    const iterator = statement.iterate();
    assert.equal(iterator.next().value, 1);
    assert.throws(() => iterator.next(), (error) => error === thrown);
    assert.equal(iterator.next().done, true);
  });

  it('nothing else can be done with the connection while JavaScript runs for it', (db) => {
    fill(db);
    const busy = { name: 'TypeError', message: 'This database connection is busy executing a query' };
    const other = db.prepare('SELECT 1');
    let calls = 0;
    db.function('meddle', () => {
      for (const action of [
        () => db.prepare('SELECT 1'),
        () => db.exec('SELECT 1'),
        () => db.close(),
        () => db.serialize(),
        () => db.function('f', () => 1),
        () => other.get(),
        () => other.pluck(),
      ])
        assert.throws(action, busy);
      assert.equal(db.open, true);
      calls++;
    });
    db.exec('SELECT meddle()');
    db.prepare('SELECT meddle()').all();
    assert.equal(calls, 2);
  });
});

describe('files', () => {
  const directory = temporaryDirectory();

  test('a table of a module is rebuilt from the engine, and can be read when the module is there again', () => {
    const target = path.join(directory, 'module.db');
    const register = (db) =>
      db.table('words', function (...words) {
        return {
          columns: ['word'],
          *rows() {
            for (const word of words) yield [word];
          },
        };
      });
    let db = new Database(target);
    register(db);
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIRTUAL TABLE w USING words(one, two)');
    assert.deepEqual(pluck(db, 'SELECT word FROM w'), ['one', 'two']);
    db.close();
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(target + suffix, { force: true });
    db = new Database(target);
    assert.deepEqual(pluck(db, 'SELECT a FROM t'), [1]);
    assert.throws(() => db.prepare('SELECT word FROM w'), { code: 'SQLITE_ERROR', message: 'no such module: words' });
    db.exec('INSERT INTO t VALUES (2)');
    register(db);
    assert.deepEqual(pluck(db, 'SELECT word FROM w'), ['one', 'two']);
    assert.equal(db.verify(), null);
    db.exec('DROP TABLE w');
    assert.equal(db.verify(), null);
    db.close();
  });
});

test('a table of a module is there for other connections to a server', (t) => {
  for (const name of ['HELIOSDB_TEST_DSN_HELIOSDB', 'HELIOSDB_TEST_DSN_POSTGRESQL']) {
    const dsn = process.env[name];
    if (!dsn) {
      t.diagnostic(`${name} is not set`);
      continue;
    }
    const open = () => new Database('x.db', { mode: 'daemon', dsn });
    const register = (db) => db.table('pair', (a, b) => ({ columns: ['x'], *rows() { yield* [[a], [b]]; } })); // prettier-ignore
    const first = open();
    first.exec('DROP TABLE IF EXISTS p');
    register(first);
    first.exec('CREATE VIRTUAL TABLE p USING pair(left, right)');
    const second = open();
    assert.throws(() => second.prepare('SELECT * FROM p').all(), { message: 'no such module: pair' });
    register(second);
    assert.deepEqual(pluck(second, 'SELECT x FROM p'), ['left', 'right']);
    second.close();
    first.exec('DROP TABLE p');
    first.close();
  }
});

test('a process may exit while a database has functions, aggregates and tables', () => {
  const source = `const db = new (require(process.argv[1]))(':memory:');
    db.function('f', (x) => x);
    db.aggregate('g', { start: () => [], step: (all, x) => [...all, x], result: String });
    db.table('h', { columns: ['x'], *rows() { yield [1]; yield [2]; } });
    db.prepare('SELECT g(x) FROM h').iterate().next();
    const open = db.prepare('SELECT f(x), g(x) FROM h GROUP BY x').iterate();
    open.next();
    process.exit(7);`;
  const { status, stderr } = runNode(source);
  assert.equal(status, 7, stderr);
});
