// SPDX-License-Identifier: Apache-2.0
'use strict';
// Clusters, child processes and the ways a process ends: nothing committed is lost, no process is left.
const assert = require('node:assert/strict');
const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { test } = require('node:test');
const { Database, packagePath, processesLeft, temporaryDirectory } = require('./support');

const directory = temporaryDirectory();

function start(name, source, args) {
  const file = path.join(directory, name);
  fs.writeFileSync(file, source);
  const child = spawn(process.execPath, [file, packagePath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr })));
  const begun = new Promise((resolve) => child.stdout.once('data', resolve));
  return { child, ended, begun };
}

async function check(file, rows) {
  assert.deepEqual(await processesLeft(directory), []);
  const db = new Database(file);
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), rows);
  assert.equal(db.verify(), null);
  db.close();
}

test('the workers of a cluster write to one database', async () => {
  const source = `const cluster = require('cluster');
    const [packagePath, file] = process.argv.slice(2);
    const Database = require(packagePath);
    const db = new Database(file);
    if (cluster.isPrimary) {
      db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, pid INTEGER)');
      let left = 3;
      cluster.on('exit', (worker, code) => {
        if (code) process.exit(code);
        if (--left) return;
        console.log(db.prepare('SELECT count(*), count(DISTINCT pid) FROM t').raw().get().join(' '));
        db.close();
      });
      for (let i = 0; i < left; i++) cluster.fork();
    } else {
      const insert = db.prepare('INSERT INTO t (pid) VALUES (?)');
      for (let i = 0; i < 40; i++) insert.run(process.pid);
      process.exit(0);
    }`;
  const file = path.join(directory, 'cluster.db');
  const { status, stdout, stderr } = await start('cluster.js', source, [file]).ended;
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '120 3\n');
  await check(file, 120);
});

const OPEN = `const [packagePath, file] = process.argv.slice(2);
  const db = new (require(packagePath))(file);
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
  const iterator = db.prepare('SELECT a FROM t').iterate();
  iterator.next();
`;

for (const [name, ending, expected] of [
  ['exit listeners close it themselves', "iterator.return(); process.on('exit', () => db.close()); process.exit(4);", 4],
  ['an iterator is open at the end', 'process.exit(5);', 5],
  ['a promise is rejected', "Promise.reject(new Error('rejected'));", 1],
  ['it has a transaction open', "iterator.return(); db.exec('BEGIN; INSERT INTO t VALUES (2)'); process.exit(6);", 6],
])
  test(`the process ends while ${name}`, async () => {
    const file = path.join(directory, `${name.replaceAll(' ', '-')}.db`);
    const { status, stderr } = await start('ends.js', OPEN + ending, [file]).ended;
    assert.equal(status, expected, stderr);
    await check(file, 1);
  });

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'])
  test(`${signal} ends the process, and nothing committed is lost`, async () => {
    const file = path.join(directory, `${signal}.db`);
    const { child, begun, ended } = start('signal.js', `${OPEN} console.log('begun'); setInterval(() => {}, 1000);`, [file]);
    await begun;
    child.kill(signal);
    assert.equal((await ended).signal, signal);
    await check(file, 1);
  });

test('a handler of a signal may close the database', async () => {
  const source = `${OPEN} iterator.return();
    process.on('SIGTERM', () => { db.close(); console.log(db.open); process.exit(0); });
    console.log('begun'); setInterval(() => {}, 1000);`;
  const file = path.join(directory, 'handler.db');
  const { child, begun, ended } = start('handler.js', source, [file]);
  await begun;
  child.kill('SIGTERM');
  const { status, stdout } = await ended;
  assert.deepEqual([status, stdout], [0, 'begun\nfalse\n']);
  assert.ok(!fs.existsSync(`${file}-wal`));
  await check(file, 1);
});
