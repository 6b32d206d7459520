/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of a server that another client made: what the server's catalogue tells of them, and the CREATE TABLE that stands
 * for each in the replica (docs/decisions/0011-tables-of-other-clients.md). */
#ifndef HDB_FOREIGN_TABLES_H
#define HDB_FOREIGN_TABLES_H

#include "buffer.h"
#include "error.h"
#include "link/link.h"
#include <stdint.h>

/* How a column's values travel. */
enum hdb_foreign_kind {
    HDB_FOREIGN_INTEGER,
    HDB_FOREIGN_REAL,
    HDB_FOREIGN_SINGLE, /* 4 bytes: told by the shortest decimal that means the same */
    HDB_FOREIGN_BOOLEAN,
    HDB_FOREIGN_TEXT,
    HDB_FOREIGN_BYTES,
    HDB_FOREIGN_NUMERIC, /* at most 15 digits: a number in SQLite, too */
    HDB_FOREIGN_OTHER    /* the text that the server shows and understands */
};

typedef struct hdb_foreign_column {
    char *name;
    char *type; /* the server's name for it, without arguments */
    enum hdb_foreign_kind kind;
    int key;         /* from 1: place in the key */
    bool fills_null; /* NULL in a new row means what the server fills in itself */
} hdb_foreign_column;

typedef struct hdb_foreign_table {
    char *name;
    char *sql;         /* CREATE TABLE for SQLite */
    char *shape;       /* names and types, as hdb_foreign_is_current() finds them */
    const char *fault; /* why it can't be written, NULL if it can */
    hdb_foreign_column *columns;
    int column_count;
} hdb_foreign_table;

typedef struct hdb_foreign_tables {
    hdb_foreign_table *tables;
    int count;
    uint64_t hash; /* of what the server told of their columns */
} hdb_foreign_tables;

/* Reads all of them. `known` (or NULL): what was read last; *out is NULL if the columns are as they were then, which costs
 * half the time. */
int hdb_foreign_read(hdb_link *link, const hdb_foreign_tables *known, hdb_foreign_tables **out, hdb_error *error);
void hdb_foreign_free(hdb_foreign_tables *tables);
/* Case-insensitive; NULL if there is none. `tables` may be NULL. */
const hdb_foreign_table *hdb_foreign_find(const hdb_foreign_tables *tables, const char *name);
bool hdb_foreign_same(const hdb_foreign_tables *a, const hdb_foreign_tables *b);
/* Whether a table still is as it was read: cheap enough to be asked before its rows are. */
int hdb_foreign_is_current(hdb_link *link, const hdb_foreign_table *table, bool *out, hdb_error *error);
/* Whether the server has a table of a name that is none of this library's. */
int hdb_foreign_exists(hdb_link *link, const char *name, bool *out, hdb_error *error);

/* foreign_text.c: fills in `kind`, and writes the column's definition for CREATE TABLE. `full` is the type as the server
 * writes it, with arguments. */
void hdb_foreign_define(hdb_buffer *sql, const char *table, hdb_foreign_column *column, const char *full);
/* DEFAULT with a literal that means in SQLite what it means in the server; false if it is not one. */
bool hdb_foreign_default(hdb_buffer *sql, const hdb_foreign_column *column, const char *expression);

#endif
