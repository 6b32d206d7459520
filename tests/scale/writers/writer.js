// SPDX-License-Identifier: Apache-2.0
'use strict';
// A writer of test_languages.py: PATH NUMBER SECONDS. Moves money between accounts, one transaction a transfer.
const path = require('path');
const Database = require(path.resolve(__dirname, '../../../bindings/node'));

const [, , file, number, seconds] = process.argv;
const db = new Database(file, { timeout: 60000 });
db.function('doubled', { deterministic: true }, (amount) => 2 * amount);
const change = db.prepare('UPDATE account SET balance = balance + ? WHERE id = ?');
const note = db.prepare('INSERT INTO transfer(writer, amount) VALUES (?, ?)');
const transfer = db.transaction((source, target, amount) => {
  change.run(-amount, source);
  change.run(amount, target);
  note.run(Number(number), amount);
});

let commits = 0;
const busy = [];
const end = Date.now() + seconds * 1000;
while (Date.now() < end) {
  const source = Math.floor(Math.random() * 20);
  const target = (source + 1 + Math.floor(Math.random() * 19)) % 20;
  const began = Date.now();
  try {
    transfer.immediate(source, target, 1 + Math.floor(Math.random() * 49));
    commits++;
  } catch (error) {
    if (error.code !== 'SQLITE_BUSY') throw error;
    busy.push(`${error.message} after ${(Date.now() - began) / 1000} s`);
  }
}
db.close();
console.log(JSON.stringify({ commits, busy }));
