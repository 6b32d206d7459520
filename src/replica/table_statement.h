/* SPDX-License-Identifier: Apache-2.0 */
/* Our own statements on one table, in SQLite. */
#ifndef HDB_TABLE_STATEMENT_H
#define HDB_TABLE_STATEMENT_H

#include "error.h"
#include "record/table.h"
#include "value.h"
#include <sqlite3.h>

enum hdb_table_statement {
    HDB_TABLE_READ_ROW,   /* cells of one row, by key */
    HDB_TABLE_READ_ALL,   /* rowid (NULL for WITHOUT ROWID) and cells of all rows */
    HDB_TABLE_READ_RANGE, /* rowid and cells of rows from one rowid to another, in their order; the rowid must have a name */
    HDB_TABLE_PUT_ROW,    /* INSERT OR REPLACE: rowid first if it has no column, then cells but generated ones */
    HDB_TABLE_DELETE_ROW, /* by key */
    HDB_TABLE_DELETE_ALL
};

int hdb_table_prepare(sqlite3 *db, const hdb_table *table, enum hdb_table_statement which, sqlite3_stmt **out,
                      hdb_error *error);
/* Binds a key: a rowid, or the encoded key of a WITHOUT ROWID table. false if the encoding is malformed. */
bool hdb_table_bind_key(sqlite3_stmt *statement, const hdb_table *table, int64_t rowid, const char *key, size_t size);
/* Binds and steps PUT_ROW. */
int hdb_table_put_row(sqlite3 *db, sqlite3_stmt *statement, const hdb_table *table, int64_t rowid, const hdb_value *cells,
                      hdb_error *error);

#endif
