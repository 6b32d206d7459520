/* SPDX-License-Identifier: Apache-2.0 */
/* Between SQLite's values and ours. */
#ifndef HDB_SQLITE_VALUE_H
#define HDB_SQLITE_VALUE_H

#include "value.h"
#include <sqlite3.h>

/* Borrows from `value` as long as SQLite keeps it. */
hdb_value hdb_value_of_sqlite(sqlite3_value *value);
/* Borrows a column of the current row until the next step. */
hdb_value hdb_value_of_column(sqlite3_stmt *statement, int column);
/* The same, but with nothing behind a text: for an ending NUL SQLite would copy it. */
hdb_value hdb_value_of_column_unended(sqlite3_stmt *statement, int column);
/* Binds without copying: the value must live until the statement is reset. */
int hdb_value_bind(sqlite3_stmt *statement, int index, const hdb_value *value);
/* Binds a copy: the value may go at once. */
int hdb_value_bind_copy(sqlite3_stmt *statement, int index, const hdb_value *value);

#endif
