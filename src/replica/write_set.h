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

/* Writes the entry of the transaction that is about to commit. An empty one has no bytes. */
int hdb_write_set_encode(hdb_replica *replica, hdb_sequences *sequences, hdb_buffer *entry, hdb_error *error);
/* Writes what it changed in tables of other clients, which is no part of that. */
int hdb_write_set_foreign(hdb_replica *replica, hdb_buffer *entry, hdb_error *error);
/* Writes a table with all its rows. */
int hdb_write_set_whole(sqlite3 *db, const hdb_table *table, hdb_buffer *entry, hdb_error *error);

#endif
