// SPDX-License-Identifier: Apache-2.0
'use strict';
// better-sqlite3's own tests, of the version whose package runs on this Node. `work` holds better-sqlite3-VERSION/ with
// its tests (test/), the installed package with mocha and what else they need (node_modules/), and its extension for
// the tests of loadExtension() (test_extension.node).
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const VERSION = Number(process.versions.node.split('.')[0]) >= 22 ? '13.0.3' : '12.11.1';
const SECONDS = 30; // for one test: a database of ours starts its engine

/** A directory in which the tests' require('../.') gives the module of the set-up. */
function makePlace(suite, setUp) {
  const place = path.join(suite, 'run', setUp);
  fs.rmSync(place, { recursive: true, force: true });
  fs.mkdirSync(place, { recursive: true });
  if (setUp === 'itself') {
    fs.cpSync(path.join(suite, 'node_modules', 'better-sqlite3'), place, { recursive: true });
  } else {
    const main = path.join(__dirname, '..', 'child', 'better-sqlite3.js');
    fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ name: 'better-sqlite3', main }));
    fs.symlinkSync(main, path.join(place, 'index.js'));
  }
  fs.cpSync(path.join(suite, 'test'), path.join(place, 'test'), { recursive: true });
  placeBinaries(suite, setUp, place);
  return place;
}

/** The tests look for the compiled parts where node-gyp leaves them. */
function placeBinaries(suite, setUp, place) {
  const release = path.join(place, 'build', 'Release');
  const addon = path.join(release, 'better_sqlite3.node');
  const ready = path.join(place, 'prebuilds', `${process.platform}-${process.arch}.node`);
  fs.mkdirSync(release, { recursive: true });
  fs.copyFileSync(path.join(suite, 'test_extension.node'), path.join(release, 'test_extension.node'));
  if (setUp !== 'itself') fs.symlinkSync(path.join(process.env.HELIOSDB_NODE_ADDON), addon);
  else if (!fs.existsSync(addon)) fs.copyFileSync(ready, addon);
}

/** Runs one file of tests; in a process of its own, so that one that dies takes no other with it. */
function runFile(suite, place, file, env, outcomes) {
  const output = path.join(place, `${file}.json`);
  const words = [
    path.join(suite, 'node_modules', 'mocha', 'bin', 'mocha.js'),
    '--exit', `--timeout=${SECONDS * 1000}`, '--reporter=json', `--reporter-option=output=${output}`,
    `--require=${path.join(__dirname, '..', 'child', 'hooks.js')}`,
    path.join('test', '00.setup.js'), path.join('test', file),
  ]; // prettier-ignore
  // Into a file: processes that a test leaves behind would hold a pipe open.
  const log = fs.openSync(`${output}.log`, 'w+');
  const { signal } = spawnSync(process.execPath, words, { cwd: place, env, stdio: ['ignore', log, log], timeout: 600000 });
  fs.closeSync(log);
  if (!fs.existsSync(output)) {
    outcomes.set(file, { outcome: 'died', detail: `${signal || ''} ${fs.readFileSync(`${output}.log`, 'utf8')}` });
    return;
  }
  const told = JSON.parse(fs.readFileSync(output, 'utf8'));
  const skipped = new Set(told.pending.map(({ fullTitle }) => fullTitle));
  for (const { fullTitle, err } of told.tests) {
    const failed = err && Object.keys(err).length > 0;
    const outcome = failed ? 'failed' : skipped.has(fullTitle) ? 'skipped' : 'passed';
    outcomes.set(`${file}: ${fullTitle}`, { outcome, detail: failed ? err.stack || err.message || '' : '' });
  }
  for (const { fullTitle, err } of told.failures)
    if (/"(before|after)(Each| all)?" hook/.test(fullTitle)) outcomes.set(`${file}: ${fullTitle}`, { outcome: 'failed', detail: err.stack || err.message || '' });
}

exports.name = 'better-sqlite3';
exports.version = VERSION;
exports.title = `better-sqlite3 ${VERSION}`;
exports.run = function run({ setUp, work, env, files }) {
  const suite = path.join(work, `better-sqlite3-${VERSION}`);
  const place = makePlace(suite, setUp);
  const outcomes = new Map();
  for (const file of fs.readdirSync(path.join(place, 'test')).sort()) {
    if (!/^\d+\..*\.js$/.test(file) || file.startsWith('00.')) continue;
    if (files.length && !files.some((wanted) => file.startsWith(wanted))) continue;
    runFile(suite, place, file, env, outcomes);
  }
  return outcomes;
};
