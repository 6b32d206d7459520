// SPDX-License-Identifier: Apache-2.0
// Compiled by 98.types.test.js: what a program with promises writes.
import { Database, Statement, open } from 'heliosdb-sqlite/promises';

export async function main(): Promise<void> {
  await using db: Database = await open('x.db', { timeout: 5 });
  const statement: Statement = await db.prepare('SELECT 1');
  const answer: number = await db.transaction(async (tx) => ((await tx.run('x', 1)).changes ? 5 : 6), {
    mode: 'immediate',
    retries: 3,
  });
  const hurried = db.with({ signal: AbortSignal.timeout(answer), batch: 3 });
  for await (const row of hurried.iterate('SELECT 1', { $a: 1 })) console.log(row.x);
  console.log(await statement.with({ timeout: 5 }).all(1, 2), await db.limit('column', 5));
}
