/* SPDX-License-Identifier: Apache-2.0 */
/* A SELECT of all rows in the direct lane. They are read at once and kept, up to a bound, so that the link is free; SQLite has
 * nothing to do with them.
 *
 * SQLite's own SELECT would see what its connection does meanwhile, and keep its snapshot. So before the connection does
 * anything else while such a SELECT has rows to give, it is settled: the rows come to SQLite after all, which goes on where the
 * application is. */
#ifndef HDB_SCAN_LANE_H
#define HDB_SCAN_LANE_H

#include "statement.h"

#include "direct/translate.h"

/* Whether SQLite reads the table by its rowids for this text, and not an index in its place. */
bool hdb_scan_is_by_rowid(hdb_stmt *stmt);
/* Reads the rows and puts the first one into the carrier: HDB_ROW, HDB_DONE, an error or HDB_DIRECT_UNFIT. HDB_TOOBIG: there are
 * too many of them, and that is so for the connection until the schema changes. */
int hdb_scan_run(hdb_stmt *stmt, const hdb_plan *plan);
/* Puts the next row into the carrier: HDB_ROW or HDB_DONE. */
int hdb_scan_step(hdb_stmt *stmt);
/* Whether the rows that are left come from SQLite. */
bool hdb_scan_is_settled(const hdb_stmt *stmt);
/* Appends the row that it is on and those after it to a block, as hdb_stmt_fetch_rows(). */
int hdb_scan_fetch(hdb_stmt *stmt, int64_t limit, hdb_block *block);
/* Lets the rows go. */
void hdb_scan_end(hdb_stmt *stmt);
/* Settles those of a connection, which is about to do something else. HDB_BUSY (BUSY SNAPSHOT) if that is to write, and somebody
 * else has committed since the rows were read. */
int hdb_scan_settle_all(hdb_conn *conn, bool writes);

#endif
