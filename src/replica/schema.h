/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the schema of a SQLite database as the record needs it. */
#ifndef HDB_REPLICA_SCHEMA_H
#define HDB_REPLICA_SCHEMA_H

#include "error.h"
#include "record/table.h"
#include <sqlite3.h>

/* Reads the schema of a database: "main", or a name by which one is attached. */
int hdb_schema_read(sqlite3 *db, const char *database, hdb_schema **out, hdb_error *error);
/* Copies SQLite's last error; gives its primary code. */
int hdb_sqlite_error(sqlite3 *db, hdb_error *error);
/* The name under which a table's rowid can be read: an alias column, or rowid, _rowid_ or oid. NULL: WITHOUT ROWID, or columns have
 * all of these names: then the rows are numbered in their order, and pushed as a whole. */
const char *hdb_table_rowid_name(const hdb_table *table);

#endif
