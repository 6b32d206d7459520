// SPDX-License-Identifier: Apache-2.0
'use strict';
// better-sqlite3 itself as the oracle, where it is installed: in build/node (npm install --prefix build/node
// better-sqlite3) or where NODE_PATH leads. The same calls go to both, and what they give or throw must be equal.
const assert = require('node:assert/strict');
const path = require('path');
const { inspect } = require('util');
const { describe, test } = require('node:test');
const { Database, root } = require('./support');

function findOracle() {
  for (const name of [path.join(root, 'build/node/node_modules/better-sqlite3'), 'better-sqlite3']) {
    try {
      const oracle = require(name);
      new oracle(':memory:').close();
      return oracle;
    } catch {
      continue;
    }
  }
  return null;
}

const oracle = findOracle();
const options = { skip: oracle ? false : 'better-sqlite3 is not installed' };

// What a call gives: its value, or its error's name, message and code.
function outcome(action) {
  try {
    return { value: action() };
  } catch (error) {
    return { name: error.name, message: error.message, code: error.code };
  }
}

const VALUES = {
  integer: 5,
  negative: -0,
  fraction: 1.5,
  large: 2 ** 60,
  nan: NaN,
  infinity: Infinity,
  bigint: 2n ** 62n,
  tooBig: 2n ** 63n,
  text: 'größe',
  nul: 'a\u0000b',
  buffer: Buffer.from([0, 255]),
  empty: Buffer.alloc(0),
  typed: new Float64Array(2),
  arrayBuffer: new ArrayBuffer(2),
  null: null,
  undefined: undefined,
  true: true,
  symbol: Symbol('s'),
  function: () => 1,
  date: new Date(0),
  object: {},
  named: { a: 1, b: 2 },
  half: { a: 1 },
  array: [1, 2],
  nested: [[1]],
  none: [],
  boxed: new String('x'),
  map: new Map(),
  bare: Object.assign(Object.create(null), { a: 'bare', b: null }),
};

const STATEMENTS = [
  'SELECT 1',
  'SELECT ?',
  'SELECT ?, ?',
  'SELECT :a',
  'SELECT :a, @b',
  'SELECT $a, ?',
  'SELECT ?1',
  'SELECT ?2',
  'SELECT :a, :a, ?',
  'INSERT INTO t (v) VALUES (?)',
  'INSERT INTO t (v) VALUES (:a) RETURNING *',
  'PRAGMA user_version',
  'UPDATE t SET v = ?',
  'SELECT typeof(?), quote(?1)',
  'SELECT *, 1 + 1, v AS v FROM t',
  'VALUES (?), (2)',
];

const SOURCES = [
  ...STATEMENTS,
  '',
  ' ;',
  ';;SELECT 1',
  'SELECT 1;',
  'SELECT 1; --x',
  'SELECT 1; SELECT 2',
  'SELECT 1;\u0000',
  '/* */',
  'SELEC',
  'SELECT 1 FROM',
  'SELECT * FROM absent',
  'SELECT absent FROM t',
  "SELECT 'open",
  'BEGIN',
  'COMMIT',
  'CREATE TABLE t (a)',
  'DROP TABLE t',
  5,
  null,
  undefined,
  {},
];

// Lists [title, function(db)]; both modules get a fresh database for each.
function scenarios() {
  const list = [];
  const add = (title, run) => list.push([title, run]);
  for (const sql of SOURCES) {
    add(`prepare ${String(sql)}`, (db) => {
      const { source, reader, readonly, busy } = db.prepare(sql);
      return { source, reader, readonly, busy };
    });
    add(`exec ${String(sql)}`, (db) => db.exec(sql) === db);
  }
  const argumentLists = [
    [],
    ...Object.values(VALUES).map((value) => [value]),
    [1, 2],
    [{ a: 1 }, 2],
    [{ a: 1 }, { b: 2 }],
    [[1], [2]],
    [{ b: 2, a: 1 }],
    [{ 1: 'one', 2: 'two' }],
  ];
  for (const sql of STATEMENTS)
    argumentLists.forEach((args, i) => {
      for (const method of ['run', 'get', 'all', 'iterate', 'bind'])
        add(`${method} ${sql}, arguments ${i}`, (db) => {
          const result = db.prepare(sql)[method](...args);
          return method === 'iterate' ? [...result] : method === 'bind' ? result.raw?.().all() : result;
        });
    });
  for (const mode of ['pluck', 'raw', 'expand', 'safeIntegers'])
    for (const toggle of [[], [true], [false], [1], [undefined]])
      for (const sql of ['SELECT *, 1 FROM t', 'INSERT INTO t (v) VALUES (1)'])
        add(`${mode}(${toggle}) ${sql}`, (db) =>
          db
            .prepare(sql)
            [mode](...toggle)
            .all()
        );
  for (const sql of ['SELECT v AS x, t.id, 1, u.id FROM t, t AS u', 'PRAGMA table_info(t)', 'DELETE FROM t'])
    add(`columns ${sql}`, (db) => db.prepare(sql).columns());
  for (const args of [
    ['user_version'],
    ['user_version', { simple: true }],
    ['user_version = 5'],
    ['table_info(t)'],
    ['nonsense'],
    [5],
    ['user_version', 5],
    ['user_version', { simple: 'x' }],
    ['a; b'],
  ])
    add(`pragma ${JSON.stringify(args)}`, (db) => db.pragma(...args));
  for (const kind of ['default', 'deferred', 'immediate', 'exclusive'])
    add(`transaction ${kind}`, (db) => {
      const insert = db.prepare('INSERT INTO t (v) VALUES (?)');
      const inner = db.transaction((fail) => {
        insert.run('inner');
        if (fail) throw new Error('fail');
      });
      const outer = db.transaction((...args) => {
        insert.run('outer');
        const failed = outcome(() => inner(true));
        inner(false);
        return [args, failed, db.inTransaction];
      });
      return [outer[kind](1, 2), db.inTransaction, db.prepare('SELECT v FROM t').pluck().all()];
    });
  return list;
}

function runAll(module) {
  return scenarios().map(([, run]) => {
    const db = new module(':memory:');
    db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES (1), ('two'), (x'03')");
    const result = outcome(() => run(db));
    const state = outcome(() => db.prepare('SELECT * FROM t').all());
    db.close();
    return { result, state };
  });
}

describe('better-sqlite3', () => {
  test('gives the same in every scenario', options, () => {
    const ours = runAll(Database);
    const theirs = runAll(oracle);
    const names = scenarios().map(([title]) => title);
    const different = names.filter((name, i) => {
      try {
        assert.deepEqual(ours[i], theirs[i]);
        return false;
      } catch {
        return true;
      }
    });
    const show = (name) => ({ name, ours: ours[names.indexOf(name)], theirs: theirs[names.indexOf(name)] });
    const shown = different.slice(0, 5).map((name) => inspect(show(name), { depth: 8 }));
    assert.equal(different.length, 0, `${different.length} of ${names.length} differ:\n${shown.join('\n')}`);
    assert.ok(names.length > 2000);
  });
});
