// SPDX-License-Identifier: Apache-2.0
'use strict';
// A task list on Kysely: migrations, typed queries, transactions. Usage: kysely.js DATABASE; prints what it finds.
const SQLite = require('better-sqlite3');
const { Kysely, Migrator, SqliteDialect, sql } = require('kysely');
const { show, refused, run } = require('./app');

const migrations = {
  '001_people': {
    async up(db) {
      await db.schema.createTable('person').addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('name', 'text', (c) => c.notNull().unique()).addColumn('age', 'integer').execute(); // prettier-ignore
    },
    down: (db) => db.schema.dropTable('person').execute(),
  },
  '002_tasks': {
    async up(db) {
      await db.schema.createTable('task').addColumn('id', 'integer', (c) => c.primaryKey())
        .addColumn('owner', 'integer', (c) => c.references('person.id').onDelete('set null'))
        .addColumn('title', 'text', (c) => c.notNull()).addColumn('done', 'boolean', (c) => c.notNull().defaultTo(0))
        .addColumn('data', 'blob').addColumn('tags', 'json').execute(); // prettier-ignore
      await db.schema.createIndex('task_owner').on('task').columns(['owner', 'done']).execute();
      await db.schema.createView('open_task').as(db.selectFrom('task').selectAll().where('done', '=', 0)).execute();
    },
    async down(db) {
      await db.schema.dropView('open_task').execute();
      await db.schema.dropTable('task').execute();
    },
  },
  '003_due': { up: (db) => db.schema.alterTable('task').addColumn('due', 'text').execute(), down: async () => {} },
};

async function fill(db) {
  await db.insertInto('person').values([{ name: 'Ann', age: 31 }, { name: 'Bob', age: null }, { name: 'Zoë', age: 7 }]).execute(); // prettier-ignore
  for (let i = 1; i <= 30; i++)
    await db.insertInto('task').values({ owner: (i % 4) + 1 > 3 ? null : (i % 4) + 1, title: `task ${i}`, done: i % 5 ? 0 : 1,
      data: Buffer.from([i]), tags: JSON.stringify([`t${i % 3}`]), due: `2026-02-${String(i % 28 + 1).padStart(2, '0')}` }).execute(); // prettier-ignore
}

async function query(db) {
  show('all', await db.selectFrom('person').selectAll().orderBy('id').execute());
  show('joined', await db.selectFrom('task').leftJoin('person', 'person.id', 'task.owner').where('task.done', '=', 1)
    .select(['task.id', 'person.name', 'task.data']).orderBy('task.id').execute()); // prettier-ignore
  show('grouped', await db.selectFrom('task').select(({ fn }) => ['owner', fn.countAll().as('n'), fn.max('due').as('last')])
    .groupBy('owner').having(({ fn }) => fn.countAll(), '>', 5).orderBy('owner').execute()); // prettier-ignore
  show('view', await db.selectFrom('open_task').select('title').where('due', '<', '2026-02-05').orderBy('id').execute());
  show('json', await sql`SELECT task.id, value FROM task, json_each(task.tags) WHERE value = ${'t0'} ORDER BY task.id LIMIT 4`.execute(db));
  show('case', await db.selectFrom('person').select((eb) => eb.case().when('age', '>', 17).then('adult').else('child').end().as('kind')).execute());
  show('window', await db.selectFrom('task').select((eb) => ['id', eb.fn.agg('row_number').over((o) => o.partitionBy('owner').orderBy('due')).as('at')])
    .orderBy('id').limit(6).execute()); // prettier-ignore
  show('with', await db.withRecursive('n(i)', (q) => q.selectNoFrom(sql`1`.as('i')).unionAll(q.selectFrom('n').select(sql`i + 1`.as('i')).where('i', '<', 5)))
    .selectFrom('n').selectAll().execute()); // prettier-ignore
  const streamed = [];
  for await (const row of db.selectFrom('task').select('id').where('owner', 'is', null).orderBy('id').stream()) streamed.push(row.id);
  show('streamed', streamed);
  show('tables', await db.introspection.getTables());
}

async function change(db) {
  show('inserted', await db.insertInto('person').values({ name: 'Dan', age: 1 }).executeTakeFirst());
  show('returned', await db.insertInto('person').values({ name: 'Eve' }).returningAll().execute());
  show('upserted', await db.insertInto('person').values({ name: 'Eve', age: 9 })
    .onConflict((c) => c.column('name').doUpdateSet((eb) => ({ age: eb.ref('excluded.age') }))).returning('age').execute()); // prettier-ignore
  show('updated', await db.updateTable('task').set({ done: 1 }).where('owner', '=', 2).executeTakeFirst());
  show('deleted', await db.deleteFrom('task').where('id', '>', 25).returning('id').execute());
  show('set null', [await db.deleteFrom('person').where('name', '=', 'Bob').executeTakeFirst(),
    await db.selectFrom('task').select(({ fn }) => fn.countAll().as('n')).where('owner', 'is', null).execute()]); // prettier-ignore
  await refused('unique', () => db.insertInto('person').values({ name: 'Ann' }).execute());
  await refused('foreign key', () => db.insertInto('task').values({ owner: 99, title: 'x' }).execute());
  await refused('no column', () => db.selectFrom('person').select('height').execute());
}

async function transact(db) {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto('person').values({ name: 'Flo' }).execute();
    show('inside', await trx.selectFrom('person').select('id').where('name', '=', 'Flo').executeTakeFirst());
  });
  await refused('rolled back', () => db.transaction().execute(async (trx) => {
    await trx.deleteFrom('task').execute();
    throw new Error('undo');
  })); // prettier-ignore
  const controlled = await db.startTransaction().execute();
  const savepoint = await controlled.savepoint('before').execute();
  await savepoint.deleteFrom('task').execute();
  await savepoint.rollbackToSavepoint('before').execute();
  await controlled.commit().execute();
  show('kept', await db.selectFrom('task').select(({ fn }) => fn.countAll().as('n')).executeTakeFirst());
}

run(async (filename) => {
  const db = new Kysely({ dialect: new SqliteDialect({ database: new SQLite(filename) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  show('migrated', await migrator.migrateToLatest());
  show('again', await migrator.migrateToLatest());
  await fill(db);
  await query(db);
  await change(db);
  await transact(db);
  show('one down', await migrator.migrateDown());
  show('all down', (await migrator.migrateTo(require('kysely').NO_MIGRATIONS)).results);
  await db.destroy();
});
