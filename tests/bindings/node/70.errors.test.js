// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const fs = require('fs');
const path = require('path');
const { describe, test } = require('node:test');
const { Database, EVERYWHERE, SERVERS, inEachPlace, processesLeft, runNode, temporaryDirectory } = require('./support');

const { SqliteError } = Database;

inEachPlace(EVERYWHERE, (place, it) => {
  it('a syntax error', (db) => {
    assert.throws(
      () => db.prepare('SELECT 1 FORM t'),
      (error) => {
        assert.ok(error instanceof SqliteError && error instanceof Error);
        assert.deepEqual(Object.keys(error), ['code']);
        assert.equal(error.name, 'SqliteError');
        assert.equal(error.code, 'SQLITE_ERROR');
        assert.equal(error.message, 'near "t": syntax error');
        assert.match(error.sqlstate, /^[0-9A-Z]{5}$/);
        assert.equal(error.offset, 14);
        assert.match(error.stack, /^SqliteError: near "t": syntax error\n.*70\.errors/s);
        return true;
      }
    );
    assert.throws(() => db.exec('SELEC 1'), { code: 'SQLITE_ERROR', message: 'near "SELEC": syntax error' });
  });

  it('a name that is not there', (db) => {
    assert.throws(() => db.prepare('SELECT * FROM absent'), {
      code: 'SQLITE_ERROR',
      message: /^no such table: absent/,
    });
    assert.throws(() => db.prepare('SELECT absent'), { code: 'SQLITE_ERROR', message: 'no such column: absent' });
  });

  it('a constraint, by its extended code', (db) => {
    db.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL, c INT CHECK (c < 10),
                             p INT REFERENCES parent);
             INSERT INTO t VALUES (1, 'x', 'n', 1, NULL)`);
    const cases = [
      [
        "INSERT INTO t VALUES (1, 'y', 'n', 1, NULL)",
        'SQLITE_CONSTRAINT_PRIMARYKEY',
        'UNIQUE constraint failed: t.id',
        '23505',
      ],
      [
        "INSERT INTO t VALUES (2, 'x', 'n', 1, NULL)",
        'SQLITE_CONSTRAINT_UNIQUE',
        'UNIQUE constraint failed: t.u',
        '23505',
      ],
      [
        "INSERT INTO t VALUES (2, 'y', NULL, 1, NULL)",
        'SQLITE_CONSTRAINT_NOTNULL',
        'NOT NULL constraint failed: t.n',
        '23502',
      ],
      [
        "INSERT INTO t VALUES (2, 'y', 'n', 11, NULL)",
        'SQLITE_CONSTRAINT_CHECK',
        'CHECK constraint failed: c < 10',
        '23514',
      ],
      [
        "INSERT INTO t VALUES (2, 'y', 'n', 1, 5)",
        'SQLITE_CONSTRAINT_FOREIGNKEY',
        'FOREIGN KEY constraint failed',
        '23503',
      ],
      ["INSERT INTO t VALUES ('a', 'y', 'n', 1, NULL)", 'SQLITE_MISMATCH', 'datatype mismatch', undefined],
    ];
    for (const [sql, code, message, sqlstate] of cases) {
      const expected = sqlstate ? { code, message, sqlstate } : { code, message };
      assert.throws(() => db.prepare(sql).run(), expected);
      assert.throws(() => db.exec(sql), expected);
    }
    const insert = db.prepare("INSERT INTO t VALUES (?, ?, 'n', 1, NULL)");
    assert.throws(() => insert.run(1n, 'z'), { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
    assert.equal(insert.run(3n, 'z').changes, 1);
    assert.deepEqual(db.prepare('SELECT id FROM t ORDER BY id').pluck().all(), [1, 3]);
  });
});

describe('SqliteError', () => {
  test('can be made by anybody', () => {
    const error = new SqliteError('message', 'SQLITE_BUSY');
    assert.equal(String(error), 'SqliteError: message');
    assert.equal(error.code, 'SQLITE_BUSY');
    assert.ok(SqliteError('message', 'CODE') instanceof SqliteError);
    assert.throws(() => new SqliteError('message'), {
      name: 'TypeError',
      message: 'Expected second argument to be a string',
    });
  });
});

// What connect() may fail of. Nothing may be left behind by it, no process and no file.
describe('opening', () => {
  const directory = temporaryDirectory();
  const file = (name) => path.join(directory, name);

  const failure = (action) => {
    try {
      action();
    } catch (error) {
      return error;
    }
    return assert.fail('nothing was thrown');
  };

  test('an engine that is not there', async () => {
    const error = failure(() => new Database(file('a.db'), { engine: '/nowhere/heliosdb-nano' }));
    assert.equal(error.code, 'SQLITE_CANTOPEN');
    assert.match(error.message, /\/nowhere\/heliosdb-nano/);
    assert.deepEqual(await processesLeft(directory), []);
  });

  test('no engine anywhere: the message says how to get one', () => {
    const source = `try { new (require(process.argv[1]))(process.argv[2]); }
      catch (error) { console.log(error.code + ' ' + error.message); }`;
    const env = { PATH: '/usr/bin:/bin', HOME: directory, XDG_CACHE_HOME: file('cache') };
    const { stdout, stderr } = runNode(source, [file('b.db')], { env });
    assert.match(stdout, /^SQLITE_CANTOPEN .*HELIOSDB_BIN/s, stderr);
    assert.match(stdout, /heliosdb-nano/);
    assert.ok(!fs.existsSync(file('b.db')));
  });

  test('a file that is no database', async () => {
    fs.writeFileSync(file('c.db'), 'this is no database, but long enough to look like one. '.repeat(100));
    const error = failure(() => new Database(file('c.db')).exec('SELECT * FROM sqlite_master'));
    assert.equal(error.code, 'SQLITE_NOTADB');
    assert.equal(error.message, 'file is not a database');
    assert.deepEqual(await processesLeft(directory), []);
  });

  test('a directory that can not be written', async () => {
    // Root may write everywhere but where the file system itself refuses.
    let target = '/sys/kernel/hdb-test.db';
    if (process.getuid() !== 0) {
      fs.mkdirSync(file('readonly'), { mode: 0o500 });
      target = file('readonly/hdb-test.db');
    }
    const error = failure(() => new Database(target).exec('CREATE TABLE t (a)'));
    assert.match(error.code, /^SQLITE_(CANTOPEN|READONLY)/);
    assert.match(
      error.message,
      /^(unable to open database file|attempt to write a readonly database|.*\/hdb-test\.db)/
    );
    assert.deepEqual(await processesLeft(target), []);
  });

  test('a corrupt data directory', async () => {
    new Database(file('d.db')).exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)').close();
    assert.deepEqual(await processesLeft(directory), []);
    const data = file('d.db-heliosdb/data');
    const files = fs.readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.ok(files.length > 0);
    for (const entry of files) fs.writeFileSync(path.join(entry.parentPath ?? entry.path, entry.name), 'garbage');
    for (const suffix of ['', '-wal', '-shm']) fs.rmSync(file(`d.db${suffix}`), { force: true });
    const error = failure(() => new Database(file('d.db')).prepare('SELECT * FROM t').all());
    assert.ok(error instanceof SqliteError, error.stack);
    assert.match(error.code, /^SQLITE_(CANTOPEN|CORRUPT|IOERR)/);
    assert.match(error.message, /engine|heliosdb/i);
    assert.deepEqual(await processesLeft(directory), []);
  });

  test('a host that can not be reached', () => {
    const dsn = 'postgresql://user:secret@127.0.0.1:1/db';
    const error = failure(() => new Database(file('label.db'), { mode: 'daemon', dsn, timeout: 3000 }));
    assert.equal(error.code, 'SQLITE_CANTOPEN');
    assert.match(error.message, /127\.0\.0\.1/);
    assert.doesNotMatch(error.message, /secret/);
    assert.equal(failure(() => new Database(dsn, { timeout: 3000 })).code, 'SQLITE_CANTOPEN');
  });

  test('daemon mode without a DSN', { skip: process.env.HELIOSDB_DSN ? 'HELIOSDB_DSN is set' : false }, () => {
    const error = failure(() => new Database(file('label.db'), { mode: 'daemon' }));
    assert.ok(error instanceof SqliteError);
    assert.match(error.message, /dsn/i);
  });

  for (const [server, variable] of Object.entries(SERVERS)) {
    const dsn = process.env[variable];
    const skip = dsn ? false : `${variable} is not set`;

    test(`a wrong password: ${server}`, { skip }, () => {
      const wrong = new URL(dsn);
      wrong.password = 'not-the-password';
      const error = failure(() => new Database(file('label.db'), { mode: 'daemon', dsn: wrong.href }));
      assert.equal(error.code, 'SQLITE_CANTOPEN');
      assert.equal(error.sqlstate, '28P01');
      assert.match(error.message, /password/);
      assert.doesNotMatch(error.message, /not-the-password/);
    });

    test(`too many connections: ${server}`, { skip }, async () => {
      const open = [];
      const connect = () => new Database(file('label.db'), { mode: 'daemon', dsn, timeout: 10000 });
      try {
        const error = failure(() => {
          for (let i = 0; i < 300; i++) open.push(connect());
        });
        assert.ok(open.length > 10);
        assert.equal(error.code, 'SQLITE_CANTOPEN');
        assert.match(error.message, /connection|closed|too many/i);
      } finally {
        for (const db of open) db.close();
      }
      // The server may need a moment to count the closed ones out.
      let again = null;
      for (let tries = 0; !again && tries < 50; tries++) {
        try {
          again = connect();
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
      assert.ok(again, 'no connection after the others were closed');
      again.close();
    });
  }
});
