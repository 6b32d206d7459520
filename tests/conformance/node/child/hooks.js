// SPDX-License-Identifier: Apache-2.0
'use strict';
// Loaded by mocha before the tests: a database is a file and the directory beside it, so where a test removed the file,
// the directory goes too. It would make the file again.
const fs = require('fs');
const path = require('path');

function removeOrphans(directory) {
  if (!fs.existsSync(directory)) return;
  for (const name of fs.readdirSync(directory))
    if (name.endsWith('-heliosdb') && !fs.existsSync(path.join(directory, name.slice(0, -'-heliosdb'.length))))
      fs.rmSync(path.join(directory, name), { recursive: true, force: true });
}

exports.mochaHooks = {
  beforeEach() {
    removeOrphans('temp');
    if (process.env.HELIOSDB_CONFORMANCE_DAEMON) require('./places').release();
  },
};
