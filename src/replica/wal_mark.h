/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whether anybody has committed to a file, by the header of its WAL index. */
#ifndef HDB_WAL_MARK_H
#define HDB_WAL_MARK_H

#include "record/state.h"
#include <sqlite3.h>

/* Reads the mark of a database of the connection; false if its file is not in WAL mode or was not read yet by this connection. */
bool hdb_wal_mark_read(sqlite3 *db, const char *database, hdb_wal_mark *out);
/* Whether nothing was committed between two marks. A WAL that was only started anew is the same. */
bool hdb_wal_mark_same(const hdb_wal_mark *before, const hdb_wal_mark *now);

#endif
