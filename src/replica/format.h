/* SPDX-License-Identifier: Apache-2.0 */
/* What a database file is fixed to once it has content: page size, auto_vacuum, encoding. */
#ifndef HDB_FORMAT_OF_FILE_H
#define HDB_FORMAT_OF_FILE_H

#include "error.h"
#include "replica/replica.h"

/* Reads it, packed into a number that is not 0. */
int hdb_format_read(sqlite3 *db, const char *database, int64_t *out, hdb_error *error);
/* Asks SQLite to give it to the main database, which must still be empty. */
int hdb_format_apply(sqlite3 *db, int64_t format, hdb_error *error);

/* Sets WAL mode. Where two set the mode of a file at once, SQLite tells one of them at once that it is locked: it is tried
 * again for as long as the connection waits for locks. */
int hdb_format_set_wal(sqlite3 *db, const char *database, hdb_error *error);

/* A new file stays without a page until something is written, so that PRAGMA page_size, auto_vacuum and encoding have
 * their effect: then its first page is written, and WAL mode set. Outside transactions only. */
int hdb_replica_begin_file(hdb_replica *kept, hdb_error *error);

#endif
