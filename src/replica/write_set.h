/* SPDX-License-Identifier: Apache-2.0 */
/* The write set as a log entry: the final image of every key that was touched, read from the replica at COMMIT. */
#ifndef HDB_WRITE_SET_H
#define HDB_WRITE_SET_H

#include "buffer.h"
#include "replica/replica.h"

/* The rows of sqlite_sequence as last pushed: SQLite changes them where no hook sees it. */
typedef struct hdb_sequences {
    struct hdb_sequence {
        int64_t rowid;
        hdb_buffer encoded; /* its cells */
    } *rows;
    int count;
} hdb_sequences;
void hdb_sequences_clear(hdb_sequences *sequences);

/* Writes the entry of the transaction that is about to commit, or the rest of it. An empty one has no bytes. */
int hdb_write_set_encode(hdb_replica *replica, hdb_sequences *sequences, hdb_buffer *entry, hdb_error *error);
/* Writes rows of a transaction that goes on: those of tables with many (hdb_capture_has_many()), as they are now. The rest of
 * the entry may say of such a row again how it is. */
int hdb_write_set_ahead(hdb_replica *replica, hdb_buffer *entry, hdb_error *error);
/* Whether the entry begins with the schema, so that nothing can stand before it. */
bool hdb_write_set_has_schema(const hdb_replica *replica);
/* Writes what it changed in tables of other clients, which is no part of that. */
int hdb_write_set_foreign(hdb_replica *replica, hdb_buffer *entry, hdb_error *error);
/* Writes a table with all its rows. */
int hdb_write_set_whole(sqlite3 *db, const hdb_table *table, hdb_buffer *entry, hdb_error *error);

#endif
