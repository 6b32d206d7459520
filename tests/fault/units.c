/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"
#include "fault.h"

#include <stdio.h>
#include <string.h>

const char *const unit_settings = "PRAGMA foreign_keys = ON";

const char *const unit_schema =
    "BEGIN;"
    "CREATE TABLE parent(id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER DEFAULT 0);"
    "CREATE TABLE child(id INTEGER PRIMARY KEY AUTOINCREMENT, v, d REAL AS (v * 1.5) STORED,"
    " parent INTEGER REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE);"
    "CREATE INDEX child_parent ON child(parent);"
    "CREATE TABLE wide(a TEXT, b INTEGER, c, PRIMARY KEY (a, b)) WITHOUT ROWID;"
    "CREATE TABLE journal(what TEXT, id INTEGER, n);"
    "CREATE TABLE payload(id INTEGER PRIMARY KEY, data BLOB);"
    "CREATE TABLE many(id INTEGER PRIMARY KEY, text);"
    "CREATE TRIGGER child_in AFTER INSERT ON child BEGIN"
    " INSERT INTO journal VALUES ('in', new.id, new.parent); UPDATE parent SET n = n + 1 WHERE id = new.parent; END;"
    "CREATE TRIGGER child_out AFTER DELETE ON child BEGIN"
    " INSERT INTO journal VALUES ('out', old.id, NULL); UPDATE parent SET n = n - 1 WHERE id = old.parent; END;"
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30)"
    " INSERT INTO parent(id, name) SELECT i, 'parent ' || i FROM c;"
    "COMMIT;";

/* @ stands for the unit's number, # for a number from 1 to 30, $ for one of three tables. */
static const char *const changes[] = {
    "INSERT INTO child(parent, v) VALUES (#, @)",
    "INSERT INTO child(parent, v) VALUES (1, @), (2, 'two'), (#, 3.5), (3, NULL), (4, x'00ff')",
    "INSERT OR IGNORE INTO child(parent, v) VALUES (5, 1), (NULL, 2), (6, @)",
    "INSERT INTO child(parent, v) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < # * 20)"
    " SELECT (SELECT min(id) FROM parent), i FROM c",
    "UPDATE child SET v = v + @ WHERE id % 7 = # % 7",
    "UPDATE child SET parent = (SELECT max(id) FROM parent) WHERE id % 5 = # % 5",
    "DELETE FROM child WHERE id % 3 = # % 3",
    "DELETE FROM parent WHERE id = #",
    "INSERT OR REPLACE INTO parent(id, name) VALUES (#, 'parent #'), (# + 1, 'again @')",
    "UPDATE parent SET id = id + 1000 + @ WHERE id = #",
    "INSERT OR FAIL INTO parent(name) VALUES ('new @'), ('parent 3'), ('never @')",
    "INSERT INTO wide VALUES ('a#', $, @) ON CONFLICT (a, b) DO UPDATE SET c = excluded.c || wide.c",
    "INSERT OR REPLACE INTO wide WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60)"
    " SELECT 'w' || i, $, @ FROM c",
    "UPDATE wide SET b = b + 10 WHERE a < 'w2' AND b < 10",
    "DELETE FROM wide",
    "DELETE FROM journal WHERE rowid % 2 = 0",
    "DELETE FROM journal",
    "INSERT INTO x$ SELECT id, name, n FROM parent WHERE id % 4 = # % 4",
    "UPDATE x$ SET b = @",
    "DELETE FROM x$",
    "DELETE FROM payload",
    "INSERT INTO payload(data) VALUES (x'0102'), (zeroblob(20000))",
};

/* More than one part of the log holds. */
static const char *const big_change =
    "INSERT INTO payload(data) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < #)"
    " SELECT CAST(@ || zeroblob(90000) AS BLOB) FROM c";

/* Enough of these in a transaction go to the engine before its COMMIT. */
static const char *const many_rows =
    "INSERT INTO many(text) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4500)"
    " SELECT '@ and some text that makes of these rows more than a part of the log holds: ' || i FROM c";
static const char *const many_changes[] = {"UPDATE many SET text = '@' WHERE id % 50 = #", "DELETE FROM many WHERE id % 50 = #", "SAVEPOINT s",
                                           "ROLLBACK TO s"};

static const char *const definitions[] = {
    "CREATE TABLE IF NOT EXISTS x$(a INTEGER PRIMARY KEY, b TEXT, c)",
    "CREATE TABLE IF NOT EXISTS x$(a, b TEXT DEFAULT 'b@', c)",
    "CREATE TABLE IF NOT EXISTS x$(a INTEGER PRIMARY KEY, b ANY, c TEXT) STRICT, WITHOUT ROWID",
    "CREATE TABLE x$ AS SELECT id AS a, name AS b, n AS c FROM parent",
    "CREATE TABLE x$ AS SELECT id AS a, v AS b, parent AS c FROM child",
    "DROP TABLE IF EXISTS x$",
    "DROP TABLE x$",
    "ALTER TABLE x$ ADD COLUMN n@ INTEGER NOT NULL DEFAULT #",
    "ALTER TABLE x$ RENAME COLUMN c TO d",
    "ALTER TABLE x$ RENAME COLUMN d TO c",
    "ALTER TABLE x$ DROP COLUMN c",
    "ALTER TABLE x$ RENAME TO y$",
    "ALTER TABLE y$ RENAME TO x$",
    "DROP TABLE IF EXISTS y$",
    "CREATE INDEX IF NOT EXISTS x$_b ON x$(b) WHERE b IS NOT NULL",
    "CREATE UNIQUE INDEX x$_a ON x$(a, b COLLATE NOCASE)",
    "DROP INDEX IF EXISTS x$_b",
    "CREATE TRIGGER IF NOT EXISTS x$_tr AFTER UPDATE ON x$ BEGIN INSERT INTO journal VALUES ('x', new.a, @); END",
    "DROP TRIGGER IF EXISTS x$_tr",
    "CREATE VIEW IF NOT EXISTS v$ AS SELECT id, name, @ AS k FROM parent WHERE id > #",
    "DROP VIEW IF EXISTS v$",
    "PRAGMA user_version = @",
    "REINDEX",
};

static const char *const savepoints[] = {"SAVEPOINT s", "ROLLBACK TO s", "RELEASE s"};

static void add(struct unit *unit, enum statement_kind kind, const char *pattern, unsigned *random, int number) {
    struct statement *statement = &unit->statements[unit->count++];
    int small = 1 + (int)(fault_random(random) % 30), table = (int)(fault_random(random) % 3);
    size_t size = 0;
    statement->kind = kind;
    for (; *pattern && size < sizeof statement->sql - 16; pattern++) {
        if (strchr("@#$", *pattern))
            size += (size_t)sprintf(statement->sql + size, "%d", *pattern == '@' ? number : *pattern == '#' ? small : table);
        else
            statement->sql[size++] = *pattern;
    }
    statement->sql[size] = '\0';
}

#define ONE_OF(list) (list)[fault_random(random) % (sizeof(list) / sizeof *(list))]

static void add_any(struct unit *unit, unsigned *random, int number) {
    unsigned choice = fault_random(random) % 100;
    if (choice < 3)
        add(unit, KIND_DML, big_change, random, number);
    else if (choice < 55)
        add(unit, KIND_DML, ONE_OF(changes), random, number);
    else
        add(unit, KIND_DDL, ONE_OF(definitions), random, number);
}

static void end_transaction(struct unit *unit, unsigned *random, int number) {
    if (fault_random(random) % 8 == 0)
        add(unit, KIND_ROLLBACK, "ROLLBACK", random, number);
    else
        add(unit, KIND_COMMIT, "COMMIT", random, number);
}

static void make_transaction(struct unit *unit, unsigned *random, int number) {
    int count = 1 + (int)(fault_random(random) % (UNIT_STATEMENTS - 3));
    add(unit, KIND_BEGIN, fault_random(random) % 2 ? "BEGIN" : "BEGIN IMMEDIATE", random, number);
    for (int i = 0; i < count; i++) {
        if (fault_random(random) % 4 == 0)
            add(unit, KIND_SAVEPOINT, ONE_OF(savepoints), random, number);
        else
            add_any(unit, random, number);
    }
    end_transaction(unit, random, number);
}

static void make_large_transaction(struct unit *unit, unsigned *random, int number) {
    add(unit, KIND_BEGIN, "BEGIN", random, number);
    add(unit, KIND_DML, "DELETE FROM many", random, number);
    for (int i = 0; i < 4; i++) {
        add(unit, KIND_DML, many_rows, random, number);
        if (fault_random(random) % 2 == 0)
            add(unit, KIND_DML, ONE_OF(many_changes), random, number);
    }
    end_transaction(unit, random, number);
}

void unit_make(unsigned seed, int number, bool vacuum, struct unit *out) {
    unsigned state = seed ^ (unsigned)number * 2654435761u, *random = &state;
    out->count = 0;
    for (int i = 0; i < 4; i++)
        fault_random(random);
    unsigned choice = fault_random(random) % 100;
    if (choice < 4 && vacuum)
        add(out, KIND_VACUUM, "VACUUM", random, number);
    else if (choice < 7)
        make_large_transaction(out, random, number);
    else if (choice < 50)
        add_any(out, random, number);
    else
        make_transaction(out, random, number);
}

const char *statement_kind_name(enum statement_kind kind) {
    static const char *const names[KINDS] = {"a row-changing statement", "a schema-changing statement", "VACUUM",
                                             "a savepoint statement",    "BEGIN",                       "COMMIT",
                                             "ROLLBACK"};
    return names[kind];
}
