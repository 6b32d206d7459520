// SPDX-License-Identifier: Apache-2.0
// Compiled by 98.types.test.js: every statement is wrong.
import { DatabaseSync, StatementSync } from 'heliosdb-sqlite/node';
import { Database, open } from 'heliosdb-sqlite/promises';

new DatabaseSync(5);
new DatabaseSync('x', { readOnly: 'yes' });
new DatabaseSync('x').prepare('x').run(Symbol());
new StatementSync();
new Database();
open('x').run('x');
