// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { EVERYWHERE, inEachPlace } = require('./support');

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

inEachPlace(EVERYWHERE, (place, it) => {
  // A value through a table of each affinity and back.
  const roundTrip = (db, type, value) => {
    db.exec(`CREATE TABLE IF NOT EXISTS "t ${type}" (id INTEGER PRIMARY KEY, v ${type})`);
    const { lastInsertRowid } = db.prepare(`INSERT INTO "t ${type}" (v) VALUES (?)`).run(value);
    return db.prepare(`SELECT v FROM "t ${type}" WHERE id = ?`).pluck().safeIntegers().get(BigInt(lastInsertRowid));
  };

  it('numbers are doubles', (db) => {
    assert.equal(db.prepare('SELECT typeof(?)').pluck().get(1), 'real');
    for (const value of [0, 1, -1, 0.1, 1e308, 5e-324, Number.MAX_SAFE_INTEGER, 1e20, Infinity, -Infinity]) {
      assert.equal(db.prepare('SELECT ?').pluck().get(value), value);
      assert.equal(roundTrip(db, 'REAL', value), value);
    }
    assert.equal(db.prepare('SELECT ?').pluck().get(NaN), null);
    assert.equal(roundTrip(db, 'INTEGER', 5), 5n);
    assert.equal(roundTrip(db, 'INTEGER', 5.5), 5.5);
    assert.equal(roundTrip(db, 'TEXT', 5), '5.0');
  });

  it('bigints are integers', (db) => {
    assert.equal(db.prepare('SELECT typeof(?)').pluck().get(1n), 'integer');
    for (const value of [0n, 1n, -1n, 2n ** 53n + 1n, MAX, MIN]) {
      assert.equal(db.prepare('SELECT ?').pluck().safeIntegers().get(value), value);
      for (const type of ['INTEGER', 'NUMERIC', '']) assert.equal(roundTrip(db, type, value), value, type);
    }
    for (const value of [MAX + 1n, MIN - 1n, 2n ** 64n, 2n ** 200n])
      assert.throws(() => db.prepare('SELECT ?').get(value), {
        name: 'RangeError',
        message: 'The bound string, buffer, or bigint is too big',
      });
  });

  it('integers come back as numbers, or as bigints when asked', (db) => {
    const statement = db.prepare('SELECT 9223372036854775807 AS a, 5 AS b, 1.5 AS c');
    assert.deepEqual(statement.get(), { a: 9223372036854775807, b: 5, c: 1.5 });
    assert.equal(statement.safeIntegers(), statement);
    assert.deepEqual(statement.get(), { a: MAX, b: 5n, c: 1.5 });
    assert.deepEqual(statement.safeIntegers(false).get().b, 5);
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    assert.equal(
      db
        .prepare(`INSERT INTO t VALUES (${MAX - 1n})`)
        .safeIntegers()
        .run().lastInsertRowid,
      MAX - 1n
    );
    assert.equal(db.defaultSafeIntegers(), db);
    assert.equal(db.prepare('SELECT 1').pluck().get(), 1n);
    assert.equal(statement.get().b, 5);
    db.defaultSafeIntegers(false);
    assert.equal(db.prepare('SELECT 1').pluck().get(), 1);
    assert.throws(() => db.defaultSafeIntegers('x'), {
      name: 'TypeError',
      message: 'Expected first argument to be a boolean',
    });
  });

  it('strings are text', (db) => {
    const values = [
      '',
      'x',
      'größe',
      '日本語',
      '😀',
      'a\u0000b',
      'quote\'s "',
      '\r\n\t\\',
      'x'.repeat(1019),
      'é'.repeat(700),
      '😀'.repeat(50000),
    ];
    for (const value of values) {
      assert.equal(db.prepare('SELECT ?').pluck().get(value), value);
      if (!value.includes('\u0000')) assert.equal(roundTrip(db, 'TEXT', value), value);
    }
    assert.equal(db.prepare('SELECT ?').pluck().get('\ud800'), '\ufffd');
    assert.equal(roundTrip(db, 'INTEGER', '12'), 12n);
    assert.equal(roundTrip(db, 'INTEGER', '12x'), '12x');
    assert.equal(roundTrip(db, '', '12'), '12');
  });

  it('buffers and typed arrays are blobs, which come back as buffers', (db) => {
    const bytes = Buffer.from([0, 1, 2, 254, 255]);
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (const value of [bytes, all, new Uint8Array(bytes), Buffer.alloc(0), Buffer.alloc(300000, 7)]) {
      for (const found of [
        db.prepare('SELECT ?').pluck().get(value),
        roundTrip(db, 'BLOB', value),
        roundTrip(db, 'TEXT', value),
      ]) {
        assert.ok(Buffer.isBuffer(found));
        assert.deepEqual(found, Buffer.from(value));
      }
    }
    const part = new Uint8Array([9, 8, 7, 6]).subarray(1, 3);
    assert.deepEqual(db.prepare('SELECT ?').pluck().get(part), Buffer.from([8, 7]));
    assert.deepEqual(
      db
        .prepare('SELECT ?')
        .pluck()
        .get(new Uint16Array([0x0102])).length,
      2
    );
    assert.deepEqual(
      db
        .prepare('SELECT ?')
        .pluck()
        .get(new DataView(new ArrayBuffer(3))),
      Buffer.alloc(3)
    );
  });

  it('null and undefined are NULL', (db) => {
    for (const value of [null, undefined]) {
      assert.equal(db.prepare('SELECT ?').pluck().get(value), null);
      assert.equal(db.prepare('SELECT ?').pluck().get([value]), null);
      assert.equal(db.prepare('SELECT :a').pluck().get({ a: value }), null);
      assert.equal(roundTrip(db, 'INTEGER', value), null);
    }
  });

  it('other values are refused', (db) => {
    const echo = db.prepare('SELECT ?').pluck();
    const refused = {
      name: 'TypeError',
      message: 'SQLite3 can only bind numbers, strings, bigints, buffers, and null',
    };
    for (const value of [
      true,
      false,
      Symbol('x'),
      new Date(),
      /x/,
      () => 1,
      new Map(),
      new Number(1),
      new ArrayBuffer(2),
    ])
      assert.throws(() => echo.get(value), refused);
    assert.throws(() => echo.get([{}]), refused);
    assert.throws(() => echo.get([[1]]), refused);
    assert.equal(echo.get('still works'), 'still works');
  });

  it('every class of value survives in a column without type', (db) => {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v)');
    const values = [1n, 1.5, 'text', Buffer.from('blob'), null, '1', MAX, -0.0];
    const insert = db.prepare('INSERT INTO t (v) VALUES (?)');
    for (const value of values) insert.run(value);
    const found = db.prepare('SELECT v, typeof(v) FROM t ORDER BY id').raw().safeIntegers().all();
    assert.deepEqual(
      found.map(([value]) => value),
      [1n, 1.5, 'text', Buffer.from('blob'), null, '1', MAX, -0.0]
    );
    assert.deepEqual(
      found.map(([, type]) => type),
      ['integer', 'real', 'text', 'blob', 'null', 'text', 'integer', 'real']
    );
  });
});
