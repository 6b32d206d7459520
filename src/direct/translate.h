/* SPDX-License-Identifier: Apache-2.0 */
/* The direct lane's translator: a statement of SQLite becomes one statement of the engine, where that is proven to
 * give the same, or is refused with a reason. Pure: it looks at the text and at a description of the tables only.
 *
 * What is sent, and when it is the same:
 *   INSERT INTO t [(columns)] VALUES (one row)
 *       rowid given; no trigger, foreign key, CHECK, unique index or generated column; what is left out has no default
 *   SELECT * or columns FROM t WHERE rowid = value [LIMIT n]
 *   UPDATE t SET column = value, ... WHERE rowid = value
 *       the same conditions on the table; the rowid stays
 *   DELETE FROM t WHERE rowid = value
 *       no trigger, no foreign key
 *   SELECT count(*) FROM t
 *   SELECT * or columns FROM t
 *       SQLite gives them by rowid if it reads no index in the place of the table, which the caller has to ask it
 * where rowid is the table's INTEGER PRIMARY KEY by any of its names and a value is a parameter or a literal.
 *
 * A plan is exact only if every value passes hdb_plan_admit() when it is run. If one does not, or a guard says no, or
 * the engine reports a constraint (SQLSTATE class 23), nothing has been changed and the statement has to go the way of
 * the rows, which finds SQLite's own answer or message. An application that has redefined count() may not use COUNT
 * plans. */
#ifndef HDB_DIRECT_TRANSLATE_H
#define HDB_DIRECT_TRANSLATE_H

#include "direct/refusal.h"
#include "link/link.h"
#include "record/table.h"
#include "value.h"
#include <stddef.h>

/* SQLite's own column affinities; HDB_AFFINITY_* of record/table.h say what holds the column in the engine. */
enum hdb_sqlite_affinity {
    HDB_SQLITE_BLOB = 1, /* values stay what they are; also ANY in a STRICT table */
    HDB_SQLITE_TEXT = 2,
    HDB_SQLITE_NUMERIC = 3,
    HDB_SQLITE_INTEGER = 4,
    HDB_SQLITE_REAL = 5
};

typedef struct hdb_direct_column {
    const char *name;
    const char *engine_name;
    const char *declared; /* the type as declared, NULL if there is none */
    enum hdb_sqlite_affinity affinity;
    enum hdb_affinity kind; /* of the engine's column */
    bool generated;         /* STORED or VIRTUAL */
    bool not_null;
    bool has_default; /* other than DEFAULT NULL */
} hdb_direct_column;

/* What a table has that a rule may mind. */
enum hdb_direct_trait {
    HDB_DIRECT_VIEW = 1,
    HDB_DIRECT_VIRTUAL = 2,
    HDB_DIRECT_TRIGGERS = 4,
    HDB_DIRECT_FOREIGN_KEYS = 8, /* in either direction, whatever PRAGMA foreign_keys says */
    HDB_DIRECT_CHECK = 16,
    HDB_DIRECT_UNIQUE = 32, /* a UNIQUE constraint or index, or a PRIMARY KEY that is not the rowid */
    HDB_DIRECT_EXPRESSION_INDEX = 64, /* or a partial one: the condition and the expression may fail */
    HDB_DIRECT_AUTOINCREMENT = 128,
    HDB_DIRECT_SYSTEM = 256, /* sqlite_schema, sqlite_sequence and the like */
    HDB_DIRECT_NATIVE = 512  /* columns of types that only the engine has */
};

typedef struct hdb_direct_table {
    const char *name; /* as declared */
    const char *engine_name;
    const hdb_direct_column *columns; /* in the declared order, hidden ones of virtual tables left out */
    int column_count;
    int alias;       /* the column that is the rowid (INTEGER PRIMARY KEY), -1 if there is none */
    unsigned traits; /* of enum hdb_direct_trait */
} hdb_direct_table;

/* How the translator asks for a table: by the name, dequoted, in schema main, as SQLite would find it: a table of
 * schema temp of that name hides it, and then the answer is NULL, as for a name that is not there. */
typedef struct hdb_direct_schema {
    const hdb_direct_table *(*find)(void *context, const char *name);
    void *context;
} hdb_direct_schema;

/* What a value must be at run time. */
enum hdb_admission {
    HDB_ADMIT_INTEGER = 1, /* INTEGER */
    HDB_ADMIT_REAL,        /* FLOAT, or INTEGER, which becomes FLOAT as SQLite makes it; -0.0 becomes 0.0 */
    HDB_ADMIT_TEXT,        /* TEXT that the engine can store */
    HDB_ADMIT_PLAIN_TEXT,  /* the same, if it does not look like a number, which numeric affinity would convert */
    HDB_ADMIT_BLOB,        /* BLOB */
    HDB_ADMIT_ANY,         /* anything; to be encoded */
    HDB_ADMIT_NUMERIC      /* what numeric affinity leaves as it is; to be encoded */
};

/* Where the value of $1.. comes from. */
typedef struct hdb_plan_input {
    int parameter;     /* number by SQLite's rules, 0: the literal */
    hdb_value literal; /* owned by the plan */
    enum hdb_admission admission;
    bool required; /* NULL is not admitted */
    bool encoded;  /* hdb_cell_encode() makes what is sent, unless it is NULL */
} hdb_plan_input;

typedef struct hdb_plan_column {
    char *name; /* as sqlite3_column_name() */
    int index;  /* of the table's column, -1: no column, the cell is the integer of count(*) */
} hdb_plan_column;

enum hdb_plan_kind {
    HDB_PLAN_SELECT = 1, /* at most one row: the columns, raw engine cells, and "_hdb_odd" behind the last */
    HDB_PLAN_COUNT,      /* one row, one integer */
    HDB_PLAN_SCAN,       /* all rows, in any order: the columns, "_hdb_odd", and the key if it is not one of the columns */
    HDB_PLAN_INSERT,
    HDB_PLAN_UPDATE,
    HDB_PLAN_DELETE
};

typedef struct hdb_plan {
    enum hdb_plan_kind kind;
    const char *rule; /* which rule holds, for hdb_explain(): a static text */
    char *sql;        /* for the engine, with $1..$n */
    hdb_plan_input *inputs;
    int input_count;
    hdb_plan_column *columns; /* SELECT and COUNT */
    int column_count;
    int key_cell; /* SCAN: which cell of a row is its key */
    const hdb_direct_table *table; /* the schema's, not owned */
    int parameter_count;           /* largest parameter number in the text */
    /* UPDATE: a row that holds a value beside its column's type must not be changed by key alone.
     * guard: a query to run first, under the writer lock, with the value of inputs[guard_input] as $1. No row: nothing
     * is updated, 0 changes. A NULL cell: go on. Otherwise: the way of the rows.
     * guarded: the condition is in `sql` instead, and 0 rows affected mean the way of the rows. */
    char *guard;
    int guard_input;
    bool guarded;
    int rowid_input; /* INSERT: inputs[rowid_input] becomes last_insert_rowid(); -1: it stays as it is */
} hdb_plan;

/* Translates the one statement of a text. HDB_OK and a plan; HDB_NOTSUPPORTED and the reason; HDB_NOMEM. The plan is
 * filled in any case and given to hdb_plan_clear() by the caller; it points into the schema's table. */
int hdb_translate(const char *sql, size_t size, const hdb_direct_schema *schema, enum hdb_peer peer, hdb_plan *out,
                  enum hdb_refusal *why);
void hdb_plan_clear(hdb_plan *plan);

/* Whether a value can be sent for an input with SQLite's own result. `out` gets what is sent, borrowed from `value`; if
 * the input is `encoded` and it is not NULL, it still has to be encoded. */
bool hdb_plan_admit(const hdb_plan_input *input, const hdb_value *value, hdb_value *out);

#endif
