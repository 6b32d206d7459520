// SPDX-License-Identifier: Apache-2.0
'use strict';
// A shop on Knex: migrations, seeds, queries, transactions. Usage: knex.js DATABASE; prints what it finds.
const knexFactory = require('knex');
const { show, refused, run } = require('./app');

const migrations = {
  '01_tables': {
    async up(knex) {
      await knex.schema.createTable('customers', (table) => {
        table.increments('id');
        table.string('name').notNullable();
        table.string('email').unique();
        table.boolean('active').defaultTo(true);
        table.json('settings');
        table.timestamp('created_at').defaultTo('2026-01-01 00:00:00');
      });
      await knex.schema.createTable('orders', (table) => {
        table.increments('id');
        table.integer('customer_id').notNullable().references('customers.id').onDelete('CASCADE');
        table.decimal('total', 10, 2).notNullable();
        table.index(['customer_id', 'total'], 'orders_by_customer');
      });
    },
    down: (knex) => knex.schema.dropTable('orders').dropTable('customers'),
  },
  '02_status': {
    up: (knex) => knex.schema.alterTable('orders', (table) => table.enu('status', ['open', 'paid']).defaultTo('open')),
    down: (knex) => knex.schema.alterTable('orders', (table) => table.dropColumn('status')),
  },
  '03_rename': {
    up: (knex) => knex.schema.alterTable('customers', (table) => table.renameColumn('name', 'full_name')),
    down: (knex) => knex.schema.alterTable('customers', (table) => table.renameColumn('full_name', 'name')),
  },
};

const migrationSource = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (name) => name,
  getMigration: async (name) => migrations[name],
};

async function fill(knex) {
  await knex('customers').insert([
    { full_name: 'Ann', email: 'ann@example.org', settings: JSON.stringify({ theme: 'dark' }) },
    { full_name: 'Bob', email: 'bob@example.org', active: false },
    { full_name: 'Zoë', email: null },
  ]);
  const rows = [];
  for (let i = 1; i <= 60; i++) rows.push({ customer_id: (i % 3) + 1, total: i * 1.25, status: i % 4 ? 'open' : 'paid' });
  await knex.batchInsert('orders', rows, 20);
}

async function query(knex) {
  show('all', await knex('customers').select().orderBy('id'));
  show('joined', await knex('orders as o').join('customers as c', 'c.id', 'o.customer_id').select('c.full_name')
    .sum({ sum: 'o.total' }).count({ n: '*' }).max('o.id as last').groupBy('c.id').having('n', '>', 1).orderBy('c.id')); // prettier-ignore
  show('page', await knex('orders').whereIn('status', ['paid']).andWhere('total', '>=', 10).orderBy('total', 'desc').limit(3).offset(2));
  show('first', await knex('customers').where({ email: 'ann@example.org' }).first());
  show('json', await knex('customers').jsonExtract('settings', '$.theme', 'theme').whereNotNull('settings'));
  show('subquery', await knex('customers').whereExists(knex('orders').whereRaw('customer_id = customers.id').where('total', '>', 74)).pluck('full_name'));
  show('union', await knex('customers').select('id').union([knex('orders').select('id').where('id', '>', 58)]).orderBy('id'));
  show('with', await knex.with('big', knex('orders').where('total', '>', 70)).select().from('big').orderBy('id'));
  show('raw', await knex.raw('SELECT upper(?) AS up, ? + 1 AS next', ['text', 41]));
}

async function change(knex) {
  show('returning', await knex('customers').insert({ full_name: 'Dan', email: 'dan@example.org' }).returning(['id', 'full_name']));
  show('upsert', await knex('customers').insert({ email: 'dan@example.org', full_name: 'Dan 2' }).onConflict('email').merge());
  show('ignored', await knex('customers').insert({ email: 'dan@example.org', full_name: 'Dan 3' }).onConflict('email').ignore());
  show('updated', await knex('orders').where('customer_id', 1).update({ status: 'paid' }));
  show('incremented', await knex('orders').where({ id: 1 }).increment('total', 0.5));
  show('deleted', await knex('orders').where('total', '<', 3).del());
  await refused('unique', () => knex('customers').insert({ full_name: 'Twin', email: 'ann@example.org' }));
  await refused('not null', () => knex('customers').insert({ email: 'nobody@example.org' }));
  await refused('foreign key', () => knex('orders').insert({ customer_id: 999, total: 1 }));
  await refused('check', () => knex('orders').insert({ customer_id: 1, total: 1, status: 'lost' }));
  await refused('no table', () => knex('nothing').select());
}

async function transact(knex) {
  await knex.transaction(async (trx) => {
    const [{ id }] = await trx('customers').insert({ full_name: 'Eve' }).returning('id');
    await trx('orders').insert({ customer_id: id, total: 5 });
    await refused('nested', () => trx.transaction(async (inner) => {
      await inner('orders').insert({ customer_id: id, total: 6 });
      throw new Error('inner');
    })); // prettier-ignore
  });
  await refused('rolled back', () => knex.transaction(async (trx) => {
    await trx('orders').del();
    throw new Error('undo');
  })); // prettier-ignore
  show('kept', await knex('orders').count({ n: '*' }).first());
  const streamed = [];
  for await (const row of knex('orders').select('id').where('customer_id', 4).orderBy('id').stream()) streamed.push(row.id);
  show('streamed', streamed);
}

run(async (filename) => {
  const knex = knexFactory({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true });
  await knex.raw('PRAGMA foreign_keys = ON');
  show('migrated', await knex.migrate.latest({ migrationSource }));
  show('again', await knex.migrate.latest({ migrationSource }));
  await fill(knex);
  await query(knex);
  await change(knex);
  await transact(knex);
  show('columns', await knex('orders').columnInfo());
  show('undone', await knex.migrate.rollback({ migrationSource }, true));
  show('tables', await knex.schema.hasTable('customers'));
  await knex.destroy();
});
