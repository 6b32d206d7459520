// SPDX-License-Identifier: Apache-2.0
'use strict';
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('child_process');
const path = require('path');
const { test } = require('node:test');
const { Worker } = require('worker_threads');
const { Database, hasProgram, packagePath, psql, root, sleep, temporaryDirectory } = require('./support');

const directory = temporaryDirectory();
const file = (name) => path.join(directory, name);
const withoutSqlite = { skip: hasProgram('sqlite3') ? false : 'the sqlite3 program is not installed' };
const ROWS = 100;

function sqlite(database, sql) {
  const { status, stdout, stderr } = spawnSync('sqlite3', [database, sql], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

// The Python binding of this tree; a process of its own that writes ROWS rows and then waits to see ours.
const PYTHON = `
import sys, time
import heliosdb_sqlite
conn = heliosdb_sqlite.connect(sys.argv[1], timeout=30.0)
print("ready", flush=True)
sys.stdin.readline()
for i in range(${ROWS}):
    with conn:
        conn.execute("INSERT INTO t (who, n) VALUES ('python', ?)", (i,))
end = time.monotonic() + 60
theirs = 0
while theirs < ${ROWS} and time.monotonic() < end:
    time.sleep(0.01)
    (theirs,) = conn.execute("SELECT count(*) FROM t WHERE who = 'node'").fetchone()
conn.close()
print("seen", theirs, flush=True)
`;

const pythonEnvironment = {
  ...process.env,
  PYTHONPATH: path.join(root, 'bindings', 'python'),
  HELIOSDB_LIBRARY: process.env.HELIOSDB_LIBRARY || path.join(root, 'build', 'src', 'libheliosdb.so'),
};

function pythonMissing() {
  const { status, stderr } = spawnSync('python3', ['-c', 'import heliosdb_sqlite'], {
    env: pythonEnvironment,
    encoding: 'utf8',
  });
  return status === 0 ? false : `the Python binding does not load: ${String(stderr).trim().split('\n').pop()}`;
}

test('Node and Python write one database at the same time and see each other', { skip: pythonMissing() }, async () => {
  const target = file('both.db');
  const db = new Database(target, { timeout: 30000 });
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT, n INTEGER)');
  const python = spawn('python3', ['-c', PYTHON, target], {
    env: pythonEnvironment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  python.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const ended = new Promise((resolve) => python.on('close', resolve));
  while (!output.includes('ready') && python.exitCode === null) await sleep(10);
  python.stdin.end('go\n');
  const insert = db.prepare("INSERT INTO t (who, n) VALUES ('node', ?)");
  const count = db.prepare("SELECT count(*) FROM t WHERE who = 'python'").pluck();
  const seen = new Set();
  for (let i = 0; i < ROWS; i++) {
    insert.run(BigInt(i));
    seen.add(count.get());
    await sleep(0);
  }
  for (let tries = 0; count.get() < ROWS && tries < 6000; tries++) await sleep(10);
  assert.equal(count.get(), ROWS);
  assert.equal(await ended, 0);
  assert.match(output, new RegExp(`seen ${ROWS}\n`));
  assert.deepEqual(
    db.prepare('SELECT who, count(*) AS rows, sum(n) AS sum FROM t GROUP BY who ORDER BY who').raw().all(),
    ['node', 'python'].map((who) => [who, ROWS, (ROWS * (ROWS - 1)) / 2])
  );
  assert.equal(db.verify(), null);
  if (hasProgram('psql')) {
    db.flush();
    assert.equal(psql(db.engineDsn, 'SELECT count(*) FROM t'), `${2 * ROWS}\n`);
  }
  db.close();
});

test('threads have connections of their own to one database', async () => {
  const target = file('threads.db');
  const db = new Database(target, { timeout: 30000 });
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, who INTEGER)');
  const source = `const { workerData } = require('worker_threads');
    const db = new (require(workerData.packagePath))(workerData.target, { timeout: 30000 });
    const insert = db.prepare('INSERT INTO t (who) VALUES (?)');
    for (let i = 0; i < 50; i++) insert.run(workerData.who);`;
  const ends = [1, 2, 3].map(
    (who) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(source, { eval: true, workerData: { packagePath, target, who } });
        worker.on('error', reject).on('exit', resolve);
      })
  );
  assert.deepEqual(await Promise.all(ends), [0, 0, 0]);
  assert.deepEqual(db.prepare('SELECT who, count(*) FROM t GROUP BY who ORDER BY who').raw().all(), [
    [1, 50],
    [2, 50],
    [3, 50],
  ]);
  assert.equal(db.verify(), null);
  db.close();
});

test('a worker that is terminated leaves the others alone', async () => {
  const target = file('terminated.db');
  const db = new Database(target);
  db.exec('CREATE TABLE t (a)');
  const source = `const { parentPort, workerData } = require('worker_threads');
    const db = new (require(workerData.packagePath))(workerData.target);
    db.exec('INSERT INTO t VALUES (1)');
    const iterator = db.prepare('SELECT * FROM t').iterate();
    iterator.next();
    parentPort.postMessage('written');
    setInterval(() => {}, 1000);`;
  const worker = new Worker(source, { eval: true, workerData: { packagePath, target } });
  await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  await worker.terminate();
  db.exec('INSERT INTO t VALUES (2)');
  assert.deepEqual(db.prepare('SELECT a FROM t ORDER BY a').pluck().all(), [1, 2]);
  db.close();
});

test('sqlite3 reads what we wrote', withoutSqlite, () => {
  const target = file('theirs.db');
  new Database(target).exec("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('one'), ('größe')").close();
  assert.equal(sqlite(target, 'SELECT a FROM t ORDER BY rowid'), 'one\ngröße\n');
});

test('what sqlite3 wrote meanwhile is there, and goes to the engine', withoutSqlite, () => {
  const target = file('meanwhile.db');
  new Database(target).exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'one')").close();
  sqlite(target, "INSERT INTO t VALUES (2, 'two'); UPDATE t SET a = 'ONE' WHERE id = 1; CREATE TABLE u (x)");
  const db = new Database(target);
  assert.deepEqual(db.prepare('SELECT a FROM t ORDER BY id').pluck().all(), ['ONE', 'two']);
  assert.equal(db.verify(), null);
  if (hasProgram('psql')) assert.equal(psql(db.engineDsn, 'SELECT a FROM t ORDER BY id'), 'ONE\ntwo\n');
  db.close();
});

test('an existing file is taken in', withoutSqlite, () => {
  const target = file('existing.db');
  sqlite(target, "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'old'), (2, x'00ff')");
  const db = new Database(target);
  assert.deepEqual(db.prepare('SELECT a FROM t ORDER BY id').pluck().all(), ['old', Buffer.from([0, 255])]);
  assert.equal(db.verify(), null);
  db.close();
});
