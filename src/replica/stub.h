/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and collations that the schema names and nobody has registered, on connections of our own: rows have to be
 * moved all the same. A stub function gives NULL, a stub collation compares bytes: no row is refused by them. Indexes
 * that were written with them are in another order than the application's: they have to be built again before they are
 * used, see hdb_stubs_reindex(). */
#ifndef HDB_STUB_H
#define HDB_STUB_H

#include "buffer.h"
#include "error.h"
#include "record/table.h"
#include <sqlite3.h>
#include <stdbool.h>

/* What was made on a connection: names, each ended by NUL. */
typedef struct hdb_stubs {
    sqlite3 *db;
    hdb_buffer functions, collations;
} hdb_stubs;

/* Makes a function for each name that an item of a schema calls and that the connection does not have; collations are
 * made as they are met. */
int hdb_stubs_make(hdb_stubs *stubs, sqlite3 *db, const hdb_schema *schema, hdb_error *error);
/* Takes them away again. */
void hdb_stubs_remove(hdb_stubs *stubs);
/* The same for a connection that keeps them. */
int hdb_stubs_keep(sqlite3 *db, const hdb_schema *schema, hdb_error *error);
/* Reads the next name, quoted or not, or single character, to `word`; gives what comes after it. */
const char *hdb_stubs_read_word(const char *at, hdb_buffer *word);
/* The first table or index of a schema that needs a function or collation which SQLite does not have itself, or
 * NULL. */
const char *hdb_stubs_needed(const hdb_schema *schema);
/* HDB_NOTSUPPORTED for a table that can't be made again without its functions: one with STORED columns, or an index
 * over generated ones, whose values they give, or a WITHOUT ROWID one, whose order they give. */
int hdb_stubs_check(sqlite3 *db, const hdb_schema *schema, const hdb_table *table, hdb_error *error);
/* Builds every index of a database again that can be. `left`: some could not, for want of a function or collation. */
int hdb_stubs_reindex(sqlite3 *db, const char *database, bool *left, hdb_error *error);

#endif
