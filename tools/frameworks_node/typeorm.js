// SPDX-License-Identifier: Apache-2.0
'use strict';
// A library of books on TypeORM: migrations, entities, relations, transactions, and the schema that it synchronizes by
// itself. Usage: typeorm.js DATABASE; prints what it finds.
require('reflect-metadata');
const { DataSource, EntitySchema, In, IsNull, LessThan, Like, Not } = require('typeorm');
const { show, refused, run } = require('./app');

const Author = new EntitySchema({
  name: 'Author',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    name: { type: 'varchar', unique: true },
    born: { type: 'date', nullable: true },
    awards: { type: 'simple-json', nullable: true },
  },
  relations: { books: { type: 'one-to-many', target: 'Book', inverseSide: 'author' } },
});

const Book = new EntitySchema({
  name: 'Book',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    title: { type: 'varchar' },
    price: { type: 'decimal', precision: 8, scale: 2, default: 0 },
    lent: { type: 'boolean', default: false },
    cover: { type: 'blob', nullable: true },
    bought: { type: 'datetime', nullable: true },
    version: { type: 'integer', version: true },
  },
  relations: {
    author: { type: 'many-to-one', target: 'Author', inverseSide: 'books', onDelete: 'CASCADE', joinColumn: true },
    tags: { type: 'many-to-many', target: 'Tag', joinTable: true },
  },
  indices: [{ columns: ['title', 'price'] }],
  checks: [{ expression: '"price" >= 0' }],
});

const Tag = new EntitySchema({
  name: 'Tag',
  columns: { id: { type: 'varchar', primary: true, generated: 'uuid' }, name: { type: 'varchar', unique: true } },
});

class Shelves1700000000000 {
  name = 'Shelves1700000000000';

  async up(runner) {
    await runner.query('CREATE TABLE "shelf" ("id" integer PRIMARY KEY, "label" varchar NOT NULL, "room" integer)');
    await runner.query('CREATE INDEX "shelf_label" ON "shelf" ("label")');
  }

  down = (runner) => runner.query('DROP TABLE "shelf"');
}

class Rooms1700000000001 {
  name = 'Rooms1700000000001';

  async up(runner) {
    const { TableColumn } = require('typeorm');
    await runner.addColumn('shelf', new TableColumn({ name: 'floor', type: 'integer', default: 0 }));
    await runner.renameColumn('shelf', 'room', 'room_number');
    await runner.query('INSERT INTO "shelf" ("label", "room_number") VALUES (?, ?)', ['A', 1]);
  }

  down = (runner) => runner.dropColumn('shelf', 'floor');
}

async function fill(source) {
  const [authors, books, tags] = ['Author', 'Book', 'Tag'].map((name) => source.getRepository(name));
  const [ann, bob] = await authors.save([{ name: 'Ann', born: '1970-01-02', awards: ['one', { year: 2 }] }, { name: 'Bob' }]);
  const [red, blue] = await tags.save([{ name: 'red' }, { name: 'blue' }]);
  for (let i = 1; i <= 24; i++)
    await books.save({ title: `Book ${i}`, price: i * 1.5, author: i % 3 ? ann : bob, tags: i % 2 ? [red] : [red, blue],
      cover: Buffer.from([i]), bought: new Date(Date.UTC(2026, 0, i)) }); // prettier-ignore
}

async function query(source) {
  const [authors, books] = ['Author', 'Book'].map((name) => source.getRepository(name));
  const withoutKeys = (rows) => rows.map(({ tags, ...row }) => ({ ...row, tags: tags?.map(({ name }) => name).sort() }));
  show('related', withoutKeys(await books.find({ relations: { author: true, tags: true }, order: { id: 'ASC' }, take: 3 })));
  show('counted', await books.findAndCount({ where: { title: Like('Book 1%'), price: LessThan(25) }, order: { price: 'DESC' }, skip: 1, take: 2 })); // prettier-ignore
  show('or', await books.find({ select: { id: true }, where: [{ id: In([1, 2]) }, { author: { name: 'Bob' } }], order: { id: 'ASC' } }));
  show('null', await authors.find({ where: { born: IsNull(), name: Not('Ann') } }));
  show('grouped', await books.createQueryBuilder('b').innerJoin('b.author', 'a').select('a.name', 'name').addSelect('COUNT(*)', 'n')
    .addSelect('SUM(b.price)', 'sum').groupBy('a.id').having('COUNT(*) > :n', { n: 5 }).orderBy('a.id').getRawMany()); // prettier-ignore
  show('sub', await books.createQueryBuilder('b').where((qb) => `b.price = ${qb.subQuery().select('MAX(x.price)').from('Book', 'x').getQuery()}`).getOne());
  show('exists', [await books.existsBy({ title: 'Book 3' }), await books.sum('price'), await books.maximum('price')]);
}

async function change(source) {
  const [authors, books] = ['Author', 'Book'].map((name) => source.getRepository(name));
  const book = await books.findOneByOrFail({ id: 5 });
  book.lent = true;
  show('saved', (await books.save(book)).version);
  show('updated', (await books.update({ author: { id: 2 } }, { lent: true })).affected);
  show('incremented', (await books.increment({ id: LessThan(4) }, 'price', 0.25)).affected ?? null);
  show('upserted', (await authors.upsert({ name: 'Bob', born: '1980-05-06' }, ['name'])).identifiers);
  show('inserted', (await source.createQueryBuilder().insert().into('Author').values([{ name: 'Eve' }, { name: 'Flo' }]).execute()).raw);
  show('deleted', (await books.delete({ id: In([20, 21, 22]) })).affected);
  show('cascaded', [(await authors.delete({ name: 'Bob' })).affected, await books.count()]);
  await refused('unique', () => authors.insert({ name: 'Ann' }));
  await refused('check', () => books.insert({ title: 'x', price: -1 }));
  await refused('not null', () => books.insert({ price: 1 }));
  await refused('foreign key', () => books.insert({ title: 'x', author: { id: 99 } }));
}

async function transact(source) {
  await source.transaction(async (manager) => {
    await manager.getRepository('Author').save({ name: 'Gus' });
    await refused('inner', () => manager.transaction(async (inner) => {
      await inner.getRepository('Book').delete({ id: 1 });
      throw new Error('inner');
    })); // prettier-ignore
  });
  await refused('outer', () => source.transaction('SERIALIZABLE', async (manager) => {
    await manager.getRepository('Book').clear();
    throw new Error('outer');
  })); // prettier-ignore
  show('kept', [await source.getRepository('Book').count(), await source.getRepository('Author').find({ order: { id: 'ASC' } })]);
}

run(async (database) => {
  const source = new DataSource({ type: 'better-sqlite3', database, entities: [Author, Book, Tag], synchronize: true,
    migrations: [Shelves1700000000000, Rooms1700000000001] }); // prettier-ignore
  await source.initialize();
  show('migrated', (await source.runMigrations()).map(({ name }) => name));
  show('shelves', await source.query('SELECT * FROM "shelf"'));
  await fill(source);
  await query(source);
  await change(source);
  await transact(source);
  await source.synchronize();
  show('schema', (await source.query("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name")).map(({ type, name, sql }) => [type, name, sql])); // prettier-ignore
  await source.undoLastMigration();
  show('undone', await source.query('PRAGMA table_info("shelf")'));
  await source.destroy();
});
