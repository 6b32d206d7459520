/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tables that another client made, on their way from the server and back: see foreign_tables.h. */
#ifndef HDB_FOREIGN_ROWS_H
#define HDB_FOREIGN_ROWS_H

#include "record/foreign_tables.h"

/* SELECT of all rows, columns in the table's order. Read it with HDB_ROWS_NATIVE. */
void hdb_foreign_select(hdb_buffer *sql, const hdb_foreign_table *table);
/* The server's value of a column as SQLite has it. What has no exact form there is text; `text` is where it is put. */
hdb_value hdb_foreign_value(const hdb_foreign_column *column, const hdb_value *in, char text[64]);

/* Writes the rows of an entry (record/entry.h), each by its key, one after the other. The caller has a transaction open, or
 * there is but one. */
int hdb_foreign_write(hdb_link *link, const hdb_foreign_tables *tables, const char *data, size_t size, hdb_error *error);
/* How many rows an entry has, counting no further than 2. */
int hdb_foreign_count(const char *data, size_t size);

#endif
