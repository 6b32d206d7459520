// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { Database, EVERYWHERE, inEachPlace } = require('./support');

const range = (message) => ({ name: 'RangeError', message });
const type = (message) => ({ name: 'TypeError', message });

inEachPlace(EVERYWHERE, (place, it) => {
  it('exec runs every statement of a script', (db) => {
    assert.equal(
      db.exec("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'); -- remark\n INSERT INTO t VALUES (2, 'y;')"),
      db
    );
    assert.deepEqual(db.prepare('SELECT a, b FROM t ORDER BY a').raw().all(), [
      [1, 'x'],
      [2, 'y;'],
    ]);
    db.exec('');
    db.exec(' ; -- nothing');
    assert.throws(() => db.exec(123), type('Expected first argument to be a string'));
  });

  it('exec keeps what came before the statement that failed', (db) => {
    db.exec('CREATE TABLE t (a UNIQUE)');
    assert.throws(() => db.exec('INSERT INTO t VALUES (1); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)'), {
      code: 'SQLITE_CONSTRAINT_UNIQUE',
    });
    assert.deepEqual(db.prepare('SELECT a FROM t').pluck().all(), [1]);
  });

  it('run counts changes and gives the last rowid', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)');
    assert.deepEqual(db.prepare("INSERT INTO t (a) VALUES ('x')").run(), { changes: 1, lastInsertRowid: 1 });
    assert.deepEqual(db.prepare("INSERT INTO t VALUES (10, 'y'), (11, 'z')").run(), {
      changes: 2,
      lastInsertRowid: 11,
    });
    assert.deepEqual(db.prepare("UPDATE t SET a = 'w' WHERE id > 5").run(), { changes: 2, lastInsertRowid: 11 });
    assert.equal(db.prepare('DELETE FROM t WHERE id = 999').run().changes, 0);
    assert.equal(db.prepare('DELETE FROM t').run().changes, 3);
    assert.equal(db.prepare('CREATE TABLE u (a)').run().changes, 0);
    assert.equal(db.prepare('SELECT 1').run().changes, 0);
  });

  it('run of a statement that gives rows does all its work', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a)');
    const insert = db.prepare('INSERT INTO t (a) VALUES (1), (2), (3) RETURNING id');
    assert.equal(insert.reader, true);
    assert.equal(insert.run().changes, 3);
    assert.deepEqual(insert.pluck().all(), [4, 5, 6]);
    assert.equal(insert.get(), 7);
    assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 9);
  });

  it('prepare takes one statement', (db) => {
    for (const sql of ['', ' ', ';', '-- nothing', '/* nothing */'])
      assert.throws(() => db.prepare(sql), range('The supplied SQL string contains no statements'));
    for (const sql of ['SELECT 1; SELECT 2', 'SELECT 1; SELEC', 'SELECT 1; /* */ SELECT 2'])
      assert.throws(() => db.prepare(sql), range('The supplied SQL string contains more than one statement'));
    for (const sql of ['SELECT 1;', 'SELECT 1 ; ; -- remark', 'SELECT 1; /* remark */ /* another'])
      assert.deepEqual(db.prepare(sql).get(), { 1: 1 });
    assert.throws(() => db.prepare(), type('Expected first argument to be a string'));
    assert.throws(() => db.prepare(['SELECT 1']), type('Expected first argument to be a string'));
    assert.throws(() => new (db.prepare('SELECT 1').constructor)(), type(/db\.prepare\(\)/));
  });

  it('a statement has its properties', (db) => {
    db.exec('CREATE TABLE t (a)');
    const select = db.prepare('SELECT a FROM t');
    assert.equal(select.source, 'SELECT a FROM t');
    assert.equal(select.database, db);
    assert.deepEqual([select.reader, select.readonly, select.busy], [true, true, false]);
    const insert = db.prepare('INSERT INTO t VALUES (?)');
    assert.deepEqual([insert.reader, insert.readonly, insert.busy], [false, false, false]);
    for (const method of ['get', 'all', 'iterate'])
      assert.throws(() => insert[method](1), type('This statement does not return data. Use run() instead'));
    for (const method of ['pluck', 'expand', 'raw', 'columns'])
      assert.throws(() => insert[method](), type(`The ${method}() method is only for statements that return data`));
  });

  it('binds values by position', (db) => {
    const echo = db.prepare('SELECT ?, ?, ?').raw();
    for (const args of [
      ['a', 'b', 'c'],
      [['a', 'b', 'c']],
      ['a', ['b', 'c']],
      [['a'], ['b'], 'c'],
      [[], 'a', 'b', ['c'], []],
    ])
      assert.deepEqual(echo.get(...args), ['a', 'b', 'c']);
    assert.throws(() => echo.get('a', 'b'), range('Too few parameter values were provided'));
    assert.throws(() => echo.get(), range('Too few parameter values were provided'));
    assert.throws(() => echo.get('a', 'b', 'c', 'd'), range('Too many parameter values were provided'));
    assert.throws(() => db.prepare('SELECT 1').get('a'), range('Too many parameter values were provided'));
    assert.throws(() => echo.get('a', 'b', {}), range('Too few parameter values were provided'));
  });

  it('binds values by name', (db) => {
    const echo = db.prepare('SELECT :a, @b, $c').raw();
    assert.deepEqual(echo.get({ a: 1, b: 2, c: 3, d: 4 }), [1, 2, 3]);
    assert.deepEqual(echo.get(Object.assign(Object.create(null), { a: 1, b: 2, c: 3 })), [1, 2, 3]);
    assert.deepEqual(db.prepare('SELECT :a, ?, @b, ?').raw().get({ a: 1, b: 3 }, 2, [4]), [1, 2, 3, 4]);
    assert.deepEqual(db.prepare('SELECT :a, :a').raw().get({ a: 1 }), [1, 1]);
    assert.throws(() => echo.get({ a: 1, b: 2 }), range('Missing named parameter "c"'));
    assert.throws(() => echo.get(Object.create({ a: 1, b: 2, c: 3 })), { name: /Error/ });
    assert.throws(() => echo.get(), type('Missing named parameters'));
    assert.throws(
      () => echo.get({ a: 1, b: 2, c: 3 }, {}),
      type('You cannot specify named parameters in two different objects')
    );
    assert.throws(() => echo.get(new Date()), type('Named parameters can only be passed within plain objects'));
    assert.throws(() => echo.get(() => 1), type('Named parameters can only be passed within plain objects'));
  });

  it('an object of another realm is an object all the same', (db) => {
    const foreign = require('vm').runInNewContext('({ a: 1, list: [2] })');
    assert.equal(db.prepare('SELECT :a').pluck().get(foreign), 1);
    assert.equal(db.prepare('SELECT ?').pluck().get(foreign.list), 2);
  });

  it('an error of a getter comes through, and the statement can be run again', (db) => {
    const echo = db.prepare('SELECT :a').pluck();
    assert.throws(
      () =>
        echo.get({
          get a() {
            throw new SyntaxError('getter');
          },
        }),
      { name: 'SyntaxError', message: 'getter' }
    );
    assert.throws(
      () =>
        echo.get({
          get a() {
            return db.close();
          },
        }),
      type('This database connection is busy executing a query')
    );
    assert.equal(
      echo.get({
        get a() {
          return 5;
        },
      }),
      5
    );
  });

  it('bind() binds for good', (db) => {
    const statement = db.prepare('SELECT ?, :b').raw();
    assert.equal(statement.bind('x', { b: 2n }), statement);
    assert.deepEqual(statement.get(), ['x', 2]);
    assert.deepEqual(statement.all(), [['x', 2]]);
    assert.equal(String(statement), "SELECT 'x', 2");
    assert.throws(() => statement.get('y'), type('This statement already has bound parameters'));
    assert.throws(() => statement.bind('y'), type('The bind() method can only be invoked once per statement object'));
    const unbound = db.prepare('SELECT ?');
    assert.throws(() => unbound.bind(), range('Too few parameter values were provided'));
    assert.equal(String(unbound), 'SELECT ?');
    assert.equal(unbound.pluck().get('again'), 'again');
  });

  it('pragma gives rows or the simple value', (db) => {
    assert.deepEqual(db.pragma('user_version'), [{ user_version: 0 }]);
    assert.equal(db.pragma('user_version', { simple: true }), 0);
    assert.throws(() => db.pragma(), type('Expected first argument to be a string'));
    assert.throws(() => db.pragma('user_version', 1), type('Expected second argument to be an options object'));
    assert.throws(() => db.pragma('user_version', { simple: 1 }), type('Expected the "simple" option to be a boolean'));
    assert.throws(() => db.pragma('user_version; SELECT 1'), { name: 'RangeError' });
  });

  it('explain needs no values', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const program = db.explain('SELECT * FROM t WHERE id = ? AND id > @x');
    assert.ok(program.some(({ opcode }) => opcode === 'Halt'));
    assert.match(db.explain('QUERY PLAN SELECT * FROM t WHERE id = ?')[0].detail, /\bt\b/);
    assert.throws(() => db.explain(5), type('Expected first argument to be a string'));
    assert.throws(() => db.explain('SELECT * FROM absent'), Database.SqliteError);
  });
});
