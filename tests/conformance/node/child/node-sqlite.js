// SPDX-License-Identifier: Apache-2.0
'use strict';
// Loaded before Node's tests of node:sqlite, also in their worker threads: has the module be ours, and on a server in
// daemon mode.
const { registerHooks } = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

const daemon = process.env.HELIOSDB_CONFORMANCE_DAEMON;
const ours = path.join(process.env.HELIOSDB_CONFORMANCE_PACKAGE, 'lib', 'node', 'index.js');
const url = pathToFileURL(daemon ? path.join(__dirname, 'node-sqlite-daemon.js') : ours).href;

registerHooks({
  resolve(specifier, context, next) {
    return specifier === 'node:sqlite' ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context);
  },
});

if (daemon && require('worker_threads').isMainThread) {
  const { release } = require('./places');
  require('node:test').beforeEach(release);
}
