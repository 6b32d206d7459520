// SPDX-License-Identifier: Apache-2.0
'use strict';
// heliosdb-sqlite/promises: what its calls promise besides what heliosdb-sqlite/node does.
const assert = require('assert');
const path = require('path');
const { describe, test } = require('node:test');
const { inEachPlace, packagePath, runNode, sleep, temporaryDirectory } = require('./support');

const { Database, backup, constants, open } = require(path.join(packagePath, 'lib', 'promises'));

const SLOW = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
const numbers = (columns) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT ${columns} FROM n`;
const NUMBERS = numbers('i');

/** Opens the database of a place of support.js. */
function openPlace(place, options) {
  if (place.name === 'memory') return open(':memory:', options);
  if (place.name === 'file') return open(place.path, options);
  const label = path.join(place.directory, 'label.db');
  return open(label, { mode: 'daemon', dsn: place.dsn, timeout: 30000, ...options });
}

inEachPlace(['memory', 'file', 'heliosdb', 'postgresql'], (place, it) => {
  const with_ = (title, fn) =>
    it(title, async () => {
      const db = await openPlace(place);
      try {
        await db.exec('CREATE TABLE cats (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INTEGER)');
        await fn(db);
      } finally {
        if (db.isOpen) await db.close();
      }
    });

  with_('run, get and all give what the synchronous surface gives', async (db) => {
    const result = await db.run('INSERT INTO cats (name, age) VALUES (?, $age)', { age: 2 }, 'Joey');
    assert.deepStrictEqual(result, { lastInsertRowid: 1, changes: 1 });
    assert.deepStrictEqual(await db.get('SELECT name, age FROM cats WHERE id = ?', 1), {
      __proto__: null,
      name: 'Joey',
      age: 2,
    });
    assert.strictEqual(await db.get('SELECT 1 FROM cats WHERE id = 7'), undefined);
    assert.deepStrictEqual(await db.all('SELECT name FROM cats'), [{ __proto__: null, name: 'Joey' }]);
  });

  with_('calls are done in the order in which they are made', async (db) => {
    const calls = [];
    for (let i = 0; i < 50; i++) calls.push(db.run('INSERT INTO cats (age) VALUES (?)', i));
    calls.push(db.all('SELECT age FROM cats ORDER BY id'));
    const rows = (await Promise.all(calls)).at(-1);
    assert.deepStrictEqual(
      rows.map(({ age }) => age),
      Array.from({ length: 50 }, (_, i) => i)
    );
  });

  with_('a transaction commits, and what it gives is given', async (db) => {
    const count = await db.transaction(async (tx) => {
      await tx.run("INSERT INTO cats (name) VALUES ('Joey')");
      assert.strictEqual(tx.isTransaction, true);
      return (await tx.get('SELECT count(*) AS n FROM cats')).n;
    });
    assert.strictEqual(count, 1);
    assert.strictEqual(db.isTransaction, false);
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM cats')).n, 1);
  });

  with_('a transaction whose function throws is rolled back', async (db) => {
    const error = new Error('no');
    const failed = db.transaction(async () => {
      await db.run("INSERT INTO cats (name) VALUES ('Joey')");
      throw error;
    });
    await assert.rejects(failed, error);
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM cats')).n, 0);
  });

  with_('calls of others wait until a transaction has ended', async (db) => {
    let inside;
    const begun = new Promise((resolve) => (inside = resolve));
    const transaction = db.transaction(async () => {
      await db.run("INSERT INTO cats (name) VALUES ('Joey')");
      inside();
      await sleep(50);
      throw new Error('rolled back');
    });
    await begun;
    const other = db.run("INSERT INTO cats (name) VALUES ('Sally')");
    await assert.rejects(transaction, /rolled back/);
    await other;
    assert.deepStrictEqual(
      (await db.all('SELECT name FROM cats')).map(({ name }) => name),
      ['Sally']
    );
  });

  with_('a transaction in another is a savepoint', async (db) => {
    await db.transaction(async () => {
      await db.run("INSERT INTO cats (name) VALUES ('Joey')");
      const inner = db.transaction(async () => {
        await db.run("INSERT INTO cats (name) VALUES ('Sally')");
        throw new Error('only the inner one');
      });
      await assert.rejects(inner, /only the inner one/);
      await Promise.all(
        ['Kim', 'Lou'].map((name) => db.transaction((tx) => tx.run('INSERT INTO cats (name) VALUES (?)', name)))
      );
    });
    const names = (await db.all('SELECT name FROM cats ORDER BY name')).map(({ name }) => name);
    assert.deepStrictEqual(names, ['Joey', 'Kim', 'Lou']);
  });

  with_('rows come one by one, and other calls go on between', async (db) => {
    await db.exec('INSERT INTO cats (age) VALUES (1), (2), (3), (4), (5)');
    const ages = [];
    for await (const { age } of db.with({ batch: 2 }).iterate('SELECT age FROM cats WHERE age > ? ORDER BY id', 1)) {
      ages.push(age);
      assert.strictEqual((await db.get('SELECT 7 AS n')).n, 7);
    }
    assert.deepStrictEqual(ages, [2, 3, 4, 5]);
  });

  with_('an error tells its code, and the next call works', async (db) => {
    await db.run("INSERT INTO cats (name) VALUES ('Joey')");
    await assert.rejects(db.run("INSERT INTO cats (name) VALUES ('Joey')"), {
      code: 'ERR_SQLITE_ERROR',
      errcode: 2067,
      errstr: 'constraint failed',
      message: 'UNIQUE constraint failed: cats.name',
    });
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM cats')).n, 1);
  });

  with_('a signal ends the call that runs, and not the next one', async (db) => {
    const controller = new AbortController();
    const slow = db.with({ signal: controller.signal }).get(SLOW);
    const next = db.get('SELECT 1 AS n');
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await assert.rejects(slow, /enough/);
    assert.strictEqual((await next).n, 1);
  });

  with_('close waits for the calls before it', async (db) => {
    const calls = [db.run("INSERT INTO cats (name) VALUES ('Joey')"), db.get('SELECT count(*) AS n FROM cats')];
    await db.close();
    assert.strictEqual((await calls[1]).n, 1);
    assert.strictEqual(db.isOpen, false);
    await assert.rejects(db.get('SELECT 1'), { code: 'ERR_INVALID_STATE', message: 'database is not open' });
  });
});

inEachPlace(['file', 'heliosdb', 'postgresql'], (place, it) => {
  it('a wait for a lock is ended', async () => {
    const [one, other] = [await openPlace(place), await openPlace(place)];
    await one.exec('CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
    const begun = Date.now();
    await assert.rejects(other.with({ timeout: 50 }).run('INSERT INTO t VALUES (2)'), { name: 'TimeoutError' });
    assert.ok(Date.now() - begun < 2000, `${Date.now() - begun} ms`);
    setTimeout(() => one.exec('COMMIT'), 100);
    await other.run('INSERT INTO t VALUES (2)');
    assert.strictEqual((await other.get('SELECT count(*) AS n FROM t')).n, 2);
    await Promise.all([one.close(), other.close()]);
  });
});

describe('off the event loop', () => {
  test('timers go on while a statement runs', async () => {
    const db = await open(':memory:');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await db.get(numbers('sum(i)'), 2000000);
    clearInterval(timer);
    assert.ok(ticks > 5, `${ticks} ticks`);
    await db.close();
  });

  test('connections work at the same time', async () => {
    const dbs = await Promise.all([1, 2, 3].map(() => open(':memory:')));
    const controller = new AbortController();
    const slow = dbs[0].with({ signal: controller.signal }).get(SLOW);
    assert.strictEqual((await dbs[1].get('SELECT 1 AS n')).n, 1);
    assert.strictEqual((await dbs[2].get('SELECT 2 AS n')).n, 2);
    controller.abort();
    await assert.rejects(slow, { name: 'AbortError' });
    await Promise.all(dbs.map((db) => db.close()));
  });

  test('a process ends with calls under way, and after them if it is let', () => {
    const source = (end) => `
      const { open } = require(require('path').join(process.argv[1], 'lib', 'promises'));
      open(':memory:').then(async (db) => {
        db.get(${JSON.stringify(SLOW)}).catch(() => {});
        ${end}
      });`;
    const { status, stderr } = runNode(source('setTimeout(() => process.exit(3), 50);'));
    assert.strictEqual(status, 3, stderr);
    const told = runNode(`
      const { open } = require(require('path').join(process.argv[1], 'lib', 'promises'));
      open(':memory:').then((db) => db.get('SELECT 5 AS n')).then(({ n }) => console.log(n));`);
    assert.deepStrictEqual([told.status, told.signal, told.stdout], [0, null, '5\n'], told.stderr);
  });

  test('connections are collected with what is theirs, in any order', () => {
    const { status, signal, stdout, stderr } = runNode(
      `const { open } = require(require('path').join(process.argv[1], 'lib', 'promises'));
       (async () => {
         for (let i = 0; i < 50; i++) {
           const db = await open(':memory:');
           const [statement, session] = [await db.prepare('SELECT 1 AS a'), await db.createSession()];
           await Promise.all([statement.all(), session.changeset(), db.function('open', () => db.isOpen)]);
           if (i % 3 === 0) db.all('SELECT open() FROM (VALUES (1), (2))').catch(() => {});
           if (i % 4 === 0) await db.close();
           gc();
           await new Promise((resolve) => setImmediate(resolve));
         }
         console.log('done');
       })();`,
      [],
      { flags: ['--expose-gc'] }
    );
    assert.deepStrictEqual([status, signal, stdout], [0, null, 'done\n'], stderr);
  });

  test('worker threads have connections of their own', () => {
    const { status, stdout, stderr } = runNode(`
      const { Worker } = require('worker_threads');
      const source = \`const { open } = require(require('path').join(\${JSON.stringify(process.argv[1])}, 'lib', 'promises'));
        open(':memory:').then(async (db) => {
          require('worker_threads').parentPort.postMessage((await db.get('SELECT 4 AS n')).n);
          db.get(${JSON.stringify(SLOW)}).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 20));
          process.exit();
        });\`;
      const workers = [1, 2].map(() => new Worker(source, { eval: true }));
      for (const worker of workers) worker.on('message', (n) => console.log(n));`);
    assert.deepStrictEqual([status, stdout], [0, '4\n4\n'], stderr);
  });
});

describe('signals and deadlines', () => {
  test('a call that waits is left out', async () => {
    const db = await open(':memory:');
    await db.exec('CREATE TABLE t (x)');
    const controller = new AbortController();
    const slow = db.with({ timeout: 200 }).get(SLOW);
    const waiting = db.with({ signal: controller.signal }).run('INSERT INTO t VALUES (1)');
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await assert.rejects(slow, { name: 'TimeoutError' });
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM t')).n, 0);
    await db.close();
  });

  test('a signal that is aborted already makes no call', async () => {
    const db = await open(':memory:');
    await assert.rejects(db.with({ signal: AbortSignal.abort() }).exec('CREATE TABLE t (x)'), { name: 'AbortError' });
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM sqlite_master')).n, 0);
    await db.close();
  });

  test('a deadline counts the time that a call waits for a transaction', async () => {
    const db = await open(':memory:');
    const transaction = db.transaction(() => sleep(300));
    await assert.rejects(db.with({ timeout: 30 }).get('SELECT 1'), { name: 'TimeoutError' });
    await transaction;
    assert.ok(await db.get('SELECT 1'));
    await db.close();
  });

  test('a transaction whose time is over is rolled back', async () => {
    const db = await open(':memory:');
    await db.exec('CREATE TABLE t (x)');
    const late = db.with({ timeout: 50 }).transaction(async (tx) => {
      await tx.run('INSERT INTO t VALUES (1)');
      await tx.get(SLOW);
    });
    await assert.rejects(late, { name: 'TimeoutError' });
    assert.strictEqual((await db.get('SELECT count(*) AS n FROM t')).n, 0);
    await db.close();
  });

  test('options of calls are checked', async () => {
    const db = await open(':memory:');
    assert.throws(() => db.with({ signal: 5 }), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => db.with({ timeout: -1 }), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => db.with({ batch: 0 }), { code: 'ERR_INVALID_ARG_TYPE' });
    await db.close();
  });
});

describe('transactions', () => {
  test('a call made after its transaction has ended is refused', async () => {
    const db = await open(':memory:');
    let late;
    await db.transaction(async () => {
      late = sleep(20).then(() => db.get('SELECT 1'));
    });
    await assert.rejects(late, { code: 'ERR_INVALID_STATE', message: 'the transaction has ended' });
    await db.close();
  });

  test('the database is not closed in a transaction', async () => {
    const db = await open(':memory:');
    await assert.rejects(
      db.transaction(() => db.close()),
      { code: 'ERR_INVALID_STATE' }
    );
    await db.close();
  });

  test('a busy database is tried again', async () => {
    const file = path.join(temporaryDirectory(), 'busy.db');
    const [one, other] = [await open(file), await open(file, { timeout: 0 })];
    await one.exec('CREATE TABLE t (x)');
    const long = one.transaction(() => one.run('INSERT INTO t VALUES (1)').then(() => sleep(150)), {
      mode: 'immediate',
    });
    await sleep(30);
    await assert.rejects(
      other.transaction(() => {}, { mode: 'immediate' }),
      { errcode: 5 }
    );
    let tries = 0;
    await other.transaction(() => tries++, { mode: 'immediate', retries: 100 });
    assert.strictEqual(tries, 1);
    await long;
    await Promise.all([one.close(), other.close()]);
  });
});

describe('iteration', () => {
  test('rows are fetched when they are asked for, and an iteration can be left', async () => {
    const db = await open(':memory:');
    let made = 0;
    await db.function('made', (x) => {
      made++;
      return x;
    });
    const rows = db.with({ batch: 10 }).iterate(numbers('made(i) AS i'), 100000);
    for await (const { i } of rows) if (i === 15) break;
    assert.ok(made >= 15 && made <= 22, `${made} rows were made`);
    await db.exec('CREATE TABLE t (x)'); // no statement is under way
    await db.close();
  });

  test('several iterations of one text go on side by side', async () => {
    const db = (await open(':memory:')).with({ batch: 2 });
    const [one, other] = [db.iterate(NUMBERS, 5), db.iterate(NUMBERS, 5)];
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push((await one.next()).value.i, (await other.next()).value.i);
    assert.deepStrictEqual(seen, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    assert.deepStrictEqual([(await one.next()).done, (await other.next()).done], [true, true]);
    await db.close();
  });

  test('a statement that is run again ends its iteration', async () => {
    const db = await open(':memory:');
    const statement = (await db.prepare(NUMBERS)).with({ batch: 2 });
    const rows = statement.iterate(10);
    await rows.next();
    await statement.all(3);
    await rows.next(); // of the batch that is there
    await assert.rejects(rows.next(), { code: 'ERR_INVALID_STATE', message: 'iterator was invalidated' });
    await db.close();
  });

  test('a large result comes whole', async () => {
    const db = await open(':memory:');
    const rows = await db.all(numbers("i, 'text ' || i AS text, i * 0.5 AS half, NULL AS none"), 100000);
    assert.strictEqual(rows.length, 100000);
    assert.deepStrictEqual(rows[99999], { __proto__: null, i: 100000, text: 'text 100000', half: 50000, none: null });
    await db.close();
  });
});

describe('the rest of the surface', () => {
  test('functions, aggregates and the authorizer are called in the thread of JavaScript', async () => {
    const db = await open(':memory:');
    await db.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)');
    await db.function('twice', (x) => x * 2);
    await db.aggregate('product', { start: 1, step: (product, x) => product * x });
    await db.aggregate('total_of', { start: 0, step: (a, x) => a + x, inverse: (a, x) => a - x });
    assert.strictEqual((await db.get('SELECT product(twice(x)) AS n FROM t')).n, 48);
    const windows = await db.all('SELECT total_of(x) OVER (ROWS 1 PRECEDING) AS n FROM t');
    assert.deepStrictEqual(
      windows.map(({ n }) => n),
      [1, 3, 5]
    );
    await db.setAuthorizer((action) =>
      action === constants.SQLITE_DELETE ? constants.SQLITE_DENY : constants.SQLITE_OK
    );
    await assert.rejects(db.exec('DELETE FROM t'), /not authorized/);
    await db.setAuthorizer(null);
    await db.exec('DELETE FROM t');
    await db.close();
  });

  test('what a function throws rejects the call', async () => {
    const db = await open(':memory:');
    const error = new Error('thrown in a function');
    await db.function('throws', () => {
      throw error;
    });
    await assert.rejects(db.get('SELECT throws()'), error);
    await assert.rejects(db.get('SELECT throws() FROM (VALUES (1), (2))'), error);
    assert.ok(await db.get('SELECT 1'));
    await db.close();
  });

  test('a function must not be async', async () => {
    const db = await open(':memory:');
    await db.function('promise', async () => 1);
    await assert.rejects(db.get('SELECT promise()'), /Asynchronous user-defined functions are not supported/);
    await db.close();
  });

  test('sessions record, and changesets are applied', async () => {
    const [one, other] = [await open(':memory:'), await open(':memory:')];
    for (const db of [one, other]) await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, x)');
    const session = await one.createSession();
    await one.exec('INSERT INTO t VALUES (1, 2)');
    const changes = await session.changeset();
    assert.ok((await session.patchset()).length <= changes.length);
    assert.strictEqual(await other.applyChangeset(changes), true);
    assert.strictEqual(await other.applyChangeset(changes), false);
    const seen = [];
    const onConflict = (conflict) => (seen.push(conflict), constants.SQLITE_CHANGESET_OMIT);
    assert.strictEqual(await other.applyChangeset(changes, { onConflict, filter: (table) => table === 't' }), true);
    assert.deepStrictEqual(seen, [constants.SQLITE_CHANGESET_CONFLICT]);
    await session.close();
    await session.close();
    await Promise.all([one.close(), other.close()]);
  });

  test('serialize, deserialize and backup copy a database', async () => {
    const directory = temporaryDirectory();
    const db = await open(':memory:');
    await db.exec('CREATE TABLE t (x); INSERT INTO t VALUES (7)');
    const copy = await open(':memory:');
    await copy.deserialize(await db.serialize());
    assert.strictEqual((await copy.get('SELECT x FROM t')).x, 7);
    const file = path.join(directory, 'copy.db');
    const seen = [];
    assert.strictEqual(await backup(db, file, { rate: 1, progress: (at) => seen.push(at) }), 2);
    assert.deepStrictEqual(seen, [{ totalPages: 2, remainingPages: 1 }]);
    const plain = await open(file, { mode: 'plain' });
    assert.strictEqual((await plain.get('SELECT x FROM t')).x, 7);
    await Promise.all([db.close(), copy.close(), plain.close()]);
  });

  test('statements describe themselves', async () => {
    const db = await open(':memory:');
    await db.exec('CREATE TABLE t (x INTEGER)');
    const statement = await db.prepare('SELECT x AS y FROM t WHERE x = ?', { returnArrays: true, readBigInts: true });
    assert.deepStrictEqual(await statement.columns(), [
      { __proto__: null, column: 'x', database: 'main', name: 'y', table: 't', type: 'INTEGER' },
    ]);
    await db.run('INSERT INTO t VALUES (?)', 5);
    assert.deepStrictEqual(await statement.all(5), [[5n]]);
    assert.strictEqual(statement.sourceSQL, 'SELECT x AS y FROM t WHERE x = ?');
    assert.strictEqual(await statement.expandedSQL(), 'SELECT x AS y FROM t WHERE x = 5.0');
    await statement.close();
    await assert.rejects(statement.all(5), { code: 'ERR_INVALID_STATE', message: 'statement has been finalized' });
    await db.close();
  });

  test('limits are read and set', async () => {
    const db = await open(':memory:', { limits: { column: 10 } });
    assert.strictEqual(await db.limit('column', 5), 10);
    assert.strictEqual(await db.limit('column'), 5);
    await assert.rejects(db.limit('columns'), { code: 'ERR_INVALID_ARG_TYPE' });
    await db.close();
  });

  test('a database that can not be opened tells why', async () => {
    await assert.rejects(open('/no/such/directory/x.db'), { code: 'ERR_SQLITE_ERROR' });
    await assert.rejects(open(5), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => new Database(), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  });

  test('a database is closed at the end of its scope', async () => {
    const db = await open(':memory:');
    await db[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]();
    assert.strictEqual(db.isOpen, false);
  });
});
