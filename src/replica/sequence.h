/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_sequence while rows of our own making go into AUTOINCREMENT tables: SQLite counts those, too, where the
 * application may have got them there in another way (UPDATE of a rowid). */
#ifndef HDB_SEQUENCE_H
#define HDB_SEQUENCE_H

#include "buffer.h"
#include "error.h"
#include <sqlite3.h>

/* Copies all of it; `kept` stays empty if there is no such table. */
int hdb_sequence_keep(sqlite3 *db, hdb_buffer *kept, hdb_error *error);
/* Makes it what it was then, if anything was kept. */
int hdb_sequence_restore(sqlite3 *db, const hdb_buffer *kept, hdb_error *error);

#endif
