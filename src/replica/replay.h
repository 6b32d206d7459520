/* SPDX-License-Identifier: Apache-2.0 */
/* Brings a SQLite file to what the record holds: one log entry replayed into it, or all of it made anew. Triggers,
 * foreign keys and checks are off meanwhile: images are final. */
#ifndef HDB_REPLAY_H
#define HDB_REPLAY_H

#include "error.h"
#include "link/link.h"
#include "record/foreign_tables.h"
#include "record/table.h"
#include <sqlite3.h>

/* Opens a database of our own on a file, with everything off that would get in the way. */
int hdb_steward_open(const char *path, int timeout_ms, sqlite3 **out, hdb_error *error);

/* Replays an entry inside the transaction that is open. Replaying one that the file already holds changes nothing. */
int hdb_replay_entry(sqlite3 *db, const char *data, size_t size, hdb_error *error);

/* Makes a schema: tables, then what stands on them, in the order in which the application made them. */
int hdb_replay_schema(sqlite3 *db, const hdb_schema *target, hdb_error *error);

/* Told now and then while rows come in: how many so far. */
typedef void (*hdb_progress)(void *context, int64_t rows);

/* Fills an empty database from the engine's tables, in one transaction. The log must have been applied. */
int hdb_rebuild(sqlite3 *db, hdb_link *link, hdb_progress progress, void *context, hdb_error *error);

/* Copies all rows of one table from the engine, into the empty or outdated one here; in the transaction that is open. */
int hdb_fill_from_link(sqlite3 *db, hdb_link *link, const hdb_table *table, hdb_error *error);

/* The same for a table that another client of a server made. */
int hdb_fill_foreign(sqlite3 *db, hdb_link *link, const hdb_table *table, const hdb_foreign_table *foreign, hdb_error *error);

#endif
