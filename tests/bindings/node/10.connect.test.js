// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const fs = require('fs');
const path = require('path');
const { describe, test } = require('node:test');
const { Database, EVERYWHERE, inEachPlace, runNode, temporaryDirectory } = require('./support');

inEachPlace(EVERYWHERE, (place, it) => {
  it('a connection has its properties', (db) => {
    assert.ok(db instanceof Database);
    assert.equal(db.open, true);
    assert.equal(db.inTransaction, false);
    assert.equal(db.readonly, false);
    assert.equal(db.memory, place.name === 'memory');
    assert.throws(() => {
      db.open = false;
    }, TypeError);
  });

  it('closing ends it, twice is no error', (db) => {
    const statement = db.prepare('SELECT 1');
    assert.equal(db.close(), db);
    assert.equal(db.close(), db);
    assert.equal(db.open, false);
    assert.equal(db.inTransaction, false);
    const closed = { name: 'TypeError', message: 'The database connection is not open' };
    assert.throws(() => db.prepare('SELECT 1'), closed);
    assert.throws(() => db.exec('SELECT 1'), closed);
    assert.throws(() => db.pragma('user_version'), closed);
    assert.throws(() => statement.get(), closed);
    assert.throws(() => statement.all(), closed);
    assert.throws(() => statement.columns(), closed);
    assert.throws(() => db.flush(), closed);
    assert.equal(statement.toString(), 'SELECT 1');
  });

  it('foreign keys are enforced, as in better-sqlite3', (db) => {
    assert.equal(db.pragma('foreign_keys', { simple: true }), 1);
  });

  it('tells the lane of a statement', (db) => {
    db.exec('CREATE TABLE lane (id INTEGER PRIMARY KEY, a TEXT)');
    const { lane, sends, why } = db.explainLane('SELECT * FROM lane');
    assert.match(lane, /^(replica|direct|rows)$/);
    assert.equal(typeof sends, 'string');
    assert.ok(why.length > 0);
    assert.throws(() => db.explainLane('SELEC'), Database.SqliteError);
  });
});

describe('arguments', () => {
  test('may be called without new', () => {
    const db = Database(':memory:');
    assert.ok(db instanceof Database);
    db.close();
  });

  test('can be subclassed', () => {
    class Mine extends Database {
      two() {
        return this.prepare('SELECT 2').pluck().get();
      }
    }
    const db = new Mine(':memory:');
    assert.equal(db.two(), 2);
    db.close();
  });

  test('no filename is a temporary database', () => {
    for (const filename of [undefined, null, '', ' :memory: ']) {
      const db = new Database(filename);
      assert.equal(db.memory, true);
      db.exec('CREATE TABLE t (a)');
      db.close();
    }
  });

  test('are checked', () => {
    for (const filename of [0, 1, true, {}, [], new String(':memory:'), Symbol('x')])
      assert.throws(() => new Database(filename), {
        name: 'TypeError',
        message: 'Expected first argument to be a string',
      });
    const refused = [
      [123, 'Expected second argument to be an options object'],
      [{ readOnly: true }, 'Misspelled option "readOnly" should be "readonly"'],
      [{ memory: true }, 'Option "memory" was removed in v7.0.0 (use ":memory:" filename instead)'],
      [{ readonly: 1 }, 'Expected the "readonly" option to be a boolean'],
      [{ readonly: undefined }, 'Expected the "readonly" option to be a boolean'],
      [{ fileMustExist: 'yes' }, 'Expected the "fileMustExist" option to be a boolean'],
      [{ readonly: true }, 'In-memory/temporary databases cannot be readonly'],
      [{ timeout: '75' }, 'Expected the "timeout" option to be a positive integer'],
      [{ timeout: 1.5 }, 'Expected the "timeout" option to be a positive integer'],
      [{ timeout: -1 }, 'Expected the "timeout" option to be a positive integer'],
      [{ verbose: 'x' }, 'Expected the "verbose" option to be a function'],
      [{ nativeBinding: 5 }, 'Expected the "nativeBinding" option to be a string or addon object'],
      [{ mode: 'sideways' }, 'Option "mode" does not take this value'],
      [{ linger: {} }, 'Expected the "linger" option to be a string'],
    ];
    for (const [options, message] of refused)
      assert.throws(() => new Database(':memory:', options), { name: 'TypeError', message });
    assert.throws(() => new Database(':memory:', { timeout: 0x80000000 }), {
      name: 'RangeError',
      message: 'Option "timeout" cannot be greater than 2147483647',
    });
    new Database(':memory:', { timeout: 0x7fffffff }).close();
  });

  test('verbose sees every statement, expanded', () => {
    const seen = [];
    const db = new Database(':memory:', { verbose: (sql) => seen.push(sql) });
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    db.prepare('SELECT ?, a FROM t').all('x');
    [...db.prepare('SELECT a FROM t').iterate()];
    assert.deepEqual(seen, [
      'CREATE TABLE t (a);',
      'INSERT INTO t VALUES (1)',
      "SELECT 'x', a FROM t",
      'SELECT a FROM t',
    ]);
    db.close();
  });

  test('an error in verbose stops the statement; it can not use the database', () => {
    const db = new Database(':memory:', {
      verbose(sql) {
        if (sql.includes('stop')) throw new RangeError('stopped');
        if (sql.includes('close')) db.close();
      },
    });
    db.exec('CREATE TABLE t (a)');
    const insert = db.prepare('INSERT INTO t VALUES (?)');
    assert.throws(() => insert.run('stop'), { name: 'RangeError', message: 'stopped' });
    assert.throws(() => insert.run('close'), { message: 'This database connection is busy executing a query' });
    assert.throws(() => db.exec("INSERT INTO t VALUES ('stop')"), { message: 'stopped' });
    assert.throws(() => [...db.prepare("SELECT 'stop'").iterate()], { message: 'stopped' });
    insert.run('go');
    assert.deepEqual(db.prepare('SELECT a FROM t').pluck().all(), ['go']);
    db.close();
  });
});

describe('files', () => {
  const directory = temporaryDirectory();
  const file = (name) => path.join(directory, name);

  test('is made, with the engine beside it, and found again', () => {
    const db = new Database(file('new.db'));
    assert.equal(db.name, file('new.db'));
    db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (7)');
    db.close();
    assert.ok(fs.existsSync(file('new.db')));
    assert.ok(fs.existsSync(file('new.db-heliosdb')));
    const again = new Database(file('new.db'), { fileMustExist: true });
    assert.equal(again.prepare('SELECT a FROM t').pluck().get(), 7);
    assert.equal(again.verify(), null);
    again.close();
  });

  test('fileMustExist does not make one', () => {
    assert.throws(() => new Database(file('absent.db'), { fileMustExist: true }), {
      name: 'SqliteError',
      code: 'SQLITE_CANTOPEN',
    });
    assert.ok(!fs.existsSync(file('absent.db')));
  });

  test('readonly reads and does not write', () => {
    new Database(file('ro.db')).exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)').close();
    const db = new Database(file('ro.db'), { readonly: true });
    assert.equal(db.readonly, true);
    assert.equal(db.prepare('SELECT a FROM t').pluck().get(), 1);
    assert.throws(() => db.exec('INSERT INTO t VALUES (2)'), { code: 'SQLITE_READONLY' });
    db.close();
    assert.throws(() => new Database(file('absent.db'), { readonly: true }), { code: 'SQLITE_CANTOPEN' });
  });

  test('a directory that does not exist is an error of the argument', () => {
    assert.throws(() => new Database(file('nowhere/x.db')), {
      name: 'TypeError',
      message: 'Cannot open database because the directory does not exist',
    });
  });

  // How a process ends without closing its database; every row must be where psql would find it.
  const endings = {
    'runs to its end': '',
    'process.exit()': 'process.exit(0);',
    'an uncaught exception': "throw new Error('uncaught');",
    'exit listeners may still write': "process.on('exit', () => db.exec('INSERT INTO t VALUES (2)')); process.exit(0);",
    'a worker that ends': `const { Worker } = require('worker_threads');
      new Worker('const { workerData: [p, f] } = require("worker_threads");' +
        'new (require(p))(f).exec("INSERT INTO t VALUES (3)")',
        { eval: true, workerData: [process.argv[1], process.argv[2]] });`,
  };
  for (const [name, ending] of Object.entries(endings)) {
    test(`the end of the process closes it: ${name}`, () => {
      const target = file(`${name.replace(/\W/g, '')}.db`);
      const source = `const Database = require(process.argv[1]);
        const db = new Database(process.argv[2]);
        db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
        ${ending}`;
      const { status, stderr } = runNode(source, [target]);
      assert.equal(status, name.includes('uncaught') ? 1 : 0, stderr);
      assert.ok(!fs.existsSync(`${target}-wal`), 'the last connection was not closed');
      const db = new Database(target);
      assert.ok(db.prepare('SELECT count(*) FROM t').pluck().get() >= 1);
      assert.equal(db.verify(), null);
      db.close();
    });
  }

  test('a database that is collected is closed', () => {
    const target = file('collected.db');
    const source = `const Database = require(process.argv[1]);
      const fs = require('fs');
      (() => {
        const db = new Database(process.argv[2]);
        db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
        db.prepare('SELECT * FROM t').iterate().next();
      })();
      let tries = 0;
      const timer = setInterval(() => {
        gc();
        if (fs.existsSync(process.argv[2] + '-wal') && ++tries < 100) return;
        clearInterval(timer);
        console.log(tries < 100 ? 'closed' : 'open');
      }, 20);`;
    const { stdout, stderr } = runNode(source, [target], { flags: ['--expose-gc'] });
    assert.equal(stdout, 'closed\n', stderr);
  });
});
