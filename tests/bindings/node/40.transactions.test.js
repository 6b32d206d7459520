// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { EVERYWHERE, inEachPlace } = require('./support');

inEachPlace(EVERYWHERE, (place, it) => {
  const table = (db) => db.exec('CREATE TABLE t (a UNIQUE)');
  const values = (db) => db.prepare('SELECT a FROM t ORDER BY a').pluck().all();
  const insert = (db, value) => db.prepare('INSERT INTO t VALUES (?)').run(value);

  it('commits when the function returns, with its value, arguments and this', (db) => {
    table(db);
    const self = {};
    const add = db.transaction(function (...args) {
      assert.equal(this, self);
      assert.equal(db.inTransaction, true);
      for (const value of args) insert(db, value);
      return args.length;
    });
    assert.equal(add.call(self, 'x', 'y'), 2);
    assert.equal(db.inTransaction, false);
    assert.deepEqual(values(db), ['x', 'y']);
  });

  it('rolls back when the function throws', (db) => {
    table(db);
    const error = new Error('mine');
    assert.throws(
      () =>
        db.transaction(() => {
          insert(db, 'x');
          throw error;
        })(),
      (thrown) => thrown === error
    );
    assert.equal(db.inTransaction, false);
    assert.deepEqual(values(db), []);
    insert(db, 'y');
    assert.throws(
      () =>
        db.transaction(() => {
          insert(db, 'x');
          insert(db, 'y');
        })(),
      { code: 'SQLITE_CONSTRAINT_UNIQUE' }
    );
    assert.deepEqual(values(db), ['y']);
  });

  it('nests by savepoints', (db) => {
    table(db);
    const inner = db.transaction((value, fails) => {
      insert(db, value);
      if (fails) throw new Error('inner');
    });
    db.transaction(() => {
      inner('a', false);
      assert.throws(() => inner('b', true), { message: 'inner' });
      inner('c', false);
    })();
    assert.deepEqual(values(db), ['a', 'c']);
    assert.throws(
      () =>
        db.transaction(() => {
          inner('d', false);
          throw new Error('outer');
        })(),
      { message: 'outer' }
    );
    assert.deepEqual(values(db), ['a', 'c']);
  });

  it('has its variants', (db) => {
    table(db);
    const add = db.transaction((value) => insert(db, value));
    for (const variant of ['default', 'deferred', 'immediate', 'exclusive']) {
      add[variant](variant);
      assert.equal(add.immediate[variant], add[variant]);
    }
    assert.equal(add.default, add);
    assert.equal(add.database, db);
    assert.deepEqual(values(db), ['default', 'deferred', 'exclusive', 'immediate']);
  });

  it('refuses what is no function, and promises', (db) => {
    table(db);
    assert.throws(() => db.transaction(), { name: 'TypeError', message: 'Expected first argument to be a function' });
    assert.throws(() => db.transaction(async () => insert(db, 'x'))(), {
      name: 'TypeError',
      message: 'Transaction function cannot return a promise',
    });
    assert.deepEqual(values(db), []);
  });

  it('leaves a transaction alone that the function ended itself', (db) => {
    table(db);
    assert.throws(
      () =>
        db.transaction(() => {
          insert(db, 'x');
          db.exec('ROLLBACK');
          throw new Error('gone');
        })(),
      {
        message: 'gone',
      }
    );
    assert.equal(db.inTransaction, false);
    assert.deepEqual(values(db), []);
  });

  it('BEGIN, COMMIT and ROLLBACK work as statements', (db) => {
    table(db);
    db.exec('BEGIN');
    assert.equal(db.inTransaction, true);
    insert(db, 'x');
    db.exec('SAVEPOINT s');
    insert(db, 'y');
    db.exec('ROLLBACK TO s; RELEASE s; COMMIT');
    assert.equal(db.inTransaction, false);
    assert.deepEqual(values(db), ['x']);
    db.prepare('BEGIN').run();
    insert(db, 'z');
    db.prepare('ROLLBACK').run();
    assert.deepEqual(values(db), ['x']);
    assert.throws(() => db.exec('COMMIT'), { code: 'SQLITE_ERROR', message: /no transaction is active/ });
  });
});

// Two connections to one database.
inEachPlace(['file', 'heliosdb', 'postgresql'], (place, it) => {
  it('a busy transaction is tried again as often as allowed', (db) => {
    const other = place.connect({ timeout: 0 });
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a)');
    let calls = 0;
    const add = (retries, release) =>
      other.transaction(
        () => {
          if (++calls === release) db.exec('COMMIT');
          other.prepare('INSERT INTO t (a) VALUES (?)').run(calls);
        },
        { retries }
      );
    db.exec('BEGIN IMMEDIATE; INSERT INTO t (a) VALUES (0)');
    assert.throws(add(2), { code: 'SQLITE_BUSY' });
    assert.equal(calls, 3);
    add(2, 5)();
    assert.equal(calls, 5);
    assert.deepEqual(db.prepare('SELECT a FROM t').pluck().all(), [0, 5]);
    assert.equal(other.inTransaction, false);
    assert.throws(() => db.transaction(() => {}, { retries: -1 }), TypeError);
    other.close();
  });

  it('another connection sees what was committed, and only that', (db) => {
    const other = place.connect();
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)');
    db.exec("BEGIN IMMEDIATE; INSERT INTO t (a) VALUES ('mine')");
    assert.deepEqual(other.prepare('SELECT a FROM t').all(), []);
    db.exec('COMMIT');
    assert.deepEqual(other.prepare('SELECT a FROM t').all(), [{ a: 'mine' }]);
    other.exec("INSERT INTO t (a) VALUES ('theirs')");
    assert.deepEqual(db.prepare('SELECT a FROM t ORDER BY id').pluck().all(), ['mine', 'theirs']);
    other.close();
  });

  it('a second writer waits for its timeout, then the database is locked', (db) => {
    const other = place.connect({ timeout: 300 });
    db.exec('CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
    const start = process.hrtime.bigint();
    assert.throws(() => other.exec('BEGIN IMMEDIATE'), { code: 'SQLITE_BUSY', message: 'database is locked' });
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
    assert.ok(milliseconds >= 250 && milliseconds < 5000, `${milliseconds} ms`);
    db.exec('COMMIT');
    other.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT');
    assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 2);
    other.close();
  });
});
