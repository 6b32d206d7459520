// SPDX-License-Identifier: Apache-2.0
// Compiled by 98.types.test.js: what a program of better-sqlite3 writes.
import Database = require('heliosdb-sqlite');

const db = new Database('app.db', { readonly: false, timeout: 5 });
const age: number | undefined = db.prepare<[string], { age: number }>('SELECT age FROM cats WHERE name = ?').get('Joey')?.age;
db.function('add2', (a: number, b: number) => a + b);
db.function('count', { varargs: true, deterministic: true }, (...all) => all.length);
db.aggregate('sum2', { start: 0, step: (total: number, next: number) => total + next, result: (total) => total });
db.aggregate<string[]>('list', { start: () => [], step: (all, x) => [...all, x], inverse: (all) => all.slice(1), result: String });
db.table('sequence', { columns: ['value'], parameters: ['n'], *rows(n: number) { for (let i = 0; i < n; i++) yield [i]; } });
db.table('module', function (word: string) {
  const name: string = this.table;
  return { columns: ['x'], *rows() { yield { x: word + name }; } };
});
db.backup('x.db', { progress: ({ remainingPages }) => (remainingPages > 9 ? 200 : 0) }).then((done) => done.totalPages + 1);
new Database(db.serialize({ attached: 'main' })).loadExtension('x').unsafeMode().defaultSafeIntegers().close();
const length: number = db.transaction((rows: string[]) => rows.length).immediate(['a']);
for (const row of db.prepare('SELECT 1').pluck().iterate()) String(row);
try {
  db.exec('x');
} catch (error) {
  if (error instanceof Database.SqliteError) error.code.startsWith('SQLITE_');
}
console.log(age, length);
