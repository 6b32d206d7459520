// SPDX-License-Identifier: Apache-2.0
'use strict';
// heliosdb-sqlite/node: what holds besides what Node's own tests of node:sqlite say (make conformance-node).
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { describe, test } = require('node:test');
const { inEachPlace, packagePath, runNode, temporaryDirectory } = require('./support');

const { DatabaseSync, StatementSync, Session, SQLTagStore, backup, constants } = require(
  path.join(packagePath, 'lib', 'node')
);

const row = (values) => ({ __proto__: null, ...values });

/** Opens the database of a place of support.js. */
function openPlace(place, options) {
  if (place.name === 'memory') return new DatabaseSync(':memory:', options);
  if (place.name === 'file') return new DatabaseSync(place.path, options);
  return new DatabaseSync(path.join(place.directory, 'label.db'), {
    mode: 'daemon',
    dsn: place.dsn,
    timeout: 30000,
    ...options,
  });
}

inEachPlace(['memory', 'file', 'heliosdb', 'postgresql'], (place, it) => {
  const with_ = (title, fn) =>
    it(title, () => {
      const db = openPlace(place);
      try {
        return fn(db);
      } finally {
        if (db.isOpen) db.close();
      }
    });

  with_('values come back as they went in', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    const insert = db.prepare('INSERT INTO t (v) VALUES (?)');
    const values = [null, 1.5, 'text', 'snö☃', '', new Uint8Array([1, 0, 255]), new Uint8Array()];
    for (const value of values) insert.run(value);
    const got = db
      .prepare('SELECT v FROM t ORDER BY id')
      .all()
      .map(({ v }) => v);
    assert.deepStrictEqual(got, values);
  });

  with_('integers are bigints if they are asked for, and refused if a number can not hold them', (db) => {
    db.exec('CREATE TABLE t (v INTEGER)');
    db.prepare('INSERT INTO t VALUES (?)').run(2n ** 53n);
    const select = db.prepare('SELECT v FROM t');
    assert.throws(() => select.get(), { code: 'ERR_OUT_OF_RANGE', name: 'RangeError' });
    assert.throws(() => select.all(), { code: 'ERR_OUT_OF_RANGE' });
    select.setReadBigInts(true);
    assert.deepStrictEqual(select.all(), [row({ v: 2n ** 53n })]);
    assert.deepStrictEqual(select.get(), row({ v: 2n ** 53n }));
  });

  with_('an iteration goes on beside other statements', (db) => {
    db.exec('CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1), (2), (3)');
    const insert = db.prepare('SELECT v + 10 AS w FROM t WHERE v = ?');
    const seen = [];
    for (const { v } of db.prepare('SELECT v FROM t ORDER BY v').iterate()) seen.push(v, insert.get(v).w);
    assert.deepStrictEqual(seen, [1, 11, 2, 12, 3, 13]);
  });

  with_('transactions commit and roll back', (db) => {
    db.exec('CREATE TABLE t (v); BEGIN; INSERT INTO t VALUES (1)');
    assert.strictEqual(db.isTransaction, true);
    db.exec('ROLLBACK; BEGIN; INSERT INTO t VALUES (2); COMMIT');
    assert.strictEqual(db.isTransaction, false);
    assert.deepStrictEqual(db.prepare('SELECT v FROM t').all(), [row({ v: 2 })]);
  });

  with_('functions of JavaScript work on rows', (db) => {
    db.exec("CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('a'), ('b')");
    db.function('shout', (text) => text.toUpperCase());
    db.aggregate('joined', { start: '', step: (all, text) => all + text, result: (all) => `<${all}>` });
    assert.deepStrictEqual(db.prepare('SELECT joined(shout(v)) AS j FROM t').get(), row({ j: '<AB>' }));
  });

  with_('a session records, and the other database gets the changes', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    const session = db.createSession();
    db.exec("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
    const other = new DatabaseSync(':memory:');
    other.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    assert.strictEqual(other.applyChangeset(session.changeset()), true);
    assert.deepStrictEqual(other.prepare('SELECT * FROM t').all(), [
      row({ id: 1, v: 'one' }),
      row({ id: 2, v: 'two' }),
    ]);
    session.close();
    other.close();
  });
});

describe('kept by the engine', () => {
  test('a database comes back from the engine when its file is gone', () => {
    const file = path.join(temporaryDirectory(), 'kept.db');
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE t (v); INSERT INTO t VALUES ('kept')");
    db.close();
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(file + suffix, { force: true });
    const again = new DatabaseSync(file);
    assert.deepStrictEqual(again.prepare('SELECT v FROM t').all(), [row({ v: 'kept' })]);
    again.close();
  });

  test('mode plain needs no engine', () => {
    const file = path.join(temporaryDirectory(), 'plain.db');
    const db = new DatabaseSync(file, { mode: 'plain', engine: '/no/such/program' });
    db.exec('CREATE TABLE t (v)');
    db.close();
    assert.ok(!fs.existsSync(`${file}-heliosdb`));
  });

  test('an option of the library that is wrong is named', () => {
    assert.throws(() => new DatabaseSync(':memory:', { mode: 'elsewhere' }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /"options\.mode"/,
    });
    assert.throws(() => new DatabaseSync(':memory:', { mode: {} }), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('what is open is closed when the process ends', () => {
    const file = path.join(temporaryDirectory(), 'ends.db');
    const { status, stderr } = runNode(
      `const { DatabaseSync } = require(require('path').join(process.argv[1], 'lib', 'node'));
       const db = new DatabaseSync(process.argv[2]);
       db.exec('CREATE TABLE t (v); INSERT INTO t VALUES (1)');
       process.exit(4);`,
      [file]
    );
    assert.strictEqual(status, 4, stderr);
    const db = new DatabaseSync(file);
    assert.strictEqual(db.prepare('SELECT count(*) AS n FROM t').get().n, 1);
    db.close();
  });
});

describe('rows', () => {
  test('all rows of a statement share one hidden class, and have no prototype', () => {
    const { status, stdout, stderr } = runNode(
      `const { DatabaseSync } = require(require('path').join(process.argv[1], 'lib', 'node'));
       const db = new DatabaseSync(':memory:');
       db.exec("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, 'y')");
       const select = db.prepare('SELECT a, b FROM t');
       const [one, two] = select.all();
       const three = select.get();
       const [four] = select.iterate();
       console.log(%HaveSameMap(one, two), %HaveSameMap(one, three), %HaveSameMap(one, four),
         %HasFastProperties(one), Object.getPrototypeOf(one));`,
      [],
      { flags: ['--allow-natives-syntax'] }
    );
    assert.deepStrictEqual([status, stdout], [0, 'true true true true null\n'], stderr);
  });

  test('rows need no code to be made of text', () => {
    const { status, stdout, stderr } = runNode(
      `const { DatabaseSync } = require(require('path').join(process.argv[1], 'lib', 'node'));
       console.log(new DatabaseSync(':memory:').prepare('SELECT 1 AS a, 2 AS __proto__').get());`,
      [],
      { flags: ['--disallow-code-generation-from-strings'] }
    );
    assert.deepStrictEqual([status, stdout], [0, "[Object: null prototype] { a: 1, ['__proto__']: 2 }\n"], stderr);
  });

  test('the columns are those of the table as it is when the statement runs', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    const select = db.prepare('SELECT * FROM t');
    assert.deepStrictEqual(select.all(), [row({ a: 1 })]);
    db.exec('ALTER TABLE t ADD COLUMN b DEFAULT 2');
    assert.deepStrictEqual(select.get(), row({ a: 1, b: 2 }));
    db.exec('ALTER TABLE t RENAME COLUMN b TO c');
    assert.deepStrictEqual([...select.iterate()], [row({ a: 1, c: 2 })]);
    db.close();
  });

  test('a large result is whole', () => {
    const db = new DatabaseSync(':memory:');
    const rows = db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                SELECT i, 'text ' || i AS text, i * 0.5 AS half, CASE i % 3 WHEN 0 THEN NULL ELSE i END AS some FROM n`
      )
      .all();
    assert.strictEqual(rows.length, 100000);
    assert.deepStrictEqual(rows[99998], row({ i: 99999, text: 'text 99999', half: 49999.5, some: null }));
    db.close();
  });

  test('of columns with the same name the last one counts', () => {
    const db = new DatabaseSync(':memory:');
    assert.deepStrictEqual(db.prepare('SELECT 1 AS a, 2 AS a').get(), row({ a: 2 }));
    db.close();
  });
});

describe('callbacks', () => {
  test('a function may use its database', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE t (v); INSERT INTO t VALUES (1), (2)');
    db.function('counted', () => db.prepare('SELECT count(*) AS n FROM t').get().n);
    assert.strictEqual(db.prepare('SELECT counted() AS n').get().n, 2);
    db.close();
  });

  test('a function can not close its database, nor replace it', () => {
    const db = new DatabaseSync(':memory:');
    const bytes = db.serialize();
    db.function('closes', () => db.close());
    db.function('replaces', () => db.deserialize(bytes));
    assert.throws(() => db.prepare('SELECT closes()').get(), { code: 'ERR_INVALID_STATE' });
    assert.throws(() => db.prepare('SELECT replaces()').get(), {
      code: 'ERR_INVALID_STATE',
      message: 'database cannot be deserialized while in a callback',
    });
    assert.strictEqual(db.isOpen, true);
    db.close();
  });

  test('a database that its own function refers to is collected', () => {
    const { status, stdout, stderr } = runNode(
      `const { DatabaseSync } = require(require('path').join(process.argv[1], 'lib', 'node'));
       let collected = 0;
       const registry = new FinalizationRegistry(() => collected++);
       for (let i = 0; i < 20; i++) {
         const db = new DatabaseSync(':memory:');
         db.function('self', () => db.isOpen);
         db.setAuthorizer(() => (db.isOpen ? 0 : 1));
         db.prepare('SELECT 1').get();
         registry.register(db);
       }
       let tries = 0;
       const timer = setInterval(() => {
         gc();
         if (collected < 20 && ++tries < 50) return;
         clearInterval(timer);
         console.log(collected);
       }, 5);`,
      [],
      { flags: ['--expose-gc'] }
    );
    assert.deepStrictEqual([status, stdout], [0, '20\n'], stderr);
  });
});

describe('copies', () => {
  test('serialize and deserialize copy a database, an attached one too', () => {
    const db = new DatabaseSync(':memory:');
    db.exec("CREATE TABLE t (v); INSERT INTO t VALUES ('x'); ATTACH ':memory:' AS other; CREATE TABLE other.o (w)");
    const copy = new DatabaseSync(':memory:');
    const old = copy.prepare('SELECT 1');
    copy.deserialize(db.serialize());
    assert.deepStrictEqual(copy.prepare('SELECT v FROM t').all(), [row({ v: 'x' })]);
    assert.throws(() => old.get(), { code: 'ERR_INVALID_STATE', message: 'statement has been finalized' });
    copy.exec("ATTACH ':memory:' AS another");
    copy.deserialize(db.serialize('other'), { dbName: 'another' });
    assert.deepStrictEqual(copy.prepare('SELECT * FROM another.o').all(), []);
    for (const [bytes, code] of [
      ['text', 'ERR_INVALID_ARG_TYPE'],
      [new Uint8Array(), 'ERR_INVALID_ARG_VALUE'],
    ])
      assert.throws(() => copy.deserialize(bytes), { code });
    assert.throws(() => copy.serialize(5), { code: 'ERR_INVALID_ARG_TYPE' });
    for (const each of [db, copy]) each.close();
  });

  test('a backup tells how many pages it has, and refuses what it can not do', async () => {
    const directory = temporaryDirectory();
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE t (v)');
    assert.strictEqual(await backup(db, path.join(directory, 'copy.db')), 2);
    await assert.rejects(backup(db, path.join(directory, 'none', 'copy.db')), {
      message: 'unable to open database file',
    });
    await assert.rejects(backup(db, path.join(directory, 'x.db'), { source: 'none' }), {
      message: 'unknown database none',
    });
    db.close();
  });
});

describe('statements', () => {
  test('are finalized by close, and by the database', () => {
    const db = new DatabaseSync(':memory:');
    const [one, other] = [db.prepare('SELECT 1'), db.prepare('SELECT 2')];
    one.close();
    assert.throws(() => one.get(), { code: 'ERR_INVALID_STATE', message: 'statement has been finalized' });
    assert.throws(() => one.close(), { code: 'ERR_INVALID_STATE' });
    db.close();
    assert.throws(() => other.get(), { code: 'ERR_INVALID_STATE', message: 'statement has been finalized' });
    db.open();
    assert.throws(() => other.get(), { code: 'ERR_INVALID_STATE' });
    db.close();
  });

  test('bind booleans and buffers as Node 26 does', () => {
    const db = new DatabaseSync(':memory:');
    const select = db.prepare('SELECT ? AS v, typeof(?1) AS type');
    assert.deepStrictEqual(select.get(true), row({ v: 1, type: 'integer' }));
    assert.deepStrictEqual(select.get(1), row({ v: 1, type: 'real' }));
    assert.deepStrictEqual(select.get(new Uint8Array([1, 2]).buffer), row({ v: new Uint8Array([1, 2]), type: 'blob' }));
    assert.throws(() => select.get(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
    db.close();
  });

  test('a text without a statement is refused', () => {
    const db = new DatabaseSync(':memory:');
    for (const sql of ['', ' -- nothing'])
      assert.throws(() => db.prepare(sql), {
        code: 'ERR_INVALID_ARG_VALUE',
        message: 'The SQL query contains no statements.',
      });
    db.close();
  });

  test('have counters', () => {
    const db = new DatabaseSync(':memory:');
    const select = db.prepare('SELECT 1');
    select.all();
    assert.strictEqual(select.stat('run'), 1);
    assert.ok(select.stat('vmStep') > 0);
    select.resetStats();
    assert.strictEqual(select.stat('run'), 0);
    assert.throws(() => select.stat(), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => select.stat('runs'), { code: 'ERR_INVALID_ARG_VALUE' });
    db.close();
  });

  test('a tag store keeps those used last', () => {
    const db = new DatabaseSync(':memory:');
    const sql = db.createTagStore(2);
    assert.deepStrictEqual(sql.get`SELECT ${1} AS a`, row({ a: 1 }));
    assert.deepStrictEqual(sql.all`SELECT ${2} AS b`, [row({ b: 2 })]);
    assert.deepStrictEqual([...sql.iterate`SELECT ${3} AS c`], [row({ c: 3 })]);
    assert.deepStrictEqual([sql.size, sql.capacity, sql.db], [2, 2, db]);
    db.close();
    assert.throws(() => sql.get`SELECT 1`, { code: 'ERR_INVALID_STATE', message: 'database is not open' });
    db.open();
    assert.deepStrictEqual(sql.get`SELECT ${3} AS c`, row({ c: 3 }));
    for (const size of [0, -1, 1.5]) assert.throws(() => db.createTagStore(size), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => db.createTagStore('2'), { code: 'ERR_INVALID_ARG_TYPE' });
    db.close();
  });

  test('the classes are not to be made by hand', () => {
    for (const Class of [StatementSync, Session, SQLTagStore])
      assert.throws(() => new Class(), { code: 'ERR_ILLEGAL_CONSTRUCTOR', message: 'Illegal constructor' });
    assert.throws(() => DatabaseSync(':memory:'), { code: 'ERR_CONSTRUCT_CALL_REQUIRED' });
    class Mine extends DatabaseSync {}
    const db = new Mine(':memory:');
    assert.ok(db instanceof DatabaseSync && db instanceof Mine);
    db.close();
  });

  test('constants have the numbers of SQLite', () => {
    assert.deepStrictEqual(
      ['SQLITE_OK', 'SQLITE_DENY', 'SQLITE_READ', 'SQLITE_CHANGESET_FOREIGN_KEY', 'SQLITE_COPY'].map(
        (name) => constants[name]
      ),
      [0, 1, 20, 5, 0]
    );
  });
});
