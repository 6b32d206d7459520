// SPDX-License-Identifier: Apache-2.0
'use strict';
// Statements that only the engine understands: columns and rows, in every place; never inside a transaction that wrote.
const assert = require('node:assert/strict');
const { Database, EVERYWHERE, inEachPlace } = require('./support');

const STATEMENTS = [
  ["SELECT to_char(d::timestamp, 'YYYY/MM') AS m, a FROM t WHERE a = ?", [1], [{ m: '2024/03', a: 1 }]],
  ["SELECT to_char(d::timestamp, 'YYYY') AS y FROM t WHERE a = :key", [{ key: 1 }], [{ y: '2024' }]],
  ["SELECT to_date('2024-01-02', 'YYYY-MM-DD') AS d;", [], [{ d: '2024-01-02' }]],
  ["SELECT to_char(d::timestamp, 'DD') AS d FROM t WHERE a = 99", [], []],
];

function fill(db) {
  db.exec("CREATE TABLE t (a INTEGER, d TEXT); INSERT INTO t VALUES (1, '2024-03-05 10:11:12')");
}

inEachPlace(EVERYWHERE, (place, it) => {
  it('columns and rows', (db) => {
    fill(db);
    for (const [sql, parameters, rows] of STATEMENTS) {
      const statement = db.prepare(sql);
      assert.deepEqual(statement.all(...parameters), rows);
      assert.deepEqual(statement.get(...parameters), rows[0]);
      assert.deepEqual([...statement.iterate(...parameters)], rows);
      assert.equal(db.explainLane(sql).lane, 'engine');
    }
  });

  it('refused in a transaction that has written', (db) => {
    fill(db);
    db.exec("BEGIN; INSERT INTO t VALUES (2, 'x')");
    assert.throws(() => db.prepare("SELECT to_char(now(), 'YYYY')").get(), { name: 'SqliteError', code: 'HDB_NOTSUPPORTED' });
    db.exec('ROLLBACK');
    assert.deepEqual(db.prepare("SELECT to_char(d::timestamp, 'MM') FROM t").raw().all(), [['03']]);
  });

  it('a statement that fails leaves the connection usable', (db) => {
    fill(db);
    assert.throws(() => db.prepare("SELECT to_char(nosuchcolumn, 'YYYY') FROM t").all(), Database.SqliteError);
    assert.deepEqual(db.prepare('SELECT a FROM t').pluck().all(), [1]);
    assert.deepEqual(db.prepare("SELECT to_char(d::timestamp, 'MM') FROM t").pluck().all(), ['03']);
  });
});
