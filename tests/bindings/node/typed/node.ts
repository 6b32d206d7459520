// SPDX-License-Identifier: Apache-2.0
// Compiled by 98.types.test.js: what a program of node:sqlite writes.
import { DatabaseSync, StatementSync, backup, constants } from 'heliosdb-sqlite/node';

const db = new DatabaseSync(':memory:', { limits: { column: 5 }, mode: 'plain', timeout: 100 });
const insert: StatementSync = db.prepare('INSERT INTO t VALUES ($a, ?)', { readBigInts: true });
const { changes } = insert.run({ a: 1 }, 'x');
const count: number | bigint = changes;
insert.run(1, null, 2n, true, new Uint8Array());
for (const row of insert.iterate(count)) console.log(row.x);
const name: string | undefined = insert.get()?.name?.toString();
db.function('f', { deterministic: true }, (x: number) => x + 1);
db.aggregate('g', { start: 0, step: (a: number, x: number) => a + x, inverse: (a: number, x: number) => a - x });
db.setAuthorizer((action) => (action === constants.SQLITE_READ ? 0 : 1));
const changeset: Uint8Array = db.createSession({ table: 't' }).changeset();
db.applyChangeset(changeset, { filter: (table) => table === name });
const pages: Promise<number> = backup(db, new URL('file:///x'), { progress: ({ totalPages }) => void totalPages });
db.limits.length = Infinity;
const sql = db.createTagStore();
console.log(sql.get`SELECT ${1}`, pages, insert.stat('run'));
