// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { EVERYWHERE, inEachPlace } = require('./support');

inEachPlace(EVERYWHERE, (place, it) => {
  const tables = (db) =>
    db.exec(`CREATE TABLE cats (id INTEGER PRIMARY KEY, name TEXT, owner INT);
             CREATE TABLE owners (id INTEGER PRIMARY KEY, name VARCHAR(20));
             INSERT INTO owners VALUES (7, 'Ann');
             INSERT INTO cats VALUES (1, 'Joey', 7), (2, 'Sally', 7)`);
  const JOIN = 'SELECT cats.*, owners.*, 1 + 1 AS two FROM cats JOIN owners ON owner = owners.id ORDER BY cats.id';

  it('is a plain object in the order of the columns', (db) => {
    const row = db.prepare('SELECT 1 AS b, 2 AS a, 3 AS "a b", 4 AS "é"').get();
    assert.deepEqual(Object.entries(row), [
      ['b', 1],
      ['a', 2],
      ['a b', 3],
      ['é', 4],
    ]);
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
    row.b = 5;
    row.c = 6;
    assert.deepEqual([row.b, row.c], [5, 6]);
  });

  it('the last of two columns with one name wins', (db) => {
    tables(db);
    assert.deepEqual(db.prepare(JOIN).get(), { id: 7, name: 'Ann', owner: 7, two: 2 });
  });

  it('any name is a property', (db) => {
    const names = ['__proto__', 'constructor', 'x"y', "x'y", '`${1}`', '\\', '\u2028', '0', 'toString', ''];
    const columns = names.map((name, i) => `${i} AS "${name.replaceAll('"', '""')}"`);
    const row = db.prepare(`SELECT ${columns}`).get();
    names.forEach((name, i) => assert.equal(Object.getOwnPropertyDescriptor(row, name)?.value, i, name));
    assert.equal(Object.getPrototypeOf(row), Object.prototype);
  });

  it('pluck gives the first column', (db) => {
    tables(db);
    const statement = db.prepare('SELECT name, id FROM cats ORDER BY id');
    assert.equal(statement.pluck(), statement);
    assert.deepEqual(statement.all(), ['Joey', 'Sally']);
    assert.equal(statement.get(), 'Joey');
    assert.deepEqual([...statement.iterate()], ['Joey', 'Sally']);
    assert.deepEqual(statement.pluck(false).get(), { name: 'Joey', id: 1 });
  });

  it('raw gives arrays', (db) => {
    tables(db);
    const statement = db.prepare(JOIN).raw();
    assert.deepEqual(statement.all(), [
      [1, 'Joey', 7, 7, 'Ann', 2],
      [2, 'Sally', 7, 7, 'Ann', 2],
    ]);
    assert.deepEqual(statement.get(), [1, 'Joey', 7, 7, 'Ann', 2]);
    assert.deepEqual([...statement.iterate()].length, 2);
  });

  it('expand gives an object for each table', (db) => {
    tables(db);
    const expected = { cats: { id: 1, name: 'Joey', owner: 7 }, owners: { id: 7, name: 'Ann' }, $: { two: 2 } };
    const statement = db.prepare(JOIN).expand();
    assert.deepEqual(statement.get(), expected);
    assert.deepEqual(statement.all()[0], expected);
    assert.deepEqual(Object.keys(statement.get()), ['cats', 'owners', '$']);
  });

  it('the modes exclude each other', (db) => {
    const statement = db.prepare('SELECT 1 AS a, 2 AS b');
    assert.deepEqual(statement.pluck().raw().get(), [1, 2]);
    assert.deepEqual(statement.pluck(false).get(), [1, 2]);
    assert.deepEqual(statement.expand().get(), { $: { a: 1, b: 2 } });
    assert.deepEqual(statement.raw(false).get(), { $: { a: 1, b: 2 } });
    assert.deepEqual(statement.expand(false).get(), { a: 1, b: 2 });
    assert.throws(() => statement.pluck(1), { name: 'TypeError', message: 'Expected first argument to be a boolean' });
  });

  it('columns tells where they come from', (db) => {
    tables(db);
    assert.deepEqual(db.prepare('SELECT cats.name AS n, owners.name, 1 FROM cats, owners').columns(), [
      { name: 'n', column: 'name', table: 'cats', database: 'main', type: 'TEXT' },
      { name: 'name', column: 'name', table: 'owners', database: 'main', type: 'VARCHAR(20)' },
      { name: '1', column: null, table: null, database: null, type: null },
    ]);
  });

  it('follows a change of the schema', (db) => {
    tables(db);
    const statement = db.prepare('SELECT * FROM owners');
    assert.deepEqual(statement.get(), { id: 7, name: 'Ann' });
    db.exec('ALTER TABLE owners ADD COLUMN town TEXT');
    assert.deepEqual(statement.get(), { id: 7, name: 'Ann', town: null });
    assert.deepEqual(statement.all(), [{ id: 7, name: 'Ann', town: null }]);
    db.exec('ALTER TABLE owners RENAME COLUMN town TO city');
    assert.deepEqual(statement.get(), { id: 7, name: 'Ann', city: null });
    assert.deepEqual(statement.raw().get(), [7, 'Ann', null]);
  });
});
