// SPDX-License-Identifier: Apache-2.0
'use strict';
// Node's own tests of node:sqlite. `work` holds node-source-VERSION/test/ as it is in Node's repository: common/, sqlite/
// and the files parallel/test-sqlite*. They run on the Node of that version, which has the real module beside ours.
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const VERSION = process.versions.node;
const SECONDS = 60; // for one test: a database of ours starts its engine
const child = path.join(__dirname, '..', 'child');
// Left out, and counted as not passed, where each of its 1,000 open databases would have an engine process.
const TOO_MANY_ENGINES = 'tag store prevents circular reference leaks';

/** What the file says that Node must be started with. */
function flagsOf(file) {
  const line = /^\/\/ Flags:(.*)$/m.exec(fs.readFileSync(file, 'utf8'));
  return line ? line[1].trim().split(/\s+/).filter((flag) => flag !== '--experimental-sqlite') : [];
}

/** Runs one file of tests; in a process of its own, so that one that dies takes no other with it. */
function runFile(suite, setUp, file, env, outcomes) {
  const name = path.basename(file);
  const output = path.join(suite, `outcomes-${setUp}.jsonl`);
  fs.rmSync(output, { force: true });
  const words = [
    ...flagsOf(file), '--no-warnings', `--test-timeout=${SECONDS * 1000}`,
    `--test-reporter=${path.join(child, 'reporter.mjs')}`, `--test-reporter-destination=${output}`,
    ...(setUp === 'engine' ? [`--test-skip-pattern=${TOO_MANY_ENGINES}`] : []),
    ...(setUp === 'itself' ? [] : ['--require', path.join(child, 'node-sqlite.js')]),
    file,
  ]; // prettier-ignore
  const done = spawnSync(process.execPath, words, {
    cwd: suite,
    env: { ...env, NODE_TEST_DIR: suite, NODE_SKIP_FLAG_CHECK: '1' },
    encoding: 'utf8',
    timeout: 600000,
  });
  const lines = fs.existsSync(output) ? fs.readFileSync(output, 'utf8').split('\n').filter(Boolean) : [];
  for (const line of lines) {
    const { test, outcome, detail } = JSON.parse(line);
    outcomes.set(`${name}: ${test}`, { outcome, detail });
  }
  // A file that uses assert alone is one test; so is the end of the process, which may fail after all of them.
  const failed = lines.some((line) => JSON.parse(line).outcome === 'failed');
  const ended = done.status === 0 || (failed && done.status === 1);
  outcomes.set(`${name}: the file`, {
    outcome: ended ? 'passed' : 'failed',
    detail: ended ? '' : `${done.signal ?? done.status} ${done.stderr}`,
  });
}

exports.name = 'node:sqlite';
exports.title = 'node:sqlite';
exports.run = function run({ setUp, work, env, files }) {
  const suite = path.join(work, `node-source-${VERSION}`, 'test');
  const outcomes = new Map();
  for (const directory of ['parallel', 'sqlite'])
    for (const name of fs.readdirSync(path.join(suite, directory)).sort()) {
      if (!/^test-sqlite.*\.(js|mjs)$/.test(name)) continue;
      if (files.length && !files.some((wanted) => name.startsWith(wanted))) continue;
      runFile(suite, setUp, path.join(suite, directory, name), env, outcomes);
    }
  return outcomes;
};
