// SPDX-License-Identifier: Apache-2.0
'use strict';
// What the tests share: places to keep a database, processes, programs. HELIOSDB_NODE_PACKAGE names another package to
// test in place of this tree's bindings/node.
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { after, describe, test } = require('node:test');

process.env.HELIOSDB_LINGER ||= '0';
process.env.HELIOSDB_NOTICES ||= 'off';

const root = path.resolve(__dirname, '../../..');
const packagePath = process.env.HELIOSDB_NODE_PACKAGE || path.join(root, 'bindings', 'node');
const Database = require(packagePath);

const SERVERS = { heliosdb: 'HELIOSDB_TEST_DSN_HELIOSDB', postgresql: 'HELIOSDB_TEST_DSN_POSTGRESQL' };

// Commands that work below the directory. A test's own process may name it too.
function processesOf(directory) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => {
      try {
        return fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ').trim();
      } catch {
        return ''; // it has ended meanwhile
      }
    })
    .filter((command) => command.includes(directory));
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Commands still running below the directory when none is expected any more.
async function processesLeft(directory, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  while (processesOf(directory).length && Date.now() < end) await sleep(50);
  return processesOf(directory);
}

// A directory that is removed after the tests of the file; fails the file if a process still works in it.
function temporaryDirectory() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hdb-node-'));
  fs.chmodSync(directory, 0o755);
  after(async () => {
    const left = await processesLeft(directory);
    fs.rmSync(directory, { recursive: true, force: true });
    if (left.length) throw new Error(`processes are left:\n${left.join('\n')}`);
  });
  return directory;
}

let count = 0;

class Place {
  constructor(name, directory) {
    this.name = name;
    this.directory = directory;
    this.dsn = SERVERS[name] && process.env[SERVERS[name]];
    this.skip = SERVERS[name] && !this.dsn ? `${SERVERS[name]} is not set` : false;
  }

  // A new database: an empty one, also on a server.
  open(options) {
    if (this.name === 'memory') return new Database(':memory:', options);
    if (this.name === 'file') {
      this.path = path.join(this.directory, `${++count}.db`);
      return new Database(this.path, options);
    }
    const db = this.connect(options);
    for (const [kind, name] of db
      .prepare("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table')")
      .raw()
      .all())
      if (!name.startsWith('sqlite_')) db.exec(`DROP ${kind} IF EXISTS "${name.replaceAll('"', '""')}"`);
    return db;
  }

  // A further connection to the database opened last.
  connect(options) {
    if (this.name === 'file') return new Database(this.path, options);
    return new Database(path.join(this.directory, 'label.db'), {
      mode: 'daemon',
      dsn: this.dsn,
      timeout: 30000,
      ...options,
    });
  }
}

// Declares tests once for each place: `body(place, it)`, where it(name, fn) gives fn a new, empty database.
function inEachPlace(names, body) {
  const directory = temporaryDirectory();
  for (const name of names) {
    const place = new Place(name, directory);
    const it = (title, fn) =>
      test(title, { skip: place.skip }, async () => {
        const db = place.open();
        try {
          await fn(db);
        } finally {
          db.close();
        }
      });
    describe(name, () => body(place, it));
  }
}

// Runs a program to its end; gives { status, stdout, stderr }. It finds the package's path in process.argv[1].
function runNode(source, args = [], { flags = [], ...options } = {}) {
  const command = [...flags, '-e', source, packagePath, ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 120000, ...options });
}

function hasProgram(name) {
  return !spawnSync(name, ['--version']).error;
}

function psql(dsn, sql) {
  const { status, stdout, stderr } = spawnSync('psql', ['-X', '-A', '-t', '-d', dsn, '-c', sql], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

module.exports = {
  Database,
  EVERYWHERE: ['memory', 'file', 'heliosdb', 'postgresql'],
  SERVERS,
  hasProgram,
  inEachPlace,
  packagePath,
  processesLeft,
  psql,
  root,
  runNode,
  sleep,
  temporaryDirectory,
};
