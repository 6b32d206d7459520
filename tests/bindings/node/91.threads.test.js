// SPDX-License-Identifier: Apache-2.0
'use strict';
// Worker threads: each has connections of its own, and leaves nothing behind.
const assert = require('node:assert/strict');
const path = require('path');
const { test } = require('node:test');
const { Worker } = require('worker_threads');
const { Database, packagePath, processesLeft, runNode, temporaryDirectory } = require('./support');

const directory = temporaryDirectory();

const run = (source, workerData) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true, workerData });
    worker.on('error', reject);
    worker.on('exit', resolve);
  });

const WRITER = `const { workerData: { packagePath, file, from, rows } } = require('worker_threads');
  const db = new (require(packagePath))(file);
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  for (let i = 0; i < rows; i++) insert.run(from + i, 'worker');`;

test('several workers write to one database beside the main thread', async () => {
  const file = path.join(directory, 'workers.db');
  const db = new Database(file);
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT)');
  const workers = [100, 200, 300].map((from) => run(WRITER, { packagePath, file, from, rows: 50 }));
  const insert = db.prepare("INSERT INTO t VALUES (?, 'main')");
  for (let i = 0; i < 50; i++) insert.run(i);
  assert.deepEqual(await Promise.all(workers), [0, 0, 0]);
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 200);
  assert.equal(db.verify(), null);
  db.close();
  assert.deepEqual(await processesLeft(directory), []);
});

test('a worker that is terminated in the midst of a statement or transaction leaves the database usable', async () => {
  const file = path.join(directory, 'terminated.db');
  const db = new Database(file);
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT)');
  const source = `const { parentPort, workerData: { packagePath, file } } = require('worker_threads');
    const db = new (require(packagePath))(file);
    db.function('f', (x) => x);
    db.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1, 'lost')");
    parentPort.postMessage('begun');
    for (;;) db.prepare('SELECT f(id) FROM t').all();`;
  const worker = new Worker(source, { eval: true, workerData: { packagePath, file } });
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
  db.exec("INSERT INTO t VALUES (2, 'kept')");
  assert.deepEqual(db.prepare('SELECT who FROM t').pluck().all(), ['kept']);
  assert.equal(db.verify(), null);
  db.close();
});

test('the process may exit while workers have databases open', async () => {
  const source = `const { Worker } = require('worker_threads');
    const [packagePath, file] = process.argv.slice(1);
    new (require(packagePath))(file).exec('CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT)');
    let ready = 0;
    for (const from of [100, 200]) {
      const worker = new Worker(${JSON.stringify(`${WRITER} require('worker_threads').parentPort.postMessage(1); setInterval(() => {}, 1000);`)}, {
        eval: true, workerData: { packagePath, file, from, rows: 10 } });
      worker.on('message', () => { if (++ready === 2) process.exit(3); });
    }`;
  const file = path.join(directory, 'exit.db');
  const { status, stderr } = runNode(source, [file]);
  assert.equal(status, 3, stderr);
  const db = new Database(file);
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 20);
  assert.equal(db.verify(), null);
  db.close();
  assert.deepEqual(await processesLeft(directory), []);
});
