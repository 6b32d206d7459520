// SPDX-License-Identifier: Apache-2.0
// Run by npm after unpacking: nothing to do where the carried addon loads, else the addon is compiled.
'use strict';
const { spawnSync } = require('child_process');
const path = require('path');
const native = require('./lib/native');

try {
  native.load();
} catch (error) {
  console.error(`heliosdb-sqlite: compiling, because ${error.message.split('\n').slice(0, 2).join(' ')}`);
  const { status } = spawnSync(path.join(__dirname, 'build.sh'), { stdio: 'inherit' });
  process.exitCode = status === 0 ? 0 : 1;
}
