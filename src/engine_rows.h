/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that the engine computes, as a table SQLite reads: `hdb_engine_rows(c0, c1, ...)`. They are asked for when SQLite
 * begins to read, that is when the transaction has the write lock. */
#ifndef HDB_ENGINE_ROWS_H
#define HDB_ENGINE_ROWS_H

#include "connection.h"

#define HDB_ENGINE_ROWS "hdb_engine_rows"
enum { HDB_ENGINE_ROWS_WIDTH = 200 };

/* Makes the table known to the connection, if it is not yet. */
int hdb_engine_rows_enable(hdb_conn *conn);

#endif
