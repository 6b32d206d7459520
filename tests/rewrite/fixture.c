/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <stddef.h>
#include <strings.h>

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

const char *const fixture_ddl =
    "CREATE TABLE Notes(id INTEGER PRIMARY KEY, Body TEXT NOT NULL, score REAL, data BLOB, price NUMERIC, anything,"
    "                   done BOOLEAN, day DATE, \"key\" TEXT);"
    "CREATE TABLE plain(a, b);"
    "CREATE TABLE kv(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
    "CREATE TABLE defaults(id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x', b INT NOT NULL);"
    "CREATE TABLE \"a \"\"table\"(id INTEGER PRIMARY KEY, \"a column\" TEXT);"
    "CREATE TABLE shadow(id INTEGER PRIMARY KEY, rowid TEXT);"
    "CREATE TABLE truth(id INTEGER PRIMARY KEY, true INTEGER);"
    "CREATE TABLE triggered(id INTEGER PRIMARY KEY, a TEXT);"
    "CREATE TRIGGER tr AFTER INSERT ON triggered BEGIN SELECT 1; END;"
    "CREATE TABLE child(id INTEGER PRIMARY KEY, a INTEGER REFERENCES Notes);"
    "CREATE TABLE checked(id INTEGER PRIMARY KEY, a INTEGER CHECK (a > 0));"
    "CREATE TABLE uniq(id INTEGER PRIMARY KEY, a TEXT UNIQUE);"
    "CREATE TABLE made(id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2));"
    "CREATE TABLE partial(id INTEGER PRIMARY KEY, a TEXT);"
    "CREATE INDEX pi ON partial(a) WHERE a > 'a';"
    "CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);"
    "CREATE VIEW seen AS SELECT * FROM Notes;"
    "CREATE VIRTUAL TABLE words USING fts5(a);";

#define COLUMN(column_name, type, sqlite, engine) \
    {.name = (column_name), .engine_name = (column_name), .declared = (type), .affinity = HDB_SQLITE_##sqlite, \
     .kind = HDB_AFFINITY_##engine}
#define KEY {.name = "id", .engine_name = "id", .declared = "INTEGER", .affinity = HDB_SQLITE_INTEGER, \
             .kind = HDB_AFFINITY_INTEGER}

static const hdb_direct_column notes[] = {
    KEY,
    {.name = "Body", .engine_name = "Body", .declared = "TEXT", .affinity = HDB_SQLITE_TEXT, .kind = HDB_AFFINITY_TEXT,
     .not_null = true},
    COLUMN("score", "REAL", REAL, REAL),
    COLUMN("data", "BLOB", BLOB, BLOB),
    COLUMN("price", "NUMERIC", NUMERIC, ANY),
    COLUMN("anything", NULL, BLOB, ANY),
    COLUMN("done", "BOOLEAN", NUMERIC, INTEGER),
    COLUMN("day", "DATE", NUMERIC, TEXT),
    COLUMN("key", "TEXT", TEXT, TEXT),
};
static const hdb_direct_column plain[] = {COLUMN("a", NULL, BLOB, ANY), COLUMN("b", NULL, BLOB, ANY)};
static const hdb_direct_column kv[] = {COLUMN("k", "TEXT", TEXT, TEXT), COLUMN("v", NULL, BLOB, ANY)};
static const hdb_direct_column defaults[] = {
    KEY,
    {.name = "a", .engine_name = "a", .declared = "TEXT", .affinity = HDB_SQLITE_TEXT, .kind = HDB_AFFINITY_TEXT,
     .has_default = true},
    {.name = "b", .engine_name = "b", .declared = "INT", .affinity = HDB_SQLITE_INTEGER, .kind = HDB_AFFINITY_INTEGER,
     .not_null = true},
};
static const hdb_direct_column a_table[] = {
    KEY,
    {.name = "a column", .engine_name = "_hdb_n_a_column", .declared = "TEXT", .affinity = HDB_SQLITE_TEXT,
     .kind = HDB_AFFINITY_TEXT},
};
static const hdb_direct_column shadow[] = {KEY, COLUMN("rowid", "TEXT", TEXT, TEXT)};
static const hdb_direct_column truth[] = {KEY, COLUMN("true", "INTEGER", INTEGER, INTEGER)};
static const hdb_direct_column text_a[] = {KEY, COLUMN("a", "TEXT", TEXT, TEXT)};
static const hdb_direct_column integer_a[] = {KEY, COLUMN("a", "INTEGER", INTEGER, INTEGER)};
static const hdb_direct_column made[] = {
    KEY,
    COLUMN("a", "INTEGER", INTEGER, INTEGER),
    {.name = "b", .engine_name = "b", .declared = "INTEGER", .affinity = HDB_SQLITE_INTEGER,
     .kind = HDB_AFFINITY_INTEGER, .generated = true},
};

#define TABLE(table_name, engine, list, key, flags) \
    {.name = (table_name), .engine_name = (engine), .columns = (list), .column_count = COUNT_OF(list), .alias = (key), \
     .traits = (flags)}

static const hdb_direct_table tables[] = {
    TABLE("Notes", "Notes", notes, 0, 0),
    TABLE("plain", "plain", plain, -1, 0),
    TABLE("kv", "kv", kv, -1, HDB_DIRECT_UNIQUE),
    TABLE("defaults", "defaults", defaults, 0, 0),
    TABLE("a \"table", "_hdb_n_a_table", a_table, 0, 0),
    TABLE("shadow", "shadow", shadow, 0, 0),
    TABLE("truth", "truth", truth, 0, 0),
    TABLE("triggered", "triggered", text_a, 0, HDB_DIRECT_TRIGGERS),
    TABLE("child", "child", integer_a, 0, HDB_DIRECT_FOREIGN_KEYS),
    TABLE("checked", "checked", integer_a, 0, HDB_DIRECT_CHECK),
    TABLE("uniq", "uniq", text_a, 0, HDB_DIRECT_UNIQUE),
    TABLE("made", "made", made, 0, 0),
    TABLE("partial", "partial", text_a, 0, HDB_DIRECT_EXPRESSION_INDEX),
    TABLE("counted", "counted", text_a, 0, HDB_DIRECT_AUTOINCREMENT),
    TABLE("seen", "seen", notes, -1, HDB_DIRECT_VIEW),
    TABLE("words", "words", plain, -1, HDB_DIRECT_VIRTUAL),
    TABLE("sqlite_schema", "sqlite_schema", plain, -1, HDB_DIRECT_SYSTEM),
};

const hdb_direct_table *fixture_table(const char *name) {
    for (int i = 0; i < COUNT_OF(tables); i++) {
        if (strcasecmp(tables[i].name, name) == 0)
            return &tables[i];
    }
    return NULL;
}

static const hdb_direct_table *find(void *context, const char *name) {
    (void)context;
    return fixture_table(name);
}

const hdb_direct_schema fixture_schema = {find, NULL};
