// SPDX-License-Identifier: Apache-2.0
// Compiled by 98.types.test.js: every statement is wrong.
import SQLite = require('heliosdb-sqlite');
import { DatabaseSync, StatementSync } from 'heliosdb-sqlite/node';
import { Database, open } from 'heliosdb-sqlite/promises';

new DatabaseSync(5);
new DatabaseSync('x', { readOnly: 'yes' });
new DatabaseSync('x').prepare('x').run(Symbol());
new StatementSync();
new Database();
open('x').run('x');
new SQLite(5);
new SQLite('x').prepare('SELECT ?').run(true);
new SQLite('x').aggregate('x', {});
new SQLite('x').table('x', { columns: ['a'] });
new SQLite('x').backup('x', { progress: () => 'all' });
