/* SPDX-License-Identifier: Apache-2.0 */
/* What the record has to know of a table: its columns, its key, and what it is called in the engine. Made from SQLite's
 * schema (replica/schema.c), carried in log entries (entry.c), turned into engine tables (mirror.c). */
#ifndef HDB_TABLE_H
#define HDB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* The kind of engine column that holds a column's ordinary values. */
enum hdb_affinity {
    HDB_AFFINITY_INTEGER = 1, /* BIGINT */
    HDB_AFFINITY_REAL = 2,    /* DOUBLE PRECISION */
    HDB_AFFINITY_TEXT = 3,    /* TEXT */
    HDB_AFFINITY_BLOB = 4,    /* BYTEA */
    HDB_AFFINITY_ANY = 5,     /* TEXT, each value encoded with its storage class */
    /* Types that only the engine has (record/native.h): */
    HDB_AFFINITY_VECTOR = 6,
    HDB_AFFINITY_JSON = 7,
    HDB_AFFINITY_UUID = 8
};

enum hdb_key_kind {
    HDB_KEY_ALIAS = 1,  /* an INTEGER PRIMARY KEY column is the rowid: it is the engine's key too */
    HDB_KEY_ROWID = 2,  /* the rowid has no column: hidden "_hdb_rowid" */
    HDB_KEY_COLUMNS = 3 /* WITHOUT ROWID: hidden "_hdb_key", the encoded key columns */
};

typedef struct hdb_column {
    char *name;
    char *engine_name;
    enum hdb_affinity affinity;
    int dimension; /* of a VECTOR(n), else 0 */
    bool generated;
    int key; /* from 1: place in a WITHOUT ROWID key; 0: not part of it */
} hdb_column;

typedef struct hdb_table {
    const char *database; /* SQLite's name of the database it is in, borrowed from its schema; NULL: "main" */
    char *name;
    char *engine_name;
    enum hdb_key_kind key_kind;
    int alias; /* column that is the rowid, -1 if there is none */
    hdb_column *columns;
    int column_count;
    bool is_strict;   /* not carried in log entries */
    bool is_sequence; /* sqlite_sequence: made by SQLite, filled by us */
    bool is_shadow;   /* of a virtual table; not carried in log entries */
    bool is_foreign;  /* another client of the server made it: record/foreign_tables.h; not carried in log entries */
} hdb_table;

/* One row of sqlite_schema. */
typedef struct hdb_schema_item {
    char *type, *name, *table, *sql; /* sql may be NULL */
} hdb_schema_item;

typedef struct hdb_schema {
    char *database; /* what SQLite calls it: "main", or the name it is attached by; NULL if it was read from elsewhere */
    hdb_table *tables; /* those whose rows are kept: no virtual ones, their shadow tables yes */
    int table_count;
    hdb_schema_item *items;
    int item_count;
    int64_t user_version, application_id;
    int64_t format; /* what PRAGMA page_size, auto_vacuum and encoding tell, packed: see replica/format.h; 0: not known */
    bool has_virtual, has_triggers, may_have_checks; /* there are such; not carried in log entries */
} hdb_schema;

void hdb_table_clear(hdb_table *table);
void hdb_schema_free(hdb_schema *schema);
/* Case-insensitive, as SQLite compares names; NULL if there is none. */
const hdb_table *hdb_schema_table(const hdb_schema *schema, const char *name);
/* The item of a type and name, NULL if there is none. */
const hdb_schema_item *hdb_schema_item_find(const hdb_schema *schema, const char *type, const char *name);

/* Whether an item is a virtual table. */
bool hdb_schema_item_is_virtual(const hdb_schema_item *item);

/* The engine kind for a declared type (NULL: none): SQLite's affinity rules, but BOOLEAN-like names are integers and
 * DATE- and TIME-like ones text, since that is what applications store there; VECTOR(n), JSONB and UUID are the engine's.
 * `dimension` gets n, or 0. */
enum hdb_affinity hdb_affinity_of(const char *declared, int *dimension);
/* A number for a name: the engine takes no empty text for a key, and its index can't hold all names. */
int64_t hdb_name_hash(const char *name);
/* The name to use in the engine: the same one, or a made-up one when the engine can't take it. The caller frees it. */
char *hdb_engine_name(const char *name);

#endif
