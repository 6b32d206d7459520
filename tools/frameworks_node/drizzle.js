// SPDX-License-Identifier: Apache-2.0
'use strict';
// A blog on Drizzle: migrations from files, relations, transactions. Usage: drizzle.js DATABASE; prints what it finds.
const fs = require('fs');
const os = require('os');
const path = require('path');
const { and, asc, count, desc, eq, gt, like, max, relations, sql } = require('drizzle-orm');
const { drizzle } = require('drizzle-orm/better-sqlite3');
const { migrate } = require('drizzle-orm/better-sqlite3/migrator');
const { blob, integer, real, sqliteTable, text, uniqueIndex } = require('drizzle-orm/sqlite-core');
const { show, refused, run } = require('./app');

const users = sqliteTable('users', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  name: text('name').notNull(),
  role: text('role', { enum: ['reader', 'author'] }).default('reader'),
  joined: integer('joined', { mode: 'timestamp' }).notNull(),
  active: integer('active', { mode: 'boolean' }).notNull().default(true),
}, (table) => [uniqueIndex('users_name').on(table.name)]); // prettier-ignore

const posts = sqliteTable('posts', {
  id: integer('id').primaryKey(),
  author: integer('author').notNull().references(() => users.id),
  title: text('title').notNull(),
  score: real('score'),
  meta: text('meta', { mode: 'json' }),
  body: blob('body', { mode: 'buffer' }),
  views: blob('views', { mode: 'bigint' }),
});

const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }));
const postsRelations = relations(posts, ({ one }) => ({ writer: one(users, { fields: [posts.author], references: [users.id] }) }));
const schema = { users, posts, usersRelations, postsRelations };

// As drizzle-kit writes them.
const MIGRATIONS = [
  ['0000_users', `CREATE TABLE \`users\` (\n\t\`id\` integer PRIMARY KEY AUTOINCREMENT NOT NULL,\n\t\`name\` text NOT NULL,
\t\`role\` text DEFAULT 'reader',\n\t\`joined\` integer NOT NULL,\n\t\`active\` integer DEFAULT true NOT NULL\n);
--> statement-breakpoint\nCREATE UNIQUE INDEX \`users_name\` ON \`users\` (\`name\`);`],
  ['0001_posts', `CREATE TABLE \`posts\` (\n\t\`id\` integer PRIMARY KEY NOT NULL,\n\t\`author\` integer NOT NULL,\n\t\`title\` text NOT NULL,
\t\`meta\` text,\n\t\`body\` blob,\n\t\`views\` blob,\n\tFOREIGN KEY (\`author\`) REFERENCES \`users\`(\`id\`) ON UPDATE no action ON DELETE no action\n);`],
  ['0002_score', 'ALTER TABLE `posts` ADD `score` real;'],
]; // prettier-ignore

function writeMigrations() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'drizzle-'));
  fs.mkdirSync(path.join(folder, 'meta'));
  const entries = MIGRATIONS.map(([tag], idx) => ({ idx, version: '6', when: 1700000000000 + idx, tag, breakpoints: true }));
  fs.writeFileSync(path.join(folder, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'sqlite', entries }));
  for (const [tag, text] of MIGRATIONS) fs.writeFileSync(path.join(folder, `${tag}.sql`), text);
  return folder;
}

function fill(db) {
  const joined = new Date('2026-01-02T03:04:05Z');
  show('inserted', db.insert(users).values([{ name: 'Ann', role: 'author', joined }, { name: 'Bob', joined, active: false }, { name: 'Zoë', joined }]).run()); // prettier-ignore
  for (let i = 1; i <= 25; i++)
    db.insert(posts).values({ author: (i % 3) + 1, title: `post ${i}`, score: i / 4, meta: { tags: [`t${i % 2}`], i },
      body: Buffer.from(`body ${i}`), views: 2n ** 40n + BigInt(i) }).run(); // prettier-ignore
}

function query(db) {
  show('all', db.select().from(users).orderBy(asc(users.id)).all());
  show('some', db.select({ id: posts.id, title: posts.title }).from(posts).where(and(gt(posts.score, 2), like(posts.title, '%1%'))).orderBy(desc(posts.score)).limit(4).offset(1).all()); // prettier-ignore
  show('joined', db.select().from(posts).innerJoin(users, eq(posts.author, users.id)).where(eq(posts.id, 3)).get());
  show('grouped', db.select({ name: users.name, n: count(posts.id), best: max(posts.score) }).from(users).leftJoin(posts, eq(posts.author, users.id)).groupBy(users.id).orderBy(users.id).all()); // prettier-ignore
  show('relations', db.query.users.findMany({ with: { posts: { columns: { title: true, meta: true }, limit: 2, orderBy: [asc(posts.id)] } }, orderBy: [asc(users.id)] }).sync()); // prettier-ignore
  show('relation', db.query.posts.findFirst({ where: eq(posts.id, 7), with: { writer: true } }).sync());
  const prepared = db.select().from(posts).where(eq(posts.id, sql.placeholder('id'))).prepare();
  show('prepared', [1, 2, 99].map((id) => prepared.get({ id })?.title));
  show('values', db.select({ id: posts.id, views: posts.views }).from(posts).limit(2).values());
  show('raw', db.all(sql`SELECT count(*) AS n, json_extract(meta, '$.tags[0]') AS tag FROM posts GROUP BY tag ORDER BY tag`));
}

async function change(db) {
  show('returned', db.insert(users).values({ name: 'Dan', joined: new Date(0) }).returning().get());
  show('upserted', db.insert(users).values({ name: 'Dan', joined: new Date(1000) }).onConflictDoUpdate({ target: users.name, set: { role: 'author' } }).returning({ role: users.role }).all()); // prettier-ignore
  show('ignored', db.insert(users).values({ name: 'Dan', joined: new Date(0) }).onConflictDoNothing().run());
  show('updated', db.update(posts).set({ score: sql`${posts.score} * 2` }).where(eq(posts.author, 1)).run().changes);
  show('deleted', db.delete(posts).where(gt(posts.id, 20)).returning({ id: posts.id }).all());
  await refused('unique', () => db.insert(users).values({ name: 'Ann', joined: new Date(0) }).run());
  await refused('foreign key', () => db.insert(posts).values({ author: 99, title: 'x' }).run());
  await refused('not null', () => db.run(sql`INSERT INTO posts (author) VALUES (1)`));
}

async function transact(db) {
  db.transaction((tx) => {
    tx.insert(users).values({ name: 'Eve', joined: new Date(0) }).run();
    try {
      tx.transaction((inner) => {
        inner.delete(posts).run();
        inner.rollback();
      });
    } catch (error) {
      show('inner', error.message);
    }
  }, { behavior: 'immediate' }); // prettier-ignore
  await refused('rolled back', () => db.transaction((tx) => {
    tx.delete(posts).run();
    throw new Error('undo');
  })); // prettier-ignore
  show('kept', db.select({ n: count() }).from(posts).get());
  show('users', db.select({ name: users.name }).from(users).orderBy(users.name).all());
}

run(async (filename) => {
  const db = drizzle(filename, { schema });
  const folder = writeMigrations();
  migrate(db, { migrationsFolder: folder });
  migrate(db, { migrationsFolder: folder });
  fs.rmSync(folder, { recursive: true });
  show('migrations', db.all(sql`SELECT count(*) AS n FROM __drizzle_migrations`));
  fill(db);
  query(db);
  await change(db);
  await transact(db);
  db.$client.close();
});
