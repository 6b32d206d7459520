/* SPDX-License-Identifier: Apache-2.0 */
/* One embedded database as this process has it open: its record, and a SQLite connection of our own to its file, the
 * steward, for replaying, comparing and checkpoints. Shared by the process's connections.
 *
 * Opening brings file and engine together. What is there decides:
 *   neither                 a new database; the engine starts in the background
 *   file, no engine data    the file is taken in
 *   engine data, no file    the file is rebuilt
 *   both, left in order     nothing to do, unless the file has changed since: then its rows are pushed, unless it is an
 *                           older copy: then it is put aside and rebuilt
 *   both, not in order      the log is replayed into the file; what else differs is pushed. A file that is not the one
 *                           which was there before, or an older copy, is put aside and rebuilt */
#ifndef HDB_DATABASE_H
#define HDB_DATABASE_H

#include "buffer.h"
#include "config.h"
#include "error.h"
#include "record/record.h"
#include <sqlite3.h>

typedef struct hdb_database hdb_database;

/* Opens the database at an absolute path, or shares it. NULL: a private engine in memory. */
int hdb_database_open(const hdb_settings *settings, const char *path, hdb_database **out, hdb_error *error);
/* Gives it back. The last one of all processes waits until the engine's tables hold everything, and leaves it clean. */
int hdb_database_close(hdb_database *database, hdb_error *error);
/* In a forked child. */
void hdb_database_abandon(hdb_database *database);

/* Whether the file has no page yet. */
bool hdb_database_is_blank(hdb_database *database);
/* Writes it, in the format that SQLite has by default; nothing to do if it is there. */
int hdb_database_begin_file(hdb_database *database, hdb_error *error);
/* Notes that the file has got its first page. */
void hdb_database_note_mark(hdb_database *database);

hdb_record *hdb_database_record(hdb_database *database);
/* NULL in memory. */
sqlite3 *hdb_database_steward(hdb_database *database);

/* If somebody died between a push and the replica's COMMIT, replays what he pushed. Takes SQLite's write lock. Who is alive
 * and between the two is waited for, or left alone. */
int hdb_database_finish_inflight(hdb_database *database, bool waits, hdb_error *error);
/* Whether indexes were written without the application's functions and collations (replica/stub.h), and builds them again on
 * a connection that may have them now. */
bool hdb_database_needs_reindex(const hdb_database *database);
int hdb_database_reindex(hdb_database *database, sqlite3 *db, const char *name, hdb_error *error);
/* Compares `file` with the record. NULL `file`: the steward. */
int hdb_database_verify(hdb_database *database, sqlite3 *file, int64_t *differences, hdb_buffer *report, hdb_error *error);
/* Makes file and record hold what another database does, `name` of `from`: see hdb_embedded_store_receive(). */
int hdb_database_receive(hdb_database *database, sqlite3 *from, const char *name, bool durable, int (*copy)(void *context),
                         void *context, hdb_error *error);
/* Pushes what the file holds and the record does not, with a notice. */
int hdb_database_push_foreign(hdb_database *database, hdb_error *error);

#endif
