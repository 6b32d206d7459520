// SPDX-License-Identifier: Apache-2.0
'use strict';
// Runs other people's own tests of their SQLite modules with heliosdb-sqlite in the module's place.
//
//   node conformance.js --suite NAME [--work DIRECTORY] [--set-up NAME]... [--list] [FILE...]
//
// Suites are in suites/; tools/conformance_node.sh fetches what they need into --work. Set-ups: `itself` (the real
// module), `embedded` (ours as users run it), `engine` (HELIOSDB_MEMORY=engine: databases in memory have an engine,
// too), `daemon-heliosdb` and `daemon-postgresql` (servers named by HELIOSDB_TEST_DSN_*; child/places.js says which
// databases they stand for).
//
// A test that the real module passes must pass here, or be listed with its reason in docs/conformance-node.md; the
// exit code is 1 otherwise.
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const root = path.resolve(__dirname, '../../..');
const page = path.join(root, 'docs', 'conformance-node.md');
const SERVERS = {
  'daemon-heliosdb': 'HELIOSDB_TEST_DSN_HELIOSDB',
  'daemon-postgresql': 'HELIOSDB_TEST_DSN_POSTGRESQL',
};
const SET_UPS = ['embedded', 'engine', ...Object.keys(SERVERS)];

/** What the processes of a set-up find in their environment. */
function environment(setUp) {
  const env = { ...process.env, HELIOSDB_LINGER: '0', HELIOSDB_NOTICES: 'off' };
  for (const name of ['HELIOSDB_MODE', 'HELIOSDB_MEMORY', 'HELIOSDB_DSN', 'HELIOSDB_CONFORMANCE_DAEMON']) delete env[name];
  env.HELIOSDB_CONFORMANCE_PACKAGE = path.join(root, 'bindings', 'node');
  if (setUp === 'engine') env.HELIOSDB_MEMORY = 'engine';
  if (setUp in SERVERS) Object.assign(env, { HELIOSDB_CONFORMANCE_DAEMON: '1', HELIOSDB_DSN: process.env[SERVERS[setUp]] });
  return env;
}

/** The rows "| `test` | set-ups | reason |" of the suite's section that concern a set-up: test -> reason. */
function listed(suite, setUp) {
  const reasons = new Map();
  let inSection = false;
  for (const line of fs.existsSync(page) ? fs.readFileSync(page, 'utf8').split('\n') : []) {
    if (line.startsWith('## ')) inSection = line === `## ${suite}`;
    const row = inSection && /^\| `(.+)` \| ([\w, -]+) \| (.+) \|$/.exec(line);
    if (row && (row[2] === 'all' || row[2].split(', ').includes(setUp))) reasons.set(row[1], row[3]);
  }
  return reasons;
}

const percent = (part, whole) => ((100 * part) / whole).toFixed(1);
const firstLine = (text) => text.trim().split('\n')[0].slice(0, 160);
const missing = { outcome: 'not run', detail: '' };

/** Prints the count of a set-up and what is not listed; gives how many of the latter. */
function judge(suite, setUp, expected, outcomes) {
  const reasons = listed(suite, setUp);
  const lost = expected.filter((test) => (outcomes.get(test) || missing).outcome !== 'passed');
  const unlisted = lost.filter((test) => !reasons.has(test));
  const passed = expected.length - lost.length;
  console.log(`${setUp}: ${passed} of the ${expected.length} tests that it passes itself (${percent(passed, expected.length)} %)`);
  for (const test of lost) {
    const { outcome, detail } = outcomes.get(test) || missing;
    console.log(`    ${reasons.has(test) ? '' : 'NOT LISTED '}${test}: ${outcome}: ${firstLine(detail)}`);
  }
  for (const test of reasons.keys())
    if (expected.includes(test) && !lost.includes(test)) console.log(`    listed, but it passes: ${test}`);
  return unlisted.length;
}

function main() {
  const { values, positionals } = parseArgs({
    options: {
      suite: { type: 'string' },
      work: { type: 'string', default: path.join(root, 'build', 'conformance-node') },
      'set-up': { type: 'string', multiple: true, default: SET_UPS },
      list: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const suite = require(`./suites/${values.suite}`);
  const run = (setUp) => suite.run({ setUp, work: values.work, env: environment(setUp), files: positionals });
  const itself = run('itself');
  const expected = [...itself.keys()].filter((test) => itself.get(test).outcome === 'passed');
  console.log(`== ${suite.title}, Node ${process.versions.node}`);
  console.log(`itself: ${expected.length} passed, ${itself.size - expected.length} skipped or failed`);
  let unlisted = 0;
  let skipped = 0;
  for (const setUp of values['set-up']) {
    if (setUp in SERVERS && !process.env[SERVERS[setUp]]) {
      console.log(`${setUp}: skipped, ${SERVERS[setUp]} is not set`);
      skipped++;
      continue;
    }
    const outcomes = run(setUp);
    unlisted += judge(suite.name, setUp, expected, outcomes);
    if (values.list) for (const [test, { outcome, detail }] of outcomes) console.log(`== ${test}: ${outcome}\n${detail}`);
  }
  console.log(`${unlisted} not passed and not listed, ${skipped} set-ups skipped`);
  return unlisted || !expected.length ? 1 : 0;
}

process.exitCode = main();
