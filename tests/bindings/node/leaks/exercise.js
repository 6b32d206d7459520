// SPDX-License-Identifier: Apache-2.0
'use strict';
// Calls everything of the surface some times, also where it fails, for tools/leaks_node.sh. Usage: exercise.js DIRECTORY
const path = require('path');
const Database = require('../../../../bindings/node');

const directory = process.argv[2];

function attempt(action) {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

function statements(db) {
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, number REAL)');
  const insert = db.prepare('INSERT INTO t (text, bytes, number) VALUES (?, ?, ?)');
  for (let i = 0; i < 20; i++) insert.run(`text ${i} ${'x'.repeat(100 * i)}`, Buffer.alloc(10 * i), i / 3);
  const all = db.prepare('SELECT * FROM t');
  all.all();
  all.expand().all();
  all.raw().get();
  all.columns();
  for (const row of all.iterate()) if (row[0] === 3) break;
  db.prepare('SELECT id FROM t WHERE id = @id').pluck().safeIntegers().get({ id: 3n });
  db.prepare('SELECT :a').bind({ a: 'x'.repeat(3000) }).toString();
  db.explain('SELECT * FROM t');
  db.explainLane('SELECT * FROM t');
  db.pragma('table_info(t)');
  attempt(() => db.prepare('SELEC'));
  attempt(() => db.prepare('SELECT 1; SELECT 2'));
  attempt(() => insert.run());
  attempt(() => insert.run(1, 2, {}));
  attempt(() => db.prepare('INSERT INTO t (id) VALUES (1)').run());
  db.transaction(() => db.transaction(() => insert.run('nested', null, 1))())();
  attempt(() => db.transaction(() => attempt.undefined.call())());
}

function callbacks(db) {
  const thrown = () => {
    throw new Error('thrown');
  };
  db.function('f', { varargs: true }, (...values) => values.at(-1));
  db.function('fail', thrown);
  db.aggregate('collect', { start: () => [], step: (all, x) => [...all, x], inverse: (all) => all.slice(1), result: String });
  db.aggregate('limited', { start: 0, step: (n, _x) => (n > 2 ? thrown() : n + 1) });
  db.table('numbers', { columns: ['x'], parameters: ['n'], *rows(n) { for (let i = 0; i < n; i++) yield [i]; } }); // prettier-ignore
  db.table('module', (...words) => ({ columns: ['word'], *rows() { yield* words.map((word) => [word]); } })); // prettier-ignore
  db.table('broken', thrown);
  db.prepare("SELECT f(1), f('text'), f(x'00'), f(NULL), f(1.5)").get();
  db.prepare('SELECT collect(id) OVER (ORDER BY id ROWS 1 PRECEDING), collect(text) OVER () FROM t').all();
  db.prepare('SELECT collect(id) FROM t GROUP BY id % 3').all();
  db.prepare('SELECT x FROM numbers(10)').all();
  db.exec('CREATE VIRTUAL TABLE v USING module(one, two)');
  db.prepare('SELECT * FROM v').all();
  const iterator = db.prepare('SELECT * FROM numbers(5)').iterate();
  iterator.next();
  iterator.return();
  attempt(() => db.prepare('SELECT fail() FROM t').all());
  attempt(() => db.prepare('SELECT limited(id) FROM t').all());
  attempt(() => db.exec('CREATE VIRTUAL TABLE w USING broken'));
  attempt(() => db.prepare('SELECT * FROM numbers WHERE n > 1'));
  db.function('f', (x) => x);
  db.table('numbers', { columns: ['y'], *rows() {} }); // eslint-disable-line no-empty-function
}

async function copies(db, round) {
  const bytes = db.serialize();
  const copy = new Database(bytes);
  copy.prepare('SELECT count(*) FROM t').get();
  copy.close();
  attempt(() => new Database(Buffer.from('no database')).prepare('SELECT * FROM t'));
  await db.backup(path.join(directory, `backup${round}.db`), { progress: () => 1 });
  await db.backup(path.join(directory, `given-up${round}.db`), { progress: () => 'no' }).catch(() => {});
}

async function main() {
  for (let round = 0; round < 3; round++) {
    const db = new Database(round ? path.join(directory, `${round}.db`) : ':memory:', { verbose: round === 2 ? () => {} : null });
    statements(db);
    callbacks(db);
    for (let i = 0; i < 3; i++) {
      global.gc();
      await new Promise(setImmediate);
    }
    await copies(db, round);
    db.flush();
    db.close();
  }
  attempt(() => new Database(path.join(directory, 'absent.db'), { fileMustExist: true }));
  for (let i = 0; i < 5; i++) {
    global.gc();
    await new Promise(setImmediate);
  }
}

main();
