// SPDX-License-Identifier: Apache-2.0
'use strict';
// Every public name of better-sqlite3 is here, and is what it is there.
const assert = require('node:assert/strict');
const path = require('path');
const { describe, test } = require('node:test');
const { Database, root } = require('./support');

// Since better-sqlite3 13; the one that is installed may be older.
const NAMES = {
  Database: ['prepare', 'transaction', 'pragma', 'explain', 'backup', 'serialize', 'function', 'aggregate', 'table',
    'loadExtension', 'exec', 'close', 'defaultSafeIntegers', 'unsafeMode'],
  Statement: ['run', 'get', 'all', 'iterate', 'pluck', 'expand', 'raw', 'columns', 'bind', 'safeIntegers', 'toString'],
}; // prettier-ignore

function findOracle() {
  try {
    const Oracle = require(path.join(root, 'build/node/node_modules/better-sqlite3'));
    new Oracle(':memory:').close();
    return Oracle;
  } catch {
    return null;
  }
}

const Oracle = findOracle();
const options = { skip: Oracle ? false : 'better-sqlite3 is not installed' };

// The own members of an object, and of what it inherits below Object.
function members(object) {
  const found = new Map();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (!found.has(name)) found.set(name, descriptor.get ? 'property' : typeof descriptor.value);
  return found;
}

function both(make) {
  return [Database, Oracle].map((Class) => {
    const db = new Class(':memory:');
    const found = members(make(db));
    db.close();
    return found;
  });
}

const plain = (kind) => (kind === 'function' ? kind : 'property');

describe('names', () => {
  test('the methods are there', () => {
    const db = new Database(':memory:');
    for (const name of NAMES.Database) assert.equal(typeof db[name], 'function', name);
    const statement = db.prepare('SELECT 1');
    for (const name of NAMES.Statement) assert.equal(typeof statement[name], 'function', name);
    db.close();
  });

  for (const [what, make] of Object.entries({
    Database: (db) => db,
    Statement: (db) => db.prepare('SELECT 1'),
    'transaction function': (db) => db.transaction(() => {}),
    iterator: (db) => {
      const iterator = db.prepare('SELECT 1').iterate();
      iterator.return();
      return iterator;
    },
  }))
    test(`each member of a ${what} is one here, of the same kind`, options, () => {
      const [ours, theirs] = both(make);
      for (const [name, kind] of theirs) assert.equal(plain(ours.get(name)), plain(kind), name);
    });

  test('the class has its statics, and its errors are made as there', options, () => {
    for (const name of Object.getOwnPropertyNames(Oracle)) assert.ok(name in Database, name);
    for (const SqliteError of [Database.SqliteError, Oracle.SqliteError]) {
      const error = new SqliteError('said', 'SQLITE_BUSY');
      assert.deepEqual([error.name, error.message, error.code], ['SqliteError', 'said', 'SQLITE_BUSY']);
      assert.ok(error instanceof Error);
    }
  });
});
