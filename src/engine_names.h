/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement in the engine's language may name of our tables, and how. */
#ifndef HDB_ENGINE_NAMES_H
#define HDB_ENGINE_NAMES_H

#include "buffer.h"
#include "error.h"
#include "record/table.h"

/* Copies a statement, with the names of tables and columns as the engine has them: it folds what is not quoted to lower
 * case, and has names of its own for some.
 * HDB_NOTSUPPORTED: a column is named that holds values of any class, which the engine keeps encoded: what it would make
 * of them would be wrong. */
int hdb_engine_names(const hdb_schema *schema, const char *sql, hdb_buffer *out, hdb_error *error);
/* The same for the columns of an answer that are not decoded (`SELECT *` over a join). */
int hdb_engine_column_names(const hdb_schema *schema, const char *sql, const char *column, hdb_error *error);
/* Whether a statement names a table. */
bool hdb_engine_names_table(const hdb_table *table, const char *sql);

#endif
